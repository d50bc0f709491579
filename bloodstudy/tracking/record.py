"""One trial's run in MLflow: opened before training, one batch of metrics an epoch, completed from the run folder.

The run folder is the truth. Where the store refuses at any moment, training goes on, and `catch_up` logs the finished
trial from its folder with the next command, once.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bloodstudy import files
from bloodstudy.design import DRAWN_BY
from bloodstudy.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

VALIDATION = ("validation_loss", "validation_accuracy")  # where there is a validation split
EPOCH_METRICS = ("fit_loss", "fit_accuracy", "epoch_seconds", "images_per_second", *VALIDATION)
ARTIFACTS = ("config.yaml", "history.csv", "predictions.parquet")
STATUS = {"finished": "FINISHED", "interrupted": "KILLED"}  # any other outcome: FAILED


class Recorder:
    """Logs one trial as it is trained; never raises because of the store."""

    def __init__(self, store: Store | None, folder: Path) -> None:
        self._store, self._folder = store, folder
        self._run_id: str | None = None
        self.trouble: str | None = None

    def start(self, tags: Mapping[str, str], params: Mapping[str, Any]) -> None:
        """Open the run with its tags and parameters; it takes the place of one that an earlier attempt left."""

        def start(store: Store) -> None:
            _drop_earlier(store, self._folder)
            self._run_id = _open_run(store, tags, params)
            files.write_json(self._folder / "run.json", {"tracking_uri": store.uri, "run_id": self._run_id})

        self._try(start)

    def epoch(self, row: Mapping[str, float]) -> None:
        """Log one epoch in one call."""
        self._try(lambda store: _log_epochs(store, self._run_id or "", [row]))

    def end(self) -> None:
        """Complete the run from the folder: outcome, responses, artifacts, data."""

        def end(store: Store) -> None:
            _complete(store, self._run_id or "", self._folder)

        self._try(end)

    def interrupt(self) -> None:
        """Close the run as killed; the trial is not finished."""
        self._try(lambda store: store.client.set_terminated(self._run_id or "", status="KILLED"))

    def _try(self, call: Any) -> None:
        if self._store is None or self.trouble is not None:
            return
        try:
            call(self._store)
        except Exception as error:  # whatever the store raises: the trial counts more than its mirror
            self.trouble = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__


def catch_up(store: Store, study_folder: Path) -> int:
    """Log every finished trial of a study that `store` does not hold yet; return how many there were."""
    logged = 0
    for result_file in sorted(study_folder.glob("*/result.json")):
        folder = result_file.parent
        mark = files.read_json(folder / "logged.json")
        if mark and mark["tracking_uri"] == store.uri:
            continue
        result = files.read_json(result_file)
        _drop_earlier(store, folder)
        run_id = _open_run(store, result["tags"], result["params"])
        if (folder / "history.csv").exists():
            _log_epochs(store, run_id, pd.read_csv(folder / "history.csv").to_dict("records"))
        _complete(store, run_id, folder)
        logged += 1
    return logged


def _drop_earlier(store: Store, folder: Path) -> None:
    # A trial is one run: half of one, or one whose trial is trained again, would be counted twice by who compares runs.
    from mlflow.exceptions import MlflowException

    left = files.read_json(folder / "run.json")
    if left and left["tracking_uri"] == store.uri:
        with contextlib.suppress(MlflowException):  # it may be gone with a store that was removed
            store.client.delete_run(left["run_id"])


def _open_run(store: Store, tags: Mapping[str, str], params: Mapping[str, Any]) -> str:
    from mlflow.entities import Param

    name = f"{tags['arm']}, seed={tags['seed']}"
    run = store.client.create_run(store.experiment_id, tags=dict(tags), run_name=name)
    store.client.log_batch(run.info.run_id, params=[Param(key, str(value)) for key, value in params.items()])
    return run.info.run_id


def _log_epochs(store: Store, run_id: str, rows: list[Any]) -> None:
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    metrics = [
        Metric(name, float(row[name]), now, int(row["epoch"])) for row in rows for name in EPOCH_METRICS if name in row
    ]
    metrics = [metric for metric in metrics if math.isfinite(metric.value)]  # stores keep infinity as 1.797e308
    for start in range(0, len(metrics), 1000):  # the most that one call takes
        store.client.log_batch(run_id, metrics=metrics[start : start + 1000])


def _complete(store: Store, run_id: str, folder: Path) -> None:
    from mlflow.entities import Metric, RunTag

    result = files.read_json(folder / "result.json")
    figures = result.get("responses", {}) | {"peak_memory_mb": result["cost"].get("peak_memory_mb")}
    now = int(time.time() * 1000)
    # What was logged by epoch ends in the same figure: a point at step 0 would stand at the head of its curve.
    figures = {name: value for name, value in figures.items() if value is not None and name not in VALIDATION}
    metrics = [Metric(name, float(value), now, 0) for name, value in figures.items()]
    store.client.log_batch(run_id, metrics=metrics, tags=[RunTag(*tag) for tag in result["tags"].items()])
    for name in ARTIFACTS:
        if (folder / name).exists():
            store.client.log_artifact(run_id, str(folder / name))
    if "data" in result:
        store.client.log_inputs(run_id, datasets=[_describe_data(result)])
    store.client.set_terminated(run_id, status=STATUS.get(result["outcome"], "FAILED"))
    files.write_json(folder / "logged.json", {"tracking_uri": store.uri, "run_id": run_id})


def _describe_data(result: Mapping[str, Any]) -> DatasetInput:
    """Return the images of a trial as MLflow's data set: no path, what the audit found in the profile.

    MLflow keeps one data set for each name and digest of an experiment, so the name says what else decides the counts.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    data = result["data"]
    parts = [f"{key} {data[key]}" for key in DRAWN_BY if data.get(key) is not None]
    name = ", ".join([data["name"], data["task"], data["view"], f"{data['split']} split", *parts])
    profile = {"classes": data["classes"], "counts": data["counts"], "audit": result.get("audit")}
    source = json.dumps({"data": data["name"]})
    described = Dataset(name, data["fingerprint"], "bloodstudy", source, profile=json.dumps(profile))
    return DatasetInput(described, [InputTag("mlflow.data.context", "train and test")])
