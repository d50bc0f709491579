import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from bloodstudy.config.schema import Factors
from bloodstudy.errors import MachineError
from bloodstudy.study.code_digest import code_digest
from bloodstudy.training import checkpoint
from bloodstudy.training.assignment import Assignment
from bloodstudy.training.events import EpochTrained, Resumed, Warned
from bloodstudy.training.worker import Worker, WorkerDiedError

FACTORS = replace(Factors(), image_size=(16, 16), epochs=2, batch_size=8, precision="float32", lr=1e-3)


@pytest.fixture(scope="module")
def worker():
    started = Worker(threads=1)
    yield started
    started.close()


@pytest.fixture
def assignment(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "images.npy", rng.integers(0, 256, (40, 16, 16, 1), dtype="uint8"))
    manifest = pd.DataFrame(
        {"image": [f"{i}.jpeg" for i in range(40)], "photograph": "", "scene": "", "label": rng.integers(0, 3, 40),
         "split": ["train"] * 30 + ["test"] * 10}
    )  # fmt: skip
    return Assignment(tmp_path, "reference", FACTORS, ("A", "B", "C"), tmp_path / "images.npy", manifest)


def result_of(worker, assignment):
    checkpoint.clear(assignment.folder)
    return list(worker.train(assignment))[-1]


def test_a_trial_leaves_its_history_and_predictions(worker, assignment):
    events = list(worker.train(assignment))
    result = events[-1]
    assert result.outcome == "finished"
    assert [event.row["epoch"] for event in events if isinstance(event, EpochTrained)] == [1, 2]
    table = pd.read_parquet(assignment.folder / "predictions.parquet")
    assert len(table) == 40
    chosen = table[["p_A", "p_B", "p_C"]].to_numpy().argmax(axis=1)
    right = np.array(["A", "B", "C"])[chosen] == table["label"]
    assert result.responses["test_accuracy"] == pytest.approx(right[table["split"] == "test"].mean())
    assert result.responses["train_accuracy"] == pytest.approx(right[table["split"] == "train"].mean())
    assert list(pd.read_csv(assignment.folder / "history.csv")["epoch"]) == [1, 2]


def test_validation_and_images_left_out_are_not_trained_on(worker, assignment):
    manifest = assignment.manifest.assign(split=["train"] * 20 + ["validation"] * 7 + [""] * 3 + ["test"] * 10)
    manifest["scene"] = [f"s{k // 2}" for k in range(40)]
    manifest.loc[39, "scene"] = "s0"
    divided = replace(assignment, manifest=manifest, clean=True)
    first = result_of(worker, divided)
    assert first.responses["test_images_clean"] == 9
    assert len(pd.read_parquet(assignment.folder / "predictions.parquet")) == 37
    history = pd.read_csv(assignment.folder / "history.csv")
    assert history["validation_accuracy"].iloc[-1] == pytest.approx(first.responses["validation_accuracy"])
    assert history["validation_loss"].iloc[-1] == pytest.approx(first.responses["validation_loss"], rel=1e-4)
    images = np.load(assignment.images)
    images[20:30] = 255 - images[20:30]
    np.save(assignment.folder / "other.npy", images)
    second = result_of(worker, replace(divided, images=assignment.folder / "other.npy"))
    for name in ("train_loss", "test_loss"):
        assert first.responses[name] == second.responses[name]
    assert first.responses["validation_loss"] != second.responses["validation_loss"]


def test_one_worker_trains_many_trials_and_repeats_itself_exactly(worker, assignment):
    first = result_of(worker, assignment)
    other = result_of(worker, replace(assignment, factors=replace(FACTORS, lr=1e-2)))
    again = result_of(worker, assignment)
    assert first.prediction_hash == again.prediction_hash
    assert first.prediction_hash != other.prediction_hash


def test_divergence_is_an_outcome_without_responses(worker, assignment):
    result = result_of(worker, replace(assignment, factors=replace(FACTORS, lr=1e30)))
    assert result.outcome == "diverged"
    assert result.responses == {}


def test_a_trial_that_raises_costs_that_trial_alone(worker, assignment):
    result = result_of(worker, replace(assignment, model="nonsense"))
    assert result.outcome == "failed"
    assert "nonsense" in result.reason
    assert result_of(worker, assignment).outcome == "finished"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_asks_for_large_pages_unless_its_user_has_tuned_the_allocator(worker, monkeypatch):
    def tunables(worker):
        # A started process is a copy of this one, with this one's environment, until it has loaded its own program.
        ours, theirs = Path("/proc/self/cmdline").read_bytes(), Path(f"/proc/{worker.pid}/cmdline")
        deadline = time.monotonic() + 30
        while theirs.read_bytes() in (ours, b"") and time.monotonic() < deadline:
            time.sleep(0.01)
        pairs = Path(f"/proc/{worker.pid}/environ").read_bytes().split(b"\0")
        return dict(pair.split(b"=", 1) for pair in pairs if pair).get(b"GLIBC_TUNABLES")

    assert tunables(worker) == b"glibc.malloc.hugetlb=1"
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.check=0")
    other = Worker(threads=1)
    assert tunables(other) == b"glibc.malloc.check=0"
    other.kill()


