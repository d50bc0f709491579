"""What one process keeps from one job to the next: the worker that trains, its cores, and what has gone wrong so far.

In: the jobs that a launcher gives to this process, one or many. Out: a worker that is ready to train, and the fault
that ends the sweep.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from bloodstudy.cli import terminal
from bloodstudy.cli.command import terminate
from bloodstudy.errors import BloodstudyError, MachineError
from bloodstudy.execution import cpu_affinity
from bloodstudy.study.outcome import DEATHS, Outcome
from bloodstudy.study.result import Result
from bloodstudy.training import Worker
from bloodstudy.training.precision import BACKENDS

# TensorFlow keeps some MB of every model that it ever traced, so a worker is renewed; its successor imports Keras
# while it trains its last trial, and nobody waits.
JOBS_A_WORKER = 50
WATCH_EVERY_S = 0.5
GRACE_S = 10.0  # to close what is open
MAX_DEATHS_IN_A_ROW = 3  # that many stop a sweep


class JobProcess:
    """The state of one process that runs jobs."""

    def __init__(self) -> None:
        self._worker: Worker | None = None  # importing Keras costs seconds, so it serves many trials
        self._successor: Worker | None = None
        self._watches = False  # whether it ends with its parent
        self._cores: ExitStack | None = None  # the locks of this process's cores, until it ends
        self.begin_command(shows_bars=False)

    def begin_command(self, shows_bars: bool = True) -> None:
        """Forget what an earlier command of this process ended with; show bars, as jobs in other processes do not."""
        self.fault: BloodstudyError | None = None  # of the machine: the rest of the sweep is not tried
        self._deaths = 0  # in a row
        self._trouble_said = False  # of the tracking store: once is enough
        self._shows_bars = shows_bars

    def end_with_parent(self) -> None:
        """From now on, end this process once the one that started it is gone; the command's own process is left alone.

        A command that was killed leaves the processes of its launcher behind: they would go on, hold their locks, and
        the same command would find its trials in progress elsewhere.
        """
        if not self._shows_bars and not self._watches:
            self._watches = True
            if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:  # submitit and Ray answer it in their own way
                signal.signal(signal.SIGTERM, terminate)
            elif "SUBMITIT_EXECUTOR" in os.environ:
                # submitit's way is to go on. The command by which it queues a job again has to go on, too: Slurm sends
                # SIGTERM to the job while that command still waits, and only what is ignored is handed down to it.
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            threading.Thread(target=_end_after, args=(os.getppid(),), name="parent", daemon=True).start()

    def take_worker(self, engine: str = "tensorflow", uses: Collection[str] = ()) -> Worker:
        """Return the training process of this process for `engine`, started or renewed if need be.

        `uses` are the digests of the extensions that the trial uses. A process that has imported others trains it not,
        nor one that an extension has changed: what that left behind would be in this trial, and not if trained alone.
        """
        backend, now = BACKENDS[engine], self._worker
        if now is not None:
            strange = now.altered or not now.imported <= {*uses}
            if strange or now.jobs >= JOBS_A_WORKER or now.backend != backend:
                now.close()
        if self._worker is None or not self._worker.alive:
            ready = self._successor
            fits = ready is not None and ready.alive and ready.backend == backend
            if ready is not None and not fits:
                ready.kill()
            self._worker, self._successor = (ready if ready is not None and fits else Worker(backend=backend)), None
        if self._worker.jobs == JOBS_A_WORKER - 1:
            self._successor = Worker(backend=backend)
        return self._worker

    def any_worker(self) -> Worker:
        """Return the training process that is there, for whatever engine; else a new one."""
        now = self._worker
        return now if now is not None and now.alive and not now.altered else self.take_worker()

    def claim_cores(self, runs_dir: Path, trials: int) -> None:
        """Keep this process to its share of the cores, from its first job on; `trials` is how many the command has."""
        if self._cores is None:
            self._cores = cpu_affinity.claim(runs_dir, trials)

    def bar(self, title: str, total: float) -> terminal.Bar:
        """Return the bar of one trial; it shows nothing in a process that is not the command's own."""
        return terminal.Bar(title, total, shown=self._shows_bars)

    def count_deaths(self, results: Sequence[Result]) -> None:
        """Raise MachineError if this was the third job in a row that died: the rest would fare no better."""
        result = results[-1]
        self._deaths = self._deaths + 1 if all(each.outcome in DEATHS for each in results) else 0
        if self._deaths == MAX_DEATHS_IN_A_ROW:
            advice = "Their result.json say more, under reason and traceback"
            if result.outcome == Outcome.OUT_OF_MEMORY:
                advice = "They need more memory: take a smaller batch_size or image_size, or train fewer at once"
            raise MachineError(
                f"{MAX_DEATHS_IN_A_ROW} trials in a row have died, so the sweep stops. The last one: "
                f"{result.outcome}, {result.reason}. {advice}. The same command with retry=failed trains them "
                "again"
            )

    def warn_once(self, trouble: str | None) -> None:
        """Say that the tracking store cannot be used, if there is such trouble and it was not said before."""
        if trouble is not None and not self._trouble_said:
            self._trouble_said = True
            terminal.say(
                f"warning: not in MLflow yet: {trouble}. Training goes on; what is missing there is logged from the "
                "run folder, once, as soon as the store answers"
            )

    def close(self) -> None:
        """End the training processes."""
        if self._worker is not None:
            self._worker.close()
        if self._successor is not None:
            self._successor.kill()


def _end_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_EVERY_S)
    os.kill(os.getpid(), signal.SIGTERM)  # as if told so: the trial's run is closed, its lock given back
    time.sleep(GRACE_S)
    os._exit(128 + signal.SIGTERM)  # whoever waits for the next job from a process that is gone waits for ever


_current = JobProcess()


@atexit.register
def _close_at_the_end() -> None:
    with suppress(ValueError):  # not the main thread, which alone hears signals
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl+C has nothing left to end
    _current.close()


def current() -> JobProcess:
    """Return the one of this process; its workers end with it."""
    return _current
