"""The queue of calls to the store: one thread of this process makes them in order, so that training waits for none.

The store is opened with the first call, while the worker imports Keras, and opened anew with the first call after one
that failed. In: calls. Out: whether they are done, and what trouble there was.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from bloodstudy.tracking.store import Store, first_line, open_store

Call = Callable[[Store], Any]


class CallQueue:
    """The calls for one study, made by one thread, which starts with the first of them."""

    def __init__(self, study: str) -> None:
        self._study = study
        self._store: Store | None = None
        self._thread: threading.Thread | None = None
        self._calls: queue.SimpleQueue = queue.SimpleQueue()
        self.trouble: str | None = None  # what the last call met; None after one that went well
        self.owing = False  # whether a trial of this process could not be logged

    @property
    def is_used(self) -> bool:
        return self._thread is not None

    @property
    def is_open(self) -> bool:
        return self._store is not None

    def put(
        self, call: Call, wanted: Callable[[], bool] | None = None, failed: Callable[[str], None] | None = None
    ) -> threading.Event:
        """Add a call; return at once an event that is set when it is done, has failed or is no longer wanted."""
        if self._thread is None:
            # A daemon: a call that hangs must not keep the command from ending.
            self._thread = threading.Thread(target=self._work, name=f"mlflow {self._study}", daemon=True)
            self._thread.start()
        done = threading.Event()
        self._calls.put((call, wanted, failed, done))
        return done

    def _work(self) -> None:
        while True:
            call, wanted, failed, done = self._calls.get()
            if wanted is None or wanted():
                self._make(call, wanted, failed)
            done.set()

    def _make(self, call: Call, wanted: Callable[[], bool] | None, failed: Callable[[str], None] | None) -> None:
        try:
            self._store = self._store or open_store(self._study)
            if wanted is None or wanted():  # still: a store may take long to open
                call(self._store)
            self.trouble = None
        except Exception as error:  # whatever the store raises: the trial counts more than its mirror
            self._store, self.trouble = None, first_line(error)
            if failed is not None:
                failed(self.trouble)


_queues: dict[str, CallQueue] = {}


def queue_of(study: str) -> CallQueue:
    """Return this process's queue of calls to the store for `study`."""
    return _queues.setdefault(study, CallQueue(study))
