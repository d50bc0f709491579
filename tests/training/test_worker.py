import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from harness import wait_for

from bloodstudy.errors import MachineError
from bloodstudy.training import checkpoint
from bloodstudy.training.events import EpochTrained, Resumed, Warned
from bloodstudy.training.worker import Worker, WorkerDiedError


def changed(assignment, **factors):
    return replace(assignment, factors=replace(assignment.factors, **factors))


@pytest.fixture(scope="module")
def worker():
    started = Worker(threads=1)
    yield started
    started.close()


def result_of(worker, assignment):
    checkpoint.clear(assignment.folder)
    return list(worker.train(assignment))[-1]


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
        wait_for(lambda: theirs.read_bytes() not in (ours, b""), 30)
        pairs = Path(f"/proc/{worker.pid}/environ").read_bytes().split(b"\0")
        return dict(pair.split(b"=", 1) for pair in pairs if pair).get(b"GLIBC_TUNABLES")

    assert tunables(worker) == b"glibc.malloc.hugetlb=1"
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.check=0")
    other = Worker(threads=1)
    assert tunables(other) == b"glibc.malloc.check=0"
    other.kill()


@pytest.mark.parametrize(
    ("number", "outcome", "said"),
    [(signal.SIGKILL, "out_of_memory", ""), (signal.SIGABRT, "failed", "Fatal Python error: Aborted")],
)
def test_a_worker_that_dies_is_told_by_its_signal_and_what_it_writes_is_handed_on(
    assignment, monkeypatch, capfd, number, outcome, said
):
    monkeypatch.setenv("PYTHONFAULTHANDLER", "1")
    doomed = Worker(threads=1)
    events = doomed.train(changed(assignment, epochs=10_000))
    next(event for event in events if isinstance(event, EpochTrained))
    os.kill(doomed.pid, number)
    with pytest.raises(WorkerDiedError, match=number.name) as death:
        list(events)
    assert not doomed.alive
    assert death.value.outcome == outcome
    assert said in capfd.readouterr().err


def test_what_a_dying_worker_wrote_tells_a_lack_of_memory():
    assert WorkerDiedError(-signal.SIGABRT).reason.endswith("SIGABRT")
    starved = WorkerDiedError(-signal.SIGABRT, "terminate called ...\n  what():  std::bad_alloc\n")
    assert (starved.outcome, "SIGABRT (out of memory)" in starved.reason) == ("out_of_memory", True)


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
    (folder / "assignment.pkl").write_bytes(pickle.dumps(changed(assignment, epochs=10**6)))
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
    wait_for(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, 2)  # if nobody reaps orphans


def test_a_worker_leaves_to_its_parent_what_a_signal_means(training):
    parent, worker = training
    for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
        worker.send_signal(number)
    for _ in range(20):
        assert parent.stdout.readline()
    assert worker.is_running()


def test_a_killed_trial_goes_on_in_a_fresh_worker(worker, assignment):
    longer = changed(assignment, epochs=6, dropout=0.3)
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


def test_no_option_of_the_environment_and_no_keras_json_changes_a_number(worker, assignment, tmp_path, monkeypatch):
    usual = result_of(worker, assignment)
    (tmp_path / "keras.json").write_text(
        '{"floatx": "float16", "epsilon": 0.1, "backend": "jax", "image_data_format": "channels_first"}'
    )
    options = {"KERAS_MAX_EPOCHS": "1", "KERAS_BACKEND": "torch", "TF_ENABLE_ONEDNN_OPTS": "0"}
    for name, value in {"KERAS_HOME": str(tmp_path), **options}.items():
        monkeypatch.setenv(name, value)
    other = Worker(threads=1)
    checkpoint.clear(assignment.folder)
    events = list(other.train(assignment))
    other.close()
    assert isinstance(events[0], Warned)
    assert f"environment's {', '.join(sorted(options))}" in events[0].text
    assert events[-1].prediction_hash == usual.prediction_hash


def test_a_worker_with_jax_trains_the_same_trial_to_the_same_bits_and_says_with_what(assignment):
    ours = changed(assignment, engine="jax", augment="flip", dropout=0.2, norm="batch", width=0.5)
    worker = Worker(threads=1, backend="jax")
    first, again = (result_of(worker, ours) for _ in range(2))
    other = result_of(worker, changed(ours, seed=5))
    timed = list(worker.train(replace(ours, probe=True)))[-1]
    worker.close()
    assert timed.batch_seconds > 0
    assert first.outcome == "finished", first.reason
    assert first.prediction_hash == again.prediction_hash != other.prediction_hash
    assert first.versions.keys() == {"keras", "jax"}
    assert first.epochs_done == 2
