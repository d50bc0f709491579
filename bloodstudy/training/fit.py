"""Fitting one model with Keras's own `fit`.

In: a built model, factors, the feed, the validation split and the saved states, if there are any. Out: one history
row an epoch, reported as it comes, and whether the training diverged. A saved state is gone on from, to the bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from bloodstudy.config.schema import Factors
from bloodstudy.training import backend
from bloodstudy.training.batches import Feed, Gallery
from bloodstudy.training.checkpoint import Checkpoint, Checkpoints
from bloodstudy.training.events import BatchTrained, EpochTrained, HistoryRow, Report, Resumed, Warned

LARGEST_LOSS = 1e6  # nats an image, where guessing costs log(classes): beyond it nothing is learned any more

# Keras's own, meant beside the gradient of a loss summed over the batch, as the reference's author sums it. Ours is
# the mean, so epsilon is divided by the batch size too (docs/decisions/03_mean_loss.md).
EPSILON = 1e-7

OPTIMIZERS: dict[str, Callable[[float, int], keras.optimizers.Optimizer]] = {
    "adam": lambda lr, batch_size: keras.optimizers.Adam(lr, epsilon=EPSILON / batch_size),
    "adamw": lambda lr, batch_size: keras.optimizers.AdamW(lr, epsilon=EPSILON / batch_size),
    "nadam": lambda lr, batch_size: keras.optimizers.Nadam(lr, epsilon=EPSILON / batch_size),
    # Keras adds it to the squared gradient here, to the root of that elsewhere.
    "rmsprop": lambda lr, batch_size: keras.optimizers.RMSprop(lr, epsilon=EPSILON / batch_size**2),
    "sgd": lambda lr, batch_size: keras.optimizers.SGD(lr),
    "momentum": lambda lr, batch_size: keras.optimizers.SGD(lr, momentum=0.9, nesterov=True),
}


@dataclass(frozen=True)
class Fitted:
    """How the training went."""

    rows: list[HistoryRow]  # of the history, one an epoch, those of earlier attempts included
    diverged: str | None  # what left the numbers that training can use, None if nothing did
    resumed_after: int = 0  # epochs that earlier attempts had done


class _Watch(keras.callbacks.Callback):
    """Draws each epoch's order, stops when the numbers are left, reports batches and epochs, saves the state."""

    def __init__(
        self, feed: Feed, images: int, report: Report, states: Checkpoints | None, rows: list[HistoryRow]
    ) -> None:
        super().__init__()
        self.feed, self.images, self.report, self.states = feed, images, report, states
        self.rows = rows
        self.diverged: str | None = None
        self._told = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.feed.start_epoch(epoch)
        self._epoch, self._begun, self._fitted = epoch, time.monotonic(), 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        if not loss <= LARGEST_LOSS:  # or no number
            self._stop(f"the loss was {loss:g}")
        now = time.monotonic()
        if now - self._told > 0.25:
            self._told = now
            share = (batch + 1) / len(self.feed)
            self.report(BatchTrained(self._epoch + share, float((logs or {}).get("accuracy", 0.0))))

    def on_test_begin(self, logs: Any = None) -> None:
        self._fitted = time.monotonic()  # the validation that follows is no training

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = (self._fitted or time.monotonic()) - self._begun
        row = {
            "epoch": epoch + 1,
            "fit_loss": float((logs or {}).get("loss", math.nan)),
            "fit_accuracy": float((logs or {}).get("accuracy", math.nan)),
            "epoch_seconds": seconds,
            "images_per_second": self.images / seconds,
        }
        row |= {f"validation_{name[4:]}": float(value) for name, value in (logs or {}).items() if name[:4] == "val_"}
        self.rows.append(row)
        values = _values(self.model)
        # A loss is taken before its step, and ReLU makes zero of what is no number: it may look well with lost weights.
        if not all(np.isfinite(array).all() for array in values.values()):
            self._stop("a weight was no finite number")
        if self.states is not None and self.diverged is None:
            self.states.write(Checkpoint(len(self.rows), self.rows, values))
        self.report(EpochTrained(row))

    def _stop(self, reason: str) -> None:
        self.diverged = self.diverged or f"{reason} in epoch {self._epoch + 1}"
        self.model.stop_training = True  # pyright: ignore[reportOptionalMemberAccess]


def fit(
    model: keras.Model,
    factors: Factors,
    feed: Feed,
    images: int,
    report: Report,
    validation: Gallery | None = None,
    states: Checkpoints | None = None,
) -> Fitted:
    """Train `model` for `factors.epochs` epochs, of which those that a saved state holds are not trained again.

    With `validation`, labelled images that are never trained on, each row holds their loss and accuracy after the
    epoch, in inference mode. With `states`, the state is saved after each epoch.
    """
    # With the mean a learning rate keeps its meaning when the batch size or the optimizer is varied.
    model.compile(
        optimizer=OPTIMIZERS[factors.optimizer](factors.lr, factors.batch_size),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        **backend.compile_options(),
    )
    # Built within the traced step, as Keras would, the optimizer's variables cost a second trace.
    model.optimizer.build(model.trainable_variables)  # pyright: ignore[reportOptionalMemberAccess]
    rows = _resume(model, states, report) if states is not None else []
    resumed_after = len(rows)
    watch = _Watch(feed, images, report, states, rows)
    if resumed_after < factors.epochs:
        # shuffle=False: the feed has shuffled, by the trial's seed; Keras would draw from Python's global generator.
        options: dict[str, Any] = {} if validation is None else {"validation_data": backend.stream(validation)}
        options |= {"epochs": factors.epochs, "initial_epoch": resumed_after, "shuffle": False, "verbose": 0}
        model.fit(backend.stream(feed), callbacks=[watch], **options)
    return Fitted(watch.rows, watch.diverged, resumed_after)


def _resume(model: keras.Model, states: Checkpoints, report: Report) -> list[HistoryRow]:
    """Put the newest saved state into `model` and its optimizer and return its history rows; [] if none fits."""
    state = states.read(_values(model), lambda text: report(Warned(text)))
    if state is None:
        return []
    for name, variable in _variables(model).items():
        variable.assign(state.variables[name].view(variable.numpy().dtype))
    report(Resumed(state.epoch, state.rows))
    return list(state.rows)


def _variables(model: Any) -> dict[str, Any]:
    # model.variables has the seeds of the dropout masks too, the optimizer's its counter of steps.
    owners = {"model": model.variables, "optimizer": model.optimizer.variables}
    return {
        f"{owner}/{position:04d}/{variable.path}": variable
        for owner, variables in owners.items()
        for position, variable in enumerate(variables)
    }


def _values(model: Any) -> dict[str, np.ndarray]:
    return {name: variable.numpy() for name, variable in _variables(model).items()}
