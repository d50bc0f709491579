"""One trial recorded in the store while it is trained.

Calls go through the queue, none raises because of the store, and the end waits for it a few seconds at most. What could
not be logged is logged from the trial's folder later: once the store answers again, or by the next command.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from bloodstudy.tracking import backfill, machine, record, study
from bloodstudy.tracking.call_queue import Call, queue_of
from bloodstudy.tracking.store import Store

EPOCHS_EVERY_S = 2.0  # epochs are logged together, since each call to a server has its price
OPENING_PATIENCE_S = 20.0  # a new store takes seconds to create, once
PATIENCE_S = 5.0
TROUBLED_PATIENCE_S = 1.0  # if the trial before met trouble
INTERRUPTED_PATIENCE_S = 3.0
LATER_AT_A_TIME = 5  # trials that are owed, between two that are trained


class Recorder:
    """Logs one trial as it is trained; never raises because of the store."""

    def __init__(self, study_name: str | None, folder: Path) -> None:
        """Make the recorder of the trial in `folder`; without a study it records nothing."""
        self._silent, self._queue, self._folder = study_name is None, queue_of(study_name or ""), folder
        self._troubled_before = self._queue.trouble is not None
        self._run_id, self._machine = "", None
        self._rows: list[Mapping[str, Any]] = []
        self._logged: set[int] = set()  # epochs
        self._flushed = time.monotonic()
        self.trouble: str | None = None  # why the trial is not logged (yet)

    def start(self, tags: Mapping[str, str], params: Mapping[str, Any]) -> None:
        """Open the run with its tags and parameters; it takes the place of one that an earlier attempt left."""

        def start(store: Store) -> None:
            parent = study.parent_of(store, self._folder.parent)
            self._run_id = record.open_run(store, self._folder, tags, params, parent)
            self._machine = machine.watch(self._run_id)

        self._put(start)

    def epoch(self, row: Mapping[str, Any]) -> None:
        """Take one row of the history; it is logged within seconds, or with the end."""
        self._rows.append(row)
        if time.monotonic() - self._flushed > EPOCHS_EVERY_S:
            self._flushed = time.monotonic()
            self._put(self._flush)

    def end(self) -> None:
        """Complete the run from the folder."""
        done = self._put(self._complete)
        usual = PATIENCE_S if self._queue.is_open else OPENING_PATIENCE_S
        self._wait(done, TROUBLED_PATIENCE_S if self._troubled_before else usual)
        if self.trouble is not None:
            self._queue.owing = True
        elif self._queue.owing:
            self._queue.put(self._log_some_of_the_others)

    def interrupt(self) -> None:
        """Close the run as killed; the trial is not finished."""
        done = self._put(lambda store: record.close_killed(store, self._run_id, self._folder))
        self._wait(done, INTERRUPTED_PATIENCE_S)

    def _put(self, call: Call) -> threading.Event:
        if self._silent:
            done = threading.Event()
            done.set()
            return done
        return self._queue.put(call, wanted=lambda: self.trouble is None, failed=self._fail)

    def _fail(self, trouble: str) -> None:
        self.trouble = self.trouble or trouble

    def _wait(self, done: threading.Event, patience_s: float) -> None:
        if not done.wait(patience_s):  # the trial's lock is given back now: from here on it is for others to log
            self.trouble = self.trouble or f"no answer within {patience_s:g} s"

    def _complete(self, store: Store) -> None:
        if self._machine is not None:
            self._machine.finish()
        record.complete(store, self._run_id, self._folder, self._logged)

    def _flush(self, store: Store) -> None:
        rows = [row for row in list(self._rows) if row["epoch"] not in self._logged]
        record.log_epochs(store, self._run_id, rows)
        self._logged |= {row["epoch"] for row in rows}

    def _log_some_of_the_others(self, store: Store) -> None:
        others = list(islice(backfill.log_owed(store, self._folder.parent), LATER_AT_A_TIME))
        self._queue.owing = len(others) == LATER_AT_A_TIME
