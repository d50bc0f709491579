"""A real `mlflow server` on loopback, to be killed and started again at the same address, and what it owes a sweep.

In: a folder and a database. Out: its address, and the runs that it has.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from harness import free_ports, results, wait_for

from bloodstudy import files


def free_port() -> int:
    """Return a port on which nobody listens."""
    return free_ports()[0]


class Server:
    """The server over a database: an SQLite file in `folder` unless another one is named."""

    def __init__(self, folder: Path, database: str | None = None) -> None:
        self.folder, self.port = files.make_folder(folder), free_port()
        self.database, self.uri = database or f"sqlite:///{folder}/server.db", f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        stores = ["--backend-store-uri", self.database, "--artifacts-destination", str(self.folder / "artifacts")]
        place = ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        log = self.folder / "server.log"
        with log.open("a") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", "server", *stores, *place],
                stdout=said, stderr=said, start_new_session=True, cwd=self.folder, env=os.environ | quiet, text=True,
            )  # fmt: skip
        wait_for(self.answers, 180, self.process, lambda: log.read_text()[-3000:])

    def answers(self) -> bool:
        """Tell whether it is up."""
        try:
            return urllib.request.urlopen(f"{self.uri}/health", timeout=5).status == 200
        except OSError:
            return False

    def kill(self) -> None:
        """Kill it with all its workers."""
        os.killpg(self.process.pid, signal.SIGKILL)
        assert self.process.wait(30) == -signal.SIGKILL

    @property
    def client(self) -> Any:
        """The client of MLflow at its address."""
        from mlflow import MlflowClient

        return MlflowClient(self.uri)

    def runs(self, study: str = "scratch") -> list[Any]:
        """Return the runs of a study that are not deleted, without those of sweeps without a name."""
        experiment = self.client.get_experiment_by_name(study)
        runs = self.client.search_runs([experiment.experiment_id]) if experiment else []
        return [run for run in runs if "bloodstudy.sweep" not in run.data.tags]

    def forget(self) -> None:
        """Delete the runs, since tests share a server and their trials have the same keys."""
        for run in self.runs():
            self.client.delete_run(run.info.run_id)

    def assert_logged_once(self, folder: Path, study: str = "scratch") -> None:
        """Fail unless it has each trial of the folder once, whole, and nothing is RUNNING."""
        trials = {result["key"]: result for result in results(folder, study)}
        runs = [run for run in self.runs(study) if "trial_key" in run.data.tags]
        assert sorted(run.data.tags["trial_key"] for run in runs) == sorted(trials)
        assert {run.info.status for run in self.runs(study)} == {"FINISHED"}
        for run in runs:
            result = trials[run.data.tags["trial_key"]]
            logged = files.read_json(folder / "runs" / study / result["key"] / "logged.json")
            assert logged["run_id"] == run.info.run_id
            assert run.data.metrics["accuracy_gap"] == pytest.approx(result["responses"]["accuracy_gap"])
            for metric in ("fit/loss", "fit/accuracy"):
                points = self.client.get_metric_history(run.info.run_id, metric)
                epochs = list(range(1, result["epochs_done"] + 1))
                assert [point.step for point in points] == epochs, "no epoch is lost or doubled"
            names = {artifact.path for artifact in self.client.list_artifacts(run.info.run_id)}
            assert names == {"config.yaml", "history.csv", "predictions.parquet", "confusion_matrix.svg"}


def wait_for_run(folder: Path, process: subprocess.Popen[str], study: str = "scratch") -> None:
    """Wait until the store has answered for a trial that is still being trained."""
    notes = lambda: [files.read_json(file) or {} for file in folder.glob(f"runs/{study}/*/run.json")]  # noqa: E731
    said = (folder / "said.txt").read_text
    wait_for(lambda: any(note.get("run_id") for note in notes()), 150, process, said)
    assert results(folder, study) == [], "the trial is over before the fault"
