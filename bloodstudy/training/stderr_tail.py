"""What a worker writes to standard error: handed on, and its end kept to say what it died of.

In: the reading end of a pipe that is the worker's standard error. Out: the same bytes on our own, and the last ones.
"""

from __future__ import annotations

import contextlib
import os
import threading
from multiprocessing.connection import Connection

KEPT_BYTES = 4096


class StderrTail:
    """Hands on what a worker writes to standard error, at once, and keeps the end of it."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._kept = pipe, b""
        self._thread = threading.Thread(target=self._hand_on, daemon=True)
        self._thread.start()

    def _hand_on(self) -> None:
        with self._pipe:
            while some := os.read(self._pipe.fileno(), 65536):
                self._kept = (self._kept + some)[-KEPT_BYTES:]
                with contextlib.suppress(OSError):  # nobody reads it any more
                    os.write(2, some)

    def forget(self) -> None:
        """Begin anew: what an earlier trial wrote says nothing of the next one's death."""
        self._kept = b""

    def read(self) -> str:
        """Return the end of what was written, once the worker is gone."""
        self._thread.join(5)
        return self._kept.decode(errors="replace")
