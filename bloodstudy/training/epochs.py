"""Training epoch by epoch with something else than Keras's own `fit`, which is told the same of each epoch.

In: the trainings under way, one or several side by side, and what trains their epochs. Out: the models' variables, and
the rows of the callbacks that watch them.
"""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True)
class Member:
    """A network that is to be trained for one epoch."""

    network: Any  # compiled, with a constant rate
    factors: Factors
    feed: Feed
    epoch: int  # from 0


class EpochTrainer(Protocol):
    """What trains an epoch at a time, where Keras's own `fit` does not (bloodstudy.training.program and group)."""

    def train(self, members: Sequence[Member]) -> Sequence[Epoch]:
        """Train each network for one epoch, and leave its variables as they are after it."""
        ...

    def predict(self, network: Any, images: np.ndarray) -> np.ndarray:
        """Return the logits of a batch of images."""
        ...


@dataclass(frozen=True)
class Underway:
    """A training that epochs are left of: those that `watch`, its callback, has no rows of."""

    model: Any
    factors: Factors
    feed: Feed
    validation: Gallery | None
    watch: Any

    @property
    def over(self) -> bool:
        """Whether it has all its epochs, or has stopped."""
        return self.model.stop_training or len(self.watch.rows) >= self.factors.epochs


def train_epochs(trainings: Sequence[Underway], trainer: EpochTrainer) -> None:
    """Train what is left, epoch by epoch, each training watched as Keras's `fit` would be.

    Each does its own next epoch: one may have been interrupted earlier than the others, or stop before them. Of the
    time that an epoch takes for several, each gets its share.
    """
    for training in trainings:
        training.watch.set_model(training.model)
        training.watch.saved_every = SAVED_EVERY_S
        training.model.stop_training = False
    while left := [training for training in trainings if not training.over]:
        epochs = [len(training.watch.rows) for training in left]
        for training, epoch in zip(left, epochs, strict=True):
            training.watch.on_epoch_begin(epoch)
        members = [Member(each.model, each.factors, each.feed, epoch) for each, epoch in zip(left, epochs, strict=True)]
        done = trainer.train(members)
        for training in left:
            training.watch.on_test_begin(share=1 / len(left))
        for training, epoch, of_it in zip(left, epochs, done, strict=True):
            logs = {"loss": of_it.loss, "accuracy": of_it.accuracy}
            if training.validation is not None:
                logs |= _validate(training.model, training.factors, training.validation, trainer)
            training.watch.judge(of_it.worst)
            training.watch.on_epoch_end(epoch, logs)


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
