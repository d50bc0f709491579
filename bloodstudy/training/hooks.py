"""What the user's own factors put into a training: built once a trial, each checked for what it should be.

In: an assignment. Out: `Hooks`, with what takes the place of the built-in optimizer, loss, schedule and class weights,
what is added to the callbacks and to the network, and what changes the images that are fed. A factor at its neutral
level has none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import keras
import numpy as np

from bloodstudy.config.extension import source
from bloodstudy.config.extension.declared import Builder, Context
from bloodstudy.config.extension.known import joined
from bloodstudy.config.factors import OwnFactor
from bloodstudy.config.levels import is_number
from bloodstudy.config.schema import Factors
from bloodstudy.errors import UserError, summarise
from bloodstudy.model.blocks import Parts
from bloodstudy.model.registry import defaults
from bloodstudy.training.assignment import Assignment

MOST_CUT = 0.25  # of the way from black to white, on average: noise is cut by less, another scale by more


@dataclass(frozen=True)
class Hooks:
    """What replaces or joins the built-in parts of a training; None and () stand for nothing."""

    optimizer: keras.optimizers.Optimizer | None = None
    loss: Callable[..., Any] | None = None
    schedule: keras.optimizers.schedules.LearningRateSchedule | None = None
    class_weight: Mapping[int, float] | None = None
    callbacks: Sequence[keras.callbacks.Callback] = ()
    training: Sequence[FedLayer] = ()  # what the images are put through for training
    measuring: Sequence[FedLayer] = ()  # and always
    parts: Parts = field(default_factory=Parts)

    @property
    def resumable(self) -> bool:
        """Whether all that changes in training is in the state that is saved."""
        return not self.callbacks and self.loss is None


@dataclass(frozen=True)
class FedLayer:
    """A layer of an extension between the stored images and the network."""

    layer: Any
    labelled: bool  # whether it is given labels too, and returns both
    position: int  # among those of the trial

    def __call__(self, images: np.ndarray, one_hot: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Put uint8 images (B, H, W, C) and labels (B, classes) through it, as the function of `seed` that it is."""
        for number, generator in enumerate(_seeds(self.layer)):
            generator.state.assign(np.random.SeedSequence([seed, self.position, number]).generate_state(2))
        drawn = np.random.SeedSequence([seed, self.position]).generate_state(1)[0]
        random.seed(int(drawn))  # of Python and NumPy, if a layer asks these
        np.random.seed(int(drawn))
        shown = images.astype("float32") / 255
        given = (shown, one_hot) if self.labelled else shown
        made: Any = self.layer(given, training=True)
        changed, labels = made if self.labelled else (made, one_hot)
        changed, labels = np.asarray(changed, "float32"), np.asarray(labels, "float32")
        if changed.shape != images.shape or labels.shape != one_hot.shape:
            raise ValueError(f"expected images {images.shape}; received {changed.shape} of {self.layer.name}")
        cut = np.clip(changed, 0, 1)
        if not (beyond := float(np.abs(changed - cut).mean())) <= MOST_CUT:
            raise ValueError(f"expected images from 0 to 1 of {self.layer.name}; in the mean {beyond:.2g} is beyond")
        return np.rint(cut * 255).astype("uint8"), labels


def _seeds(layer: Any) -> list[keras.random.SeedGenerator]:
    found = list(getattr(layer, "_seed_generators", []))
    return found + [one for inner in layer._flatten_layers(include_self=False) for one in _seeds(inner)]


def _weighs_each_class(part: Any, classes: int) -> bool:
    whole = isinstance(part, Mapping) and set(part) == set(range(classes))
    return whole and all(is_number(weight) and weight >= 0 for weight in part.values())


def _holds_callbacks(part: Any, classes: int) -> bool:
    each = part if isinstance(part, list | tuple) else [part]
    return all(isinstance(one, keras.callbacks.Callback) for one in each)


def _of(kind: type) -> Callable[[Any, int], bool]:
    return lambda part, classes: isinstance(part, kind)


_LAYER = (_of(keras.layers.Layer), "a Keras layer")
# Of each hook whether what was built fits, and in words what would.
_EXPECTED: dict[str, tuple[Callable[[Any, int], bool], str]] = {
    "image": _LAYER,
    "batch": _LAYER,
    "block_end": _LAYER,
    "head": _LAYER,
    "optimizer": (_of(keras.optimizers.Optimizer), "a Keras optimizer"),
    "schedule": (_of(keras.optimizers.schedules.LearningRateSchedule), "a Keras learning-rate schedule"),
    "loss": (lambda part, classes: callable(part), "a Keras loss, or a function of labels and logits"),
    "callbacks": (_holds_callbacks, "a Keras callback or a list of them"),
    "class_weight": (_weighs_each_class, "a weight of 0 or more by the number of each class, from 0 on,"),
}


@dataclass(frozen=True)
class _Maker:
    """A hook that is to be built: a factor of an extension at a level that is not its neutral one."""

    own: OwnFactor
    level: Any
    build: Builder
    factors: Factors
    context: Context
    typed: str  # how the extension was named
    made: Iterator[int] = field(default_factory=count)

    def __call__(self) -> Any:
        """Build it once more; raises UserError if that fails or gives the wrong thing."""
        fits, words = _EXPECTED[str(self.own.hook)]
        told = f"the factor {self.own.name!r} of extend={self.typed} at {self.level!r}"
        try:
            with defaults(self.factors, f"{self.own.name} {next(self.made)}"):
                part = self.build(self.level, self.context)
        except Exception as error:
            raise UserError(f"{told} could not be built: {summarise(error)}") from error
        if not fits(part, self.context.classes):
            received = type(part).__name__ if not isinstance(part, Mapping | list | tuple) else f"{part!r:.100}"
            raise UserError(f"{told} must build {words} for its hook {self.own.hook!r}; received {received}")
        return part


def make_hooks(assignment: Assignment, steps: int) -> Hooks:
    """Build the hooks of a trial with so many steps an epoch.

    Raises UserError for one that gives the wrong thing, or an optimizer whose averaged weights would be lost.
    """
    factors = assignment.factors
    context = Context(len(assignment.classes), steps, factors.epochs, factors.seed)
    makers = [
        _Maker(own, level, source.load(one.source).builders[own.name], factors, context, one.source.typed)
        for one in joined()
        for own in one.factors
        if own.hook and (level := factors.own[own.name]) != own.neutral
    ]

    def of(*hooks: str) -> list[_Maker]:
        return [maker for maker in makers if maker.own.hook in hooks]

    replaced = {str(maker.own.hook): maker() for maker in of("optimizer", "loss", "schedule", "class_weight")}
    if factors.early_stopping and getattr(replaced.get("optimizer"), "use_ema", False):
        raise UserError(
            "early_stopping: it measures the weights of the best epoch, and the optimizer of the extension the mean of "
            "the weights (use_ema). Expected one of the two: an optimizer without it, or early_stopping=0."
        )
    fed = [
        (FedLayer(maker(), maker.own.hook == "batch", position), maker.own.when)
        for position, maker in enumerate(of("image", "batch"))
    ]
    callbacks = [maker() for maker in of("callbacks")]
    return Hooks(
        **replaced,
        callbacks=[one for each in callbacks for one in (each if isinstance(each, list | tuple) else [each])],
        training=[layer for layer, _ in fed],
        measuring=[layer for layer, when in fed if when == "always"],
        parts=Parts(tuple(of("block_end")), next(iter(of("head")), None)),
    )
