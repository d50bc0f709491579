"""What one command does with the store around its trials: begin and finish the work on a study.

In: the study's run folder. Out: nothing left RUNNING that nobody works on, every finished trial logged once; or, if
the store is away, how many trials it still lacks, and why.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bloodstudy.study.question import SCRATCH
from bloodstudy.tracking import backfill, study
from bloodstudy.tracking.call_queue import queue_of
from bloodstudy.tracking.recorder import INTERRUPTED_PATIENCE_S
from bloodstudy.tracking.store import Store, public_uri
from bloodstudy.tracking.study import Summary, Sweep

PATIENCE_S = 60.0  # at the end, for the next trial to be logged
SILENCE_S = 3.0  # before a person is told what is waited for


@dataclass(frozen=True)
class Ending:
    """The end of a command: trials logged then, trials that the store still lacks, and why."""

    logged: int
    owed: int
    trouble: str | None


def begin(
    study_folder: Path, to_train: int = 0, params: Mapping[str, Any] | None = None, sweep: Sweep | None = None
) -> None:
    """Begin the work of one command on a study, before its first trial; returns at once.

    Closes the runs that killed processes left and, if there is anything `to_train`, opens the study's own run with
    `params`. In `scratch` that is the run of the `sweep`; None: a single trial, which has none.
    """
    queue = queue_of(study_folder.name)
    if backfill.owes(study_folder):
        queue.put(lambda store: backfill.settle(store, study_folder))
    if to_train and study_folder.name == SCRATCH and sweep is None:
        study.leave_sweep(study_folder)
    elif to_train:
        own = sweep if study_folder.name == SCRATCH else None
        queue.put(lambda store: study.open_study(store, study_folder, params, own))


def finish(
    study_folder: Path,
    status: str = "FINISHED",
    waiting: Callable[[], None] | None = None,
    summary: Callable[[], AbstractContextManager[Summary | None]] = nullcontext,
) -> Ending:
    """End the work of one command: log what is owed, close what is open.

    Args:
        status: of the study's own run: FINISHED, FAILED or, if the command was interrupted, KILLED.
        waiting: called when the store takes longer than a few seconds.
        summary: makes what the study's own run is to say of it, if the store answers; None: nothing new.
    """
    queue, logged = queue_of(study_folder.name), []
    patience_s = INTERRUPTED_PATIENCE_S if status == "KILLED" else PATIENCE_S

    def log(store: Store) -> None:
        if status != "KILLED":
            for folder in backfill.log_owed(store, study_folder):
                logged.append(folder)  # one by one: who waits looks on

    def conclude(store: Store, told: Summary | None) -> None:
        if told is not None:
            study.describe_study(store, study_folder, told)
        if not backfill.settle(store, study_folder):
            study.close_study(store, study_folder, status)

    used = queue.is_used or backfill.owes(study_folder)
    if used and _wait(queue.put(log), logged, patience_s, waiting) and queue.trouble is None:
        # The summary is made while the other thread rests: matplotlib looks into modules that MLflow may just import.
        with summary() as told:
            _wait(queue.put(lambda store: conclude(store, told)), logged, patience_s, waiting)
    owed = len(backfill.unlogged(study_folder, public_uri()))
    return Ending(len(logged), owed, queue.trouble if owed else None)


def _wait(done: threading.Event, logged: list[Path], patience_s: float, waiting: Callable[[], None] | None) -> bool:
    """Wait for a call to end; tell whether it has."""
    begun = moved = time.monotonic()
    count = 0
    while not done.wait(0.1):
        now = time.monotonic()
        if len(logged) > count:
            count, moved = len(logged), now
        if waiting is not None and now - begun > SILENCE_S:
            waiting()
            waiting = None
        if now - moved > patience_s:
            return False
    return True
