"""What a process keeps from one job to the next."""

import os
import subprocess
import sys

import psutil
import pytest
from harness import wait_for
from records import result_of

from bloodstudy.errors import MachineError
from bloodstudy.execution import job_process
from bloodstudy.execution.job_process import JobProcess


class Worker:
    """Stands for a training process, which takes seconds to start."""

    def __init__(self, backend):
        self.backend, self.jobs, self.alive = backend, 0, True
        self.imported, self.altered = frozenset(), False

    def close(self):
        self.alive = False

    kill = close


@pytest.fixture
def process(monkeypatch):
    monkeypatch.setattr(job_process, "Worker", Worker)
    monkeypatch.setattr(job_process, "JOBS_A_WORKER", 3)
    return JobProcess()


def test_a_worker_serves_many_trials_and_its_successor_starts_while_it_trains_the_last(process):
    workers = []
    for _ in range(7):
        workers.append(process.take_worker())
        workers[-1].jobs += 1
    first, second, third = workers[0], workers[3], workers[6]
    assert workers == [first] * 3 + [second] * 3 + [third]
    assert [worker.alive for worker in (first, second, third)] == [False, False, True]
    process.close()
    assert not third.alive


def test_a_worker_that_died_is_replaced(process):
    first = process.take_worker()
    first.kill()
    assert process.take_worker() is not first


def test_another_backend_has_a_worker_of_its_own(process):
    first = process.take_worker("tensorflow")
    first.jobs = 2  # of three: the next one is begun beside it, for the same backend
    assert process.take_worker("tensorflow") is first
    second = process.take_worker("jax")
    assert (first.alive, second.alive, second.backend) == (False, True, "jax")
    assert process.take_worker("jax") is second


def test_no_trial_is_trained_where_an_extension_was_imported_that_it_does_not_use(process):
    first = process.take_worker(uses=["a"])
    first.jobs, first.imported = 1, frozenset("a")
    assert process.any_worker() is first
    assert process.take_worker(uses=["a", "b"]) is first
    assert process.take_worker(uses=["b"]) is not first
    assert not first.alive


def test_a_worker_that_an_extension_has_changed_does_nothing_more(process):
    first = process.take_worker(uses=["a"])
    first.jobs, first.imported, first.altered = 1, frozenset("a"), True
    assert process.take_worker(uses=["a"]) is not first


def test_three_deaths_in_a_row_stop_the_sweep_and_a_finished_trial_between_them_does_not(process):
    death = result_of({"outcome": "failed", "reason": "it broke"})
    for result in (death, death, result_of({"outcome": "finished"}), death, death):
        process.count_deaths([result])
    with pytest.raises(MachineError, match=r"3 trials in a row have died.* failed, it broke.*under reason"):
        process.count_deaths([death])
    process.begin_command()
    for _ in range(2):
        process.count_deaths([death])
    with pytest.raises(MachineError, match="smaller batch_size"):
        process.count_deaths([result_of({"outcome": "out_of_memory", "reason": "too large"})])


def test_trouble_with_the_store_is_said_once_a_command(process, capsys):
    for trouble in (None, "locked", "locked"):
        process.warn_once(trouble)
    assert capsys.readouterr().out.count("not in MLflow yet: locked") == 1


def test_only_the_process_of_the_command_shows_the_bar_of_a_trial(process, capsys, monkeypatch):
    monkeypatch.setattr("bloodstudy.cli.terminal.PLAIN_EVERY_S", 0.0)
    for said in ("", "trial: 50 %, half\n"):
        with process.bar("trial", 2) as bar:
            bar.update(1, "half")
        assert capsys.readouterr().out == said
        process.begin_command()


LEFT_BEHIND = """
import os, subprocess, sys, time
from bloodstudy.cli.command import Terminated
from bloodstudy.execution.job_process import JobProcess

if sys.argv[1:] == ["parent"]:
    child = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    print(child.stdout.readline().strip(), flush=True)
    time.sleep(100)
JobProcess().end_with_parent()
print(os.getpid(), flush=True)
try:
    time.sleep(100)
except Terminated:
    open("closed", "w").close()
"""


def test_a_job_process_closes_what_is_open_and_ends_once_its_parent_is_killed(tmp_path):
    program = tmp_path / "left_behind.py"
    program.write_text(LEFT_BEHIND)
    with subprocess.Popen(
        [sys.executable, program, "parent"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    wait_for(lambda: (tmp_path / "closed").exists() and not psutil.pid_exists(pid), 30)


QUEUED_AGAIN = """
import signal, subprocess
from bloodstudy.execution.job_process import JobProcess

signal.signal(signal.SIGTERM, lambda number, frame: None)  # as submitit's bypass does
JobProcess().end_with_parent()
signal.raise_signal(signal.SIGTERM)
print(subprocess.run(["sh", "-c", "kill -TERM $$; echo queued"], stdout=subprocess.PIPE, text=True).stdout.strip())
"""


@pytest.mark.parametrize(("executor", "said"), [("slurm", "queued"), (None, "")])
def test_what_queues_a_job_again_outlives_the_signal_with_which_slurm_ends_the_job(executor, said):
    environment = {name: value for name, value in os.environ.items() if name != "SUBMITIT_EXECUTOR"}
    environment |= {"SUBMITIT_EXECUTOR": executor} if executor else {}
    typed = [sys.executable, "-c", QUEUED_AGAIN]
    ended = subprocess.run(typed, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    assert ended.stdout.strip() == said