def test_a_killed_worker_is_told_by_its_signal(assignment):
    doomed = Worker(threads=1)
    events = doomed.train(replace(assignment, factors=replace(FACTORS, epochs=10_000)))
    next(event for event in events if isinstance(event, EpochTrained))
    os.kill(doomed.pid, signal.SIGKILL)
    with pytest.raises(WorkerDiedError, match="SIGKILL"):
        list(events)
    assert not doomed.alive


def test_what_a_dying_worker_writes_is_handed_on_and_tells_a_lack_of_memory(assignment, monkeypatch, capfd):
    monkeypatch.setenv("PYTHONFAULTHANDLER", "1")
    doomed = Worker(threads=1)
    events = doomed.train(replace(assignment, factors=replace(FACTORS, epochs=10_000)))
    next(event for event in events if isinstance(event, EpochTrained))
    os.kill(doomed.pid, signal.SIGABRT)
    with pytest.raises(WorkerDiedError, match=r"SIGABRT$") as death:
        list(events)
    assert death.value.outcome == "failed"
    assert "Fatal Python error: Aborted" in capfd.readouterr().err
    starved = WorkerDiedError(-signal.SIGABRT, "terminate called ...\n  what():  std::bad_alloc\n")
    assert (starved.outcome, "SIGABRT (out of memory)" in starved.reason) == ("out_of_memory", True)
    assert WorkerDiedError(-signal.SIGKILL).outcome == "out_of_memory"


PARENT = """
import pickle, sys
from bloodstudy.training.events import EpochTrained, Resumed, Warned
from bloodstudy.training.worker import Worker
if __name__ == "__main__":
    worker = Worker(threads=1)
    for event in worker.train(pickle.load(open(sys.argv[1], "rb"))):
        print(worker.pid, type(event).__name__, flush=True)
"""


@pytest.fixture
def training(assignment):
    """Start a process whose worker trains for ever; return the process and the worker."""
    folder = assignment.folder
    (folder / "parent.py").write_text(PARENT)
    (folder / "assignment.pkl").write_bytes(pickle.dumps(replace(assignment, factors=replace(FACTORS, epochs=10**6))))
    words = [sys.executable, "parent.py", "assignment.pkl"]
    parent = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    while not (line := parent.stdout.readline()).endswith("EpochTrained\n"):
        assert line, "the worker trains"
    yield parent, psutil.Process(int(line.split()[0]))
    parent.kill()
    parent.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the worker ends with its next report")
def test_a_worker_dies_with_its_parent(training):
    parent, worker = training
    parent.kill()
    parent.wait()
    until = time.monotonic() + 2
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:  # where nobody reaps an orphan
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_worker_leaves_to_its_parent_what_a_signal_means(training):
    parent, worker = training
    for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
        worker.send_signal(number)
    for _ in range(20):
        assert parent.stdout.readline()
    assert worker.is_running()


def test_a_killed_trial_goes_on_in_a_fresh_worker(worker, assignment):
    longer = replace(assignment, factors=replace(FACTORS, epochs=6, dropout=0.3))
    whole = result_of(worker, longer)
    doomed = Worker(threads=1)
    result_of(doomed, assignment)  # a worker that has trained before names its variables as a fresh one does
    checkpoint.clear(assignment.folder)
    events = doomed.train(longer)
    next(event for event in events if isinstance(event, EpochTrained) and event.row["epoch"] == 3)
    doomed.kill()
    resumed = list(worker.train(longer))
    assert isinstance(resumed[0], Resumed)
    assert resumed[0].epoch >= 3
    assert resumed[-1].resumed_after == resumed[0].epoch
    assert resumed[-1].prediction_hash == whole.prediction_hash
    assert resumed[-1].responses == whole.responses
    assert (whole.code, whole.resumed_after) == (code_digest(), 0)


def test_a_state_for_another_number_of_threads_is_told_and_discarded(worker, assignment):
    other = Worker(threads=2)
    result_of(other, assignment)
    other.close()
    events = list(worker.train(assignment))
    assert isinstance(events[0], Warned)
    assert "threads 2 instead of 1" in events[0].text
    assert events[-1].resumed_after == 0


@pytest.mark.skipif(not hasattr(psutil.Process, "rlimit"), reason="only Linux can limit another process")
def test_a_file_that_cannot_be_written_is_a_fault_of_the_machine(assignment):
    limited = Worker(threads=1)
    psutil.Process(limited.pid).rlimit(psutil.RLIMIT_FSIZE, (1000, 1000))
    with pytest.raises(MachineError, match=r"state-1\.npz.*larger than"):
        list(limited.train(assignment))
    assert not list(assignment.folder.glob("*state-*"))
    assert limited.alive
    limited.close()
