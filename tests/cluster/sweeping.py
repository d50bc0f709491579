"""A small real sweep, by whatever launcher, and what every launcher owes it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from bloodstudy import files

PACKAGE = Path(__file__).resolve().parent.parent.parent
TINY = ["cache_dir=cache", "data.photographs=2", "data.copies=2", "image_size=[24,32]", "depth=2", "precision=float32"]
BRIEF, LONG = "epochs=2", "epochs=300"
ARMS = "lr=1e-2,1e-3"


def start(folder: Path, *arguments: str, cores: int = 2, **environment: str) -> subprocess.Popen:
    """Start the command in `folder`, on a machine that seems to have so many cores (where a process can be kept)."""
    kept = {name: value for name, value in os.environ.items() if name not in ("MLFLOW_TRACKING_URI", "BLOODSTUDY_DATA")}
    own = sorted(os.sched_getaffinity(0))[:cores] if hasattr(os, "sched_getaffinity") else []
    return subprocess.Popen(
        [sys.executable, "-m", "bloodstudy.run", *arguments],
        cwd=folder, env=kept | {"PYTHONPATH": str(PACKAGE)} | environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=(lambda: os.sched_setaffinity(0, own)) if own else None,  # noqa: PLW1509 (no threads here)
    )  # fmt: skip


def wait_until_training(command: subprocess.Popen, folder: Path, trials: int) -> None:
    """Wait until so many trials have a run in the store and their first epochs behind them."""
    until = time.monotonic() + 150
    while len(list((folder / "runs" / "scratch").glob("*/run.json"))) < trials:
        assert command.poll() is None, command.communicate()
        assert time.monotonic() < until, "no trial was begun"
        time.sleep(0.2)
    time.sleep(2)


def run(folder: Path, *arguments: str, cores: int = 2, **environment: str) -> str:
    """Run the command to its end, which has to be good, and return what it printed."""
    command = start(folder, *arguments, cores=cores, **environment)
    try:
        out, err = command.communicate(timeout=400)
    finally:
        command.kill()
    assert command.returncode == 0, out + err
    return out


def results(folder: Path) -> dict[float, dict]:
    """Return the published results of the study in `folder` by learning rate."""
    found = [files.read_json(path) for path in (folder / "runs" / "scratch").glob("*/result.json")]
    return {result["factors"]["lr"]: result for result in found}


def statuses(folder: Path) -> list[str]:
    """Return the status of each run that the store of `folder` shows."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("scratch")
    return [run.info.status for run in client.search_runs([experiment.experiment_id])] if experiment else []


def check(folder: Path, expected: dict[float, str], *launcher: str, **environment: str) -> None:
    """Sweep with `launcher`, on one core a job: the numbers must be `expected`; the second time nothing is trained."""
    typed = ["-m", ARMS, BRIEF, *TINY, *launcher]
    run(folder, *typed, **environment)
    first = results(folder)
    assert {lr: result["prediction_hash"] for lr, result in first.items()} == expected
    assert {result["cost"]["threads"] for result in first.values()} == {1}
    assert statuses(folder) == ["FINISHED"] * 2
    assert {path.name for path in folder.iterdir()} == {"cache", "runs", "mlflow.db", "mlflow.db.lock", "mlartifacts"}

    before = {path: path.stat().st_mtime_ns for path in (folder / "runs" / "scratch").glob("*/result.json")}
    run(folder, *typed, **environment)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert {result["cost"]["attempts"] for result in results(folder).values()} == {1}
    assert statuses(folder) == ["FINISHED"] * 2
