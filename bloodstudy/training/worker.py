"""The process that trains.

The parent plans and records; a worker imports Keras once and does one assignment after another. It sends events
(`WorkerEvent`) through a pipe and writes the large results beside the trial. If it dies, that trial is lost and the
next one gets a fresh worker.
"""

from __future__ import annotations

import ctypes
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection

from bloodstudy.errors import MachineError
from bloodstudy.study.outcome import Outcome
from bloodstudy.training import shared_code
from bloodstudy.training.assignment import Assignment, MetricAssignment
from bloodstudy.training.environment import remove_options
from bloodstudy.training.events import (
    Altered,
    Last,
    MachineFault,
    MetricBegun,
    MetricEnded,
    Warned,
    WorkerEvent,
    ended_by,
)
from bloodstudy.training.stderr_tail import StderrTail

# Memory in pages of 2 MiB where Linux gives them on request, elsewhere without effect: feature maps are 60 MB and more,
# and to look up small pages takes time. It must stand in the environment before the process begins.
THREADS = 1  # of a training, always: its numbers are the same under every launcher and on any number of cores
LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


Asked = tuple[Sequence[Assignment], int] | MetricAssignment  # what goes through the pipe


class WorkerDiedError(Exception):
    """The worker process ended in the middle of a trial; `outcome` and `reason` say what became of that.

    `said` is the end of what it wrote to standard error: native code that finds no memory writes that and aborts.
    """

    def __init__(self, exit_code: int | None, said: str = "") -> None:
        self.exit_code = exit_code
        starved = any(words in said for words in ("bad_alloc", "Cannot allocate memory"))
        self.outcome = Outcome.OUT_OF_MEMORY if starved or exit_code == -signal.SIGKILL else Outcome.FAILED
        if exit_code is not None and exit_code < 0:
            name = signal.Signals(-exit_code).name
            killed = " (out of memory, or killed by hand)" if name == "SIGKILL" else ""
            self.reason = f"the training process was ended by {name}{' (out of memory)' if starved else killed}"
        else:
            self.reason = f"the training process ended with exit code {exit_code}"
        super().__init__(self.reason)


