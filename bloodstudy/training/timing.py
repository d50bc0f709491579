"""How long a trial will take here, from a few batches of it.

In: an assignment. Out: seconds until the first batch is done, a batch, an image measured, and the digest of the weights
that it came to. Nothing is written.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from bloodstudy import model
from bloodstudy.training import evaluate
from bloodstudy.training.assignment import Assignment
from bloodstudy.training.events import Timed

BATCHES = 10  # an epoch: with fewer, what every epoch costs once would count as theirs
ROUNDS = 3  # after a first one, in which the network is compiled
MEASURED = 512  # images


def time_batches(
    assignment: Assignment, images: np.ndarray, one_hot: np.ndarray, peak_memory_mb: Callable[[], float]
) -> Timed:
    """Train on the first batches of `images` and measure some; return what that took, and what it came to."""
    from bloodstudy.training.batches import Feed
    from bloodstudy.training.engine import find_trainer
    from bloodstudy.training.fit import fit
    from bloodstudy.training.hooks import make_hooks

    begun = time.monotonic()
    factors = replace(assignment.factors, epochs=1 + ROUNDS)
    rows = np.flatnonzero(assignment.manifest["split"] == "train")[: BATCHES * factors.batch_size]
    hooks = make_hooks(assignment, BATCHES)
    trainer = find_trainer(assignment, images.shape[1:])
    network = model.build(assignment.model, factors, images.shape[1:], len(assignment.classes), hooks.parts)
    logits_of = None if trainer is None else partial(trainer.predict, network)
    augmenters = [*model.augmenters(factors, len(assignment.classes)), *hooks.training]
    feed = Feed(images, one_hot, rows, factors.batch_size, 0, augmenters)
    history = fit(network, factors, feed, len(rows), _ignore, hooks=hooks, trainer=trainer).rows
    seconds = [row["epoch_seconds"] for row in history[1:]] or [history[0]["epoch_seconds"]]
    fitted = time.monotonic() - begun
    weights = hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in network.get_weights()))
    evaluate.predict(network, images[:MEASURED], _ignore, hooks.measuring, logits_of=logits_of)
    begun = time.monotonic()
    some = images[:MEASURED]
    evaluate.predict(network, some, _ignore, hooks.measuring, logits_of=logits_of)
    return Timed(
        start_seconds=max(0.0, fitted - sum(seconds) - min(seconds)),  # the first epoch's batches are counted too
        batch_seconds=min(seconds) / len(feed),  # whatever else the machine does only adds to it
        image_seconds=(time.monotonic() - begun) / len(some),
        peak_memory_mb=peak_memory_mb(),
        weights=weights.hexdigest()[:16],
    )


def _ignore(_: Any) -> None:
    pass
