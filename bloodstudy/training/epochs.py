"""Training epoch by epoch with something else than Keras's own `fit`, which is told the same of each epoch.

In: a compiled model, the feed, the validation split, the callback that watches, and what trains an epoch. Out: the
model's variables, and the callback's rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from bloodstudy.config.schema import Factors
from bloodstudy.training.batches import Feed, Gallery

SAVED_EVERY_S = 5.0  # since an epoch may take less than to save its state


@dataclass(frozen=True)
class Epoch:
    """What a program tells of an epoch: means over the images, and the largest loss of a batch."""

    loss: float
    accuracy: float
    worst: float


class EpochTrainer(Protocol):
    """What trains an epoch at a time, where Keras's own `fit` does not (bloodstudy.training.program)."""

    def train(self, network: Any, factors: Factors, feed: Feed, epoch: int) -> Epoch:
        """Train `network` for one epoch, from 0, and leave its variables as they are after it."""
        ...

    def predict(self, network: Any, images: np.ndarray) -> np.ndarray:
        """Return the logits of a batch of images."""
        ...


def train_epochs(
    model: Any, factors: Factors, feed: Feed, validation: Gallery | None, watch: Any, trainer: EpochTrainer
) -> None:
    """Train what `watch`, the callback, has no rows of, epoch by epoch, watched as Keras's `fit` would be."""
    watch.set_model(model)
    watch.saved_every = SAVED_EVERY_S
    model.stop_training = False
    for epoch in range(len(watch.rows), factors.epochs):
        watch.on_epoch_begin(epoch)
        done = trainer.train(model, factors, feed, epoch)
        watch.on_test_begin()
        logs = {"loss": done.loss, "accuracy": done.accuracy}
        if validation is not None:
            logs |= _validate(model, factors, validation, trainer)
        watch.judge(done.worst)
        watch.on_epoch_end(epoch, logs)
        if model.stop_training:
            return


def _validate(model: Any, factors: Factors, validation: Gallery, trainer: EpochTrainer) -> dict[str, float]:
    """Return loss and accuracy on the validation images, as Keras's `fit` names them."""
    batches = [validation[position] for position in range(len(validation))]
    logits = np.concatenate([trainer.predict(model, images) for images, _ in batches]).astype("float64")
    labels = np.concatenate([labels for _, labels in batches])
    chosen = logits - logits.max(axis=1, keepdims=True)
    chosen -= np.log(np.exp(chosen).sum(axis=1, keepdims=True))
    wanted = labels * (1 - factors.label_smoothing) + factors.label_smoothing / labels.shape[1]
    right = logits.argmax(axis=1) == labels.argmax(axis=1)
    return {"val_loss": float(-(wanted * chosen).sum(axis=1).mean()), "val_accuracy": float(right.mean())}