class Worker:
    """A training process, started at once and reused until it dies or is closed."""

    def __init__(self, threads: int = THREADS, backend: str = "tensorflow") -> None:
        self.backend = backend
        if multiprocessing.get_start_method(allow_none=True) == "loky":
            # joblib's processes hand this default on to their children, which do not know it and die.
            multiprocessing.set_start_method("spawn", force=True)
        for name, value in LARGE_PAGES.items():
            os.environ.setdefault(name, value)
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        ours, errors = context.Pipe(duplex=False)
        # A daemon, since a launcher's process ends without atexit and would wait for its children for ever.
        self._process = context.Process(target=_serve, args=(theirs, errors, threads, backend), daemon=True)
        self._process.start()
        theirs.close()
        errors.close()
        self._stderr = StderrTail(ours)
        self.jobs = 0  # begun
        self.imported: frozenset[str] = frozenset()  # digests of the extensions that it may have imported
        self.altered = False  # whether one of them changed what all networks share

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def train(self, assignment: Assignment) -> Iterator[WorkerEvent]:
        """Yield the events of one trial, up to `Ended` or `Timed`; raises WorkerDiedError and MachineError."""
        return (event for _, event in self.train_all([assignment], 1))

    def train_all(self, assignments: Sequence[Assignment], size: int) -> Iterator[tuple[int, WorkerEvent]]:
        """Yield the events of trials with the place of each, up to the last one's `Ended`; raises as `train` does.

        Several have to be of one shape, with an engine that trains them side by side, in a program for `size` trials.
        """
        self.jobs += 1
        self.imported |= {digest for assignment in assignments for digest in assignment.uses}
        # Whole paths: the worker may have begun in another folder than the one that this process is in now.
        whole = [replace(one, folder=one.folder.absolute(), images=one.images.absolute()) for one in assignments]
        yield from self._carry_out((whole, size), len(whole))

    def compute(self, metric: MetricAssignment, longest_s: float) -> MetricEnded:
        """Return the number of a metric, or what is wrong with it; raises WorkerDiedError and MachineError.

        The worker is killed if the metric takes longer than `longest_s`.
        """
        self.imported |= {metric.extension}
        watch, begun = threading.Timer(longest_s, self.kill), math.inf
        try:
            for _, event in self._carry_out(metric, 1):
                if isinstance(event, MetricBegun):
                    begun = time.monotonic()
                    watch.start()
                elif isinstance(event, MetricEnded):
                    return event
        except WorkerDiedError:
            if time.monotonic() - begun < longest_s:
                raise
            return MetricEnded(problem=f"took longer than {longest_s:g} s")
        finally:
            watch.cancel()
        raise AssertionError("the worker's events ended without a number")

    def _carry_out(self, asked: Asked, left: int) -> Iterator[tuple[int, WorkerEvent]]:
        self._stderr.forget()
        try:
            self._pipe.send(asked)
            while left:
                place, event = self._pipe.recv()
                if isinstance(event, MachineFault):
                    raise MachineError(event.reason)
                if isinstance(event, Altered):
                    self.altered = True
                    continue
                left -= isinstance(event, Last)
                yield place, event
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            self._process.join(10)
            raise WorkerDiedError(self._process.exitcode, self._stderr.read()) from error

    def close(self, patience_s: float = 5.0) -> None:
        """End the process: at once if it is idle, by force if it does not listen."""
        self._pipe.close()
        self._process.join(patience_s)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def kill(self) -> None:
        """End the process now, in the middle of whatever it does."""
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection, errors: Connection, threads: int, backend: str) -> None:
    os.dup2(errors.fileno(), 2)
    errors.close()
    _heed_the_parent_alone()
    if options := remove_options(os.environ, backend):
        names = ", ".join(options)
        text = f"warning: training does without the environment's {names}, which would change its numbers"
        pipe.send((0, Warned(text)))
    try:
        from bloodstudy.training.metric import compute
        from bloodstudy.training.trial import set_up, train_trials

        set_up(threads, backend)
        failure = None
    except Exception as error:  # told with the first trial, since nobody listens before
        failure = error
    while True:
        try:
            asked: Asked = pipe.recv()
        except EOFError:
            return
        left = {0} if isinstance(asked, MetricAssignment) else set(range(len(asked[0])))
        try:
            if failure is not None:
                raise failure
            if isinstance(asked, MetricAssignment):
                ends = iter([(0, compute(asked, lambda event: pipe.send((0, event))))])
            else:
                ends = train_trials(asked[0], lambda place, event: pipe.send((place, event)), threads, asked[1])
            for place, last in ends:
                _tell_if_altered(pipe)
                pipe.send((place, last))
                left.remove(place)
        except (BrokenPipeError, ConnectionResetError):
            return
        except MachineError as error:  # a full disk, say: no fault of the trial
            pipe.send((0, MachineFault(str(error))))
        except Exception as error:
            _tell_if_altered(pipe)
            for place in sorted(left):
                pipe.send((place, ended_by(error)))


def _tell_if_altered(pipe: Connection) -> None:
    """Say so before the last event, after which nobody listens."""
    if shared_code.has_changed():
        pipe.send((0, Altered()))


def _heed_the_parent_alone() -> None:
    # Ctrl+C reaches the whole group, and Slurm's signals every process of a job: the parent decides what becomes of the
    # trial, the worker must not print over it. submitit goes on after SIGTERM, until the job is killed or queued again.
    for name in ("SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "SUBMITIT_EXECUTOR" in os.environ else signal.SIG_DFL)
    # A parent that was killed has lost its lock on the trial: whoever takes it up must find nobody writing there. Linux
    # ends the worker with the thread that started it; elsewhere it ends when it next reports to the closed pipe.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
