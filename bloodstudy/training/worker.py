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
import traceback
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection

from bloodstudy.errors import MachineError
from bloodstudy.study.outcome import Outcome
from bloodstudy.training.assignment import Assignment, MetricAssignment
from bloodstudy.training.environment import remove_options
from bloodstudy.training.events import Ended, Last, MachineFault, MetricBegun, MetricEnded, Warned, WorkerEvent
from bloodstudy.training.stderr_tail import StderrTail

# Memory in pages of 2 MiB where Linux gives them on request, elsewhere without effect: feature maps are 60 MB and more,
# and to look up small pages takes time. It must stand in the environment before the process begins.
THREADS = 1  # of a training, always: its numbers are the same under every launcher and on any number of cores
LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


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

    def __init__(self, threads: int = THREADS, engine: str = "tensorflow") -> None:
        self.engine = engine
        if multiprocessing.get_start_method(allow_none=True) == "loky":
            # joblib's processes hand this default on to their children, which do not know it and die.
            multiprocessing.set_start_method("spawn", force=True)
        for name, value in LARGE_PAGES.items():
            os.environ.setdefault(name, value)
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        ours, errors = context.Pipe(duplex=False)
        # A daemon, since a launcher's process ends without atexit and would wait for its children for ever.
        self._process = context.Process(target=_serve, args=(theirs, errors, threads, engine), daemon=True)
        self._process.start()
        theirs.close()
        errors.close()
        self._stderr = StderrTail(ours)
        self.trials = 0  # begun

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def train(self, assignment: Assignment) -> Iterator[WorkerEvent]:
        """Yield the events of one trial, up to `Ended` or `Timed`; raises WorkerDiedError and MachineError."""
        self.trials += 1
        # Whole paths: the worker may have begun in another folder than the one that this process is in now.
        places = {"folder": assignment.folder.absolute(), "images": assignment.images.absolute()}
        yield from self._carry_out(replace(assignment, **places))

    def compute(self, metric: MetricAssignment, longest_s: float) -> MetricEnded:
        """Return the number of a metric, or what is wrong with it; raises WorkerDiedError and MachineError.

        The worker is killed if the metric takes longer than `longest_s`.
        """
        watch, begun = threading.Timer(longest_s, self.kill), math.inf
        try:
            for event in self._carry_out(metric):
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

    def _carry_out(self, assignment: Assignment | MetricAssignment) -> Iterator[WorkerEvent]:
        self._stderr.forget()
        try:
            self._pipe.send(assignment)
            while True:
                event: WorkerEvent = self._pipe.recv()
                if isinstance(event, MachineFault):
                    raise MachineError(event.reason)
                yield event
                if isinstance(event, Last):
                    return
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


def _serve(pipe: Connection, errors: Connection, threads: int, engine: str) -> None:
    os.dup2(errors.fileno(), 2)
    errors.close()
    _heed_the_parent_alone()
    if options := remove_options(os.environ, engine):
        names = ", ".join(options)
        pipe.send(Warned(f"warning: training does without the environment's {names}, which would change its numbers"))
    try:
        from bloodstudy.training.metric import compute
        from bloodstudy.training.trial import set_up, train_trial

        set_up(threads, engine)
        failure = None
    except Exception as error:  # told with the first trial, since nobody listens before
        failure = error
    while True:
        try:
            assignment = pipe.recv()
        except EOFError:
            return
        try:
            if failure is not None:
                raise failure
            if isinstance(assignment, MetricAssignment):
                last = compute(assignment, pipe.send)
            else:
                last = train_trial(assignment, pipe.send, threads)
        except (BrokenPipeError, ConnectionResetError):
            return
        except MachineError as error:  # a full disk, say: no fault of the trial
            last = MachineFault(str(error))
        except Exception as error:
            last = Ended(_outcome(error), _reason(error), traceback.format_exc())
        pipe.send(last)


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


def _outcome(error: Exception) -> Outcome:
    exhausted = isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
    exhausted = exhausted or "RESOURCE_EXHAUSTED" in str(error)  # JAX has one type of error for all
    return Outcome.OUT_OF_MEMORY if exhausted else Outcome.FAILED


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines.sort(key=lambda line: not line.startswith("OOM"))  # TensorFlow says which tensor below two lines of its own
    return f"{type(error).__name__}: {lines[0][:700] if lines else 'no message'}"
