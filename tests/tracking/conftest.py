"""An empty store for each test; and trial folders as a worker leaves them."""

import math

import pandas as pd
import pytest
from harness import give_store
from records import AUDIT, result_of

from bloodstudy import files, tracking
from bloodstudy.tracking import call_queue, record

TAGS = {"trial_key": "k1", "study": "scratch", "arm": "lr=0.1", "seed": "0", "outcome": "running"}
DATA = {"name": "kaggle", "task": "subtype", "view": "field", "split": "random", "split_seed": 0, "test_share": 0.2,
        "fingerprint": "f" * 16, "classes": ["A", "B"],
        "counts": {"train": {"A": 8, "B": 8}, "test": {"A": 2, "B": 2}}}  # fmt: skip
PARAMS = {"lr": 0.1, "model": "reference"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with an empty store, which is not opened yet."""
    give_store(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(call_queue, "_queues", {})
    return tmp_path


@pytest.fixture
def store(folder):
    return tracking.open_store("scratch")


@pytest.fixture
def scratch(folder):
    """The run folder of plain sweeps."""
    return folder / "runs" / "scratch"


@pytest.fixture
def pooling(folder):
    """The run folder of a study that is planned."""
    study_folder = files.make_folder(folder / "runs" / "pooling")
    files.write_text(study_folder / "plan.yaml", "study: pooling\n")
    return study_folder


def tags_of(folder):
    return TAGS | {"trial_key": folder.name}


@pytest.fixture
def open_run():
    """Open the run of a trial as the command does; return its id."""
    return lambda store, folder: record.open_run(store, files.make_folder(folder), tags_of(folder), PARAMS)


@pytest.fixture
def start():
    """Begin to record a trial as the command does."""

    def start(folder):
        recording = tracking.Recorder("scratch", folder)
        recording.start(tags_of(folder), PARAMS)
        return recording

    return start


@pytest.fixture
def settled():
    """Wait until all calls for a study are made."""
    return lambda study: call_queue.queue_of(study).put(lambda store: None).wait(30)


@pytest.fixture
def runs():
    """All runs of a store that are not deleted."""
    return lambda store: store.client.search_runs([store.experiment_id])


@pytest.fixture
def publish():
    """Write the files of a finished trial and return the rows of its history."""

    def write(folder, outcome="finished"):
        files.make_folder(folder)
        history = pd.DataFrame({"epoch": [1, 2], "fit_loss": [1.0, math.inf], "fit_accuracy": [0.3, 0.4],
                                "epoch_seconds": [1.0, 1.0], "images_per_second": [10.0, 10.0]})  # fmt: skip
        files.write_text(folder / "history.csv", history.to_csv(index=False))
        responses = {"train_accuracy": 0.9, "test_accuracy": 0.7, "accuracy_gap": 0.2} if outcome == "finished" else {}
        cost = {"peak_memory_mb": 1.0, "wall_seconds": 30.0, "attempts": 1}
        identity = {"key": folder.name, "study": "scratch", "arm": TAGS["arm"]}
        result_of(identity | {
            "outcome": outcome, "factors": {"lr": 0.1, "precision": "float32", "seed": 0}, "responses": responses,
            "cost": cost, "tags": tags_of(folder) | {"outcome": outcome}, "params": PARAMS, "data": DATA,
            "audit": AUDIT,
        }).write(folder)  # fmt: skip
        return history.to_dict("records")

    return write
