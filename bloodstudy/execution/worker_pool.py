"""The training process of this process: taken when there is something to train, reused, renewed, ended at the end."""

from __future__ import annotations

import atexit

from bloodstudy.training import Worker

# TensorFlow keeps some MB of every model that it ever traced, so a worker is renewed; its successor imports Keras
# while it trains its last trial, and nobody waits.
TRIALS_A_WORKER = 50

_worker: Worker | None = None  # one for this process: importing Keras costs seconds
_successor: Worker | None = None


def take_worker() -> Worker:
    """Return the training process of this process, started or renewed where need be."""
    global _worker, _successor
    if _worker is not None and _worker.trials >= TRIALS_A_WORKER:
        _worker.close()
    if _worker is None or not _worker.alive:
        _worker = _successor if _successor is not None and _successor.alive else Worker()
        _successor = None
    if _worker.trials == TRIALS_A_WORKER - 1:
        _successor = Worker()
    return _worker


@atexit.register
def _close_workers() -> None:
    if _worker is not None:
        _worker.close()
    if _successor is not None:
        _successor.kill()
