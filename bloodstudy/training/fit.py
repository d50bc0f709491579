"""Fitting one model with Keras's own `fit`.

In: a built model, factors, the feed, the validation split and the saved states, if there are any. Out: one history
row an epoch, reported as it comes, and whether the training diverged. A saved state is gone on from, to the bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from bloodstudy.config.schema import Factors
from bloodstudy.training import backend
from bloodstudy.training.batches import Feed, Gallery
from bloodstudy.training.checkpoint import Checkpoint, Checkpoints
from bloodstudy.training.epochs import EpochTrainer, Underway, train_epochs
from bloodstudy.training.events import BatchTrained, EpochTrained, HistoryRow, Report, Resumed, Warned
from bloodstudy.training.hooks import Hooks
from bloodstudy.training.optimizer import make_optimizer

LARGEST_LOSS = 1e6  # nats an image, where guessing costs log(classes): beyond it nothing is learned any more
NONE = Hooks()
BEST = "best/"  # before the names of the weights of the best epoch, in a saved state


@dataclass(frozen=True)
class Fitted:
    """How the training went."""

    rows: list[HistoryRow]  # of the history, one an epoch, those of earlier attempts included
    diverged: str | None  # what left the numbers that training can use, None if nothing did
    resumed_after: int = 0  # epochs that earlier attempts had done


class _Watch(keras.callbacks.Callback):
    """Draws each epoch's order, stops when it must, reports batches and epochs, saves the state."""

    def __init__(
        self, feed: Feed, images: int, report: Report, states: Checkpoints | None, rows: list[HistoryRow], patience: int
    ) -> None:
        super().__init__()
        self.feed, self.images, self.report, self.states = feed, images, report, states
        self.rows, self.patience = rows, patience
        self.saved_every = 0.0  # seconds, at the least
        self._saved = time.monotonic()
        self.best: dict[str, np.ndarray] = {}  # the weights of the epoch with the lowest validation loss
        self.diverged: str | None = None
        self._told = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.feed.start_epoch(epoch)
        self._epoch, self._begun, self._fitted = epoch, time.monotonic(), 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.judge(float((logs or {}).get("loss", 0.0)))
        now = time.monotonic()
        if now - self._told > 0.25:
            self._told = now
            share = (batch + 1) / len(self.feed)
            self.report(BatchTrained(self._epoch + share, float((logs or {}).get("accuracy", 0.0))))

    def on_test_begin(self, logs: Any = None, share: float = 1.0) -> None:
        # The validation that follows is no training; of an epoch of many trials each has its share.
        self._fitted = self._begun + share * (time.monotonic() - self._begun)

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
        if self.patience:
            if not self.best or find_best(self.rows) == len(self.rows):
                self.best = {f"{BEST}{name}": value for name, value in values.items() if name.startswith("model/")}
            values |= self.best
            if is_over(self.rows, self.patience):
                self.model.stop_training = True  # pyright: ignore[reportOptionalMemberAccess]
        # A loss is taken before its step, and ReLU makes zero of what is no number: it may look well with lost weights.
        if not all(np.isfinite(array).all() for array in values.values()):
            self._stop("a weight was no finite number")
        due = time.monotonic() - self._saved >= self.saved_every
        if self.states is not None and self.diverged is None and due:
            self.states.write(Checkpoint(len(self.rows), self.rows, values))
            self._saved = time.monotonic()
        self.report(EpochTrained(row))

    def judge(self, loss: float) -> None:
        """Stop if this loss of a batch, in nats an image, is none that training can use."""
        if not loss <= LARGEST_LOSS:  # or no number
            self._stop(f"the loss was {loss:g}")

    def _stop(self, reason: str) -> None:
        self.diverged = self.diverged or f"{reason} in epoch {self._epoch + 1}"
        self.model.stop_training = True  # pyright: ignore[reportOptionalMemberAccess]


def find_best(rows: Sequence[HistoryRow]) -> int:
    """Return the epoch, from 1, with the lowest validation loss, the first of several; 0 if there is none."""
    losses = [row.get("validation_loss", math.inf) for row in rows]
    known = [loss for loss in losses if math.isfinite(loss)]
    return losses.index(min(known)) + 1 if known else 0


def is_over(rows: Sequence[HistoryRow], patience: int) -> bool:
    """Tell whether so many epochs have passed without a lower validation loss."""
    return len(rows) - find_best(rows) >= patience


