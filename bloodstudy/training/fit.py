"""Fitting one model with Keras's own `fit`.

In: a built model, factors, the feed and, where there is one, the validation split. Out: one history row an epoch,
reported as it comes, and whether the training diverged.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import keras

from bloodstudy.config import Factors
from bloodstudy.training import backend
from bloodstudy.training.feed import Feed, Gallery

Report = Callable[[dict[str, Any]], None]

OPTIMIZERS: dict[str, Callable[[float], keras.optimizers.Optimizer]] = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
    "momentum": lambda lr: keras.optimizers.SGD(lr, momentum=0.9, nesterov=True),
}


class _Watch(keras.callbacks.Callback):
    """Draws each epoch's order, stops on a loss that is no number, and reports batches and epochs."""

    def __init__(self, feed: Feed, images: int, report: Report) -> None:
        super().__init__()
        self.feed, self.images, self.report = feed, images, report
        self.rows: list[dict[str, Any]] = []
        self.diverged = False
        self._told = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.feed.start_epoch(epoch)
        self._epoch, self._begun, self._fitted = epoch, time.monotonic(), 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            self.diverged = True
            self.model.stop_training = True  # pyright: ignore[reportOptionalMemberAccess]
        now = time.monotonic()
        if now - self._told > 0.25:
            self._told = now
            share = (batch + 1) / len(self.feed)
            accuracy = float((logs or {}).get("accuracy", 0.0))
            self.report({"event": "batch", "epoch": self._epoch + share, "fit_loss": loss, "fit_accuracy": accuracy})

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
        self.report({"event": "epoch", **row})


def fit(
    model: keras.Model, factors: Factors, feed: Feed, images: int, report: Report, validation: Gallery | None = None
) -> tuple[list[dict], bool]:
    """Train `model` for `factors.epochs` epochs; return the history rows and whether the loss left the numbers.

    With `validation`, labelled images that are never trained on, each row holds their loss and accuracy after the
    epoch, in inference mode.
    """
    # The reference's author sums the loss over the batch. Adam divides a constant factor out again, and with the mean
    # a learning rate keeps its meaning when the batch size or the optimizer is varied.
    model.compile(
        optimizer=OPTIMIZERS[factors.optimizer](factors.lr),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        **backend.compile_options(),
    )
    # Built within the traced step, as Keras would, the optimizer's variables cost a second trace.
    model.optimizer.build(model.trainable_variables)  # pyright: ignore[reportOptionalMemberAccess]
    watch = _Watch(feed, images, report)
    # shuffle=False: the feed has shuffled, by the trial's seed; Keras would draw from Python's global generator.
    options: dict[str, Any] = {} if validation is None else {"validation_data": validation}
    model.fit(feed, epochs=factors.epochs, verbose=0, callbacks=[watch], shuffle=False, **options)  # pyright: ignore[reportArgumentType]
    return watch.rows, watch.diverged