class Training:
    """One model, compiled, with what a saved state holds of its training."""

    def __init__(
        self,
        model: keras.Model,
        factors: Factors,
        feed: Feed,
        images: int,
        report: Report,
        validation: Gallery | None = None,
        states: Checkpoints | None = None,
        hooks: Hooks = NONE,
        trained: bool = False,
    ) -> None:
        """Make the training of `model`; `trained`: by an EpochTrainer, which sets the rate of each step itself.

        With `validation`, labelled images that are never trained on, each row holds their loss and accuracy after the
        epoch, in inference mode. With `states`, the state is saved after each epoch. With `early_stopping` the model
        ends with the weights of the best epoch, and the rows are those of the epochs done. `hooks` are what the
        user's own factors put in the place of built-in parts.
        """
        steady = replace(factors, schedule="constant", warmup=0.0) if trained else factors
        # With the mean a learning rate keeps its meaning when the batch size or the optimizer is varied.
        model.compile(
            optimizer=hooks.optimizer or make_optimizer(steady, len(feed), hooks.schedule),
            loss=hooks.loss
            or keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=factors.label_smoothing),
            metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
            **backend.compile_options(),
        )
        # Built within the traced step, as Keras would, the optimizer's variables cost a second trace.
        model.optimizer.build(model.trainable_variables)  # pyright: ignore[reportOptionalMemberAccess]
        self._hooks, self._watch = hooks, _Watch(feed, images, report, states, [], factors.early_stopping)
        if states is not None:
            _resume(model, states, self._watch)
        self._resumed_after = len(self._watch.rows)
        self.underway = Underway(model, factors, feed, validation, self._watch)

    @property
    def stopped(self) -> bool:
        """Whether it stopped early before it was interrupted."""
        patience, rows = self.underway.factors.early_stopping, self._watch.rows
        return bool(patience and rows) and is_over(rows, patience)

    def fit(self) -> None:
        """Train what is left by Keras's own `fit`."""
        model, factors, feed, validation = (
            getattr(self.underway, name) for name in ("model", "factors", "feed", "validation")
        )
        if self._resumed_after < factors.epochs and not self.stopped:
            # shuffle=False: the feed has shuffled, by the trial's seed; Keras would draw from Python's own generator.
            options: dict[str, Any] = {} if validation is None else {"validation_data": backend.stream(validation)}
            options |= {"epochs": factors.epochs, "initial_epoch": self._resumed_after, "shuffle": False, "verbose": 0}
            options |= {"class_weight": feed.class_weights} if factors.class_weight == "balanced" else {}
            options |= {"class_weight": dict(self._hooks.class_weight)} if self._hooks.class_weight else {}
            model.fit(backend.stream(feed), callbacks=[*self._hooks.callbacks, self._watch], **options)
        elif getattr(model.optimizer, "use_ema", False):  # what Keras does at the end of its fit
            model.optimizer.finalize_variable_values(model.trainable_weights)

    def end(self) -> Fitted:
        """Return how it went; the model has the weights that count."""
        watch = self._watch
        if watch.best and watch.diverged is None:
            _assign(self.underway.model, {name.removeprefix(BEST): value for name, value in watch.best.items()})
        return Fitted(watch.rows, watch.diverged, self._resumed_after)


def fit(
    model: keras.Model,
    factors: Factors,
    feed: Feed,
    images: int,
    report: Report,
    validation: Gallery | None = None,
    states: Checkpoints | None = None,
    hooks: Hooks = NONE,
    trainer: EpochTrainer | None = None,
) -> Fitted:
    """Train one model for `factors.epochs` epochs, of which those that a saved state holds are not trained again.

    The other arguments are those of `Training`. `trainer` trains the epochs, if it is not Keras's own `fit`.
    """
    what = model, factors, feed, images, report, validation, states, hooks
    training = Training(*what, trained=trainer is not None)
    fit_all([training], trainer)
    return training.end()


def fit_all(trainings: Sequence[Training], trainer: EpochTrainer | None) -> None:
    """Train what is left of each: side by side by `trainer`, or one after another by Keras's own `fit`."""
    if trainer is not None:
        train_epochs([training.underway for training in trainings if not training.stopped], trainer)
    else:
        for training in trainings:
            training.fit()


def _resume(model: keras.Model, states: Checkpoints, watch: _Watch) -> None:
    """Put the newest saved state into `model`, its optimizer and `watch`, if one fits."""
    fresh = _values(model)
    if watch.patience:
        fresh |= {f"{BEST}{name}": value for name, value in fresh.items() if name.startswith("model/")}
    state = states.read(fresh, lambda text: watch.report(Warned(text)))
    if state is None:
        return
    _assign(model, state.variables)
    watch.rows.extend(state.rows)
    watch.best = {name: value for name, value in state.variables.items() if name.startswith(BEST)}
    watch.report(Resumed(state.epoch, state.rows))


def _assign(model: keras.Model, values: Mapping[str, np.ndarray]) -> None:
    for name, variable in _variables(model).items():
        if name in values:
            variable.assign(values[name].view(_copy(variable).dtype))


def _variables(model: Any) -> dict[str, Any]:
    # model.variables has the seeds of the dropout masks too, the optimizer's its counter of steps.
    owners = {"model": model.variables, "optimizer": model.optimizer.variables}
    return {
        f"{owner}/{position:04d}/{variable.path}": variable
        for owner, variables in owners.items()
        for position, variable in enumerate(variables)
    }


def _values(model: Any) -> dict[str, np.ndarray]:
    return {name: _copy(variable) for name, variable in _variables(model).items()}


def _copy(variable: Any) -> np.ndarray:
    return np.asarray(variable).copy()  # JAX shows its own memory, which the next epoch writes over
