"""What engine=jax trains with: an epoch of one trial as one compiled program, the images on the device.

In: a network by its name and factors; a trial's state, orders and seeds. Out: the state after an epoch; settled
statistics of batch normalisation; logits. What differs between the trials of an arm, seeds, rates and images, are
arguments of the program, so that an arm is compiled once. Imported where JAX is alone.

The last batch of an epoch is filled up with the first images of the same epoch: all batches are of one size, and no
arithmetic needs to know which images count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from bloodstudy import model
from bloodstudy.config.schema import Factors
from bloodstudy.model.augment import seed_of_layers
from bloodstudy.training.batches import Feed
from bloodstudy.training.epochs import Epoch
from bloodstudy.training.optimizer import Course, make_optimizer
from bloodstudy.training.patches import rewrite

State = dict[str, Any]  # trainable, other, optimizer: lists of arrays in Keras's order
MEASURED = 256  # images a batch when measuring
STEPS = 128  # the steps of an epoch are padded to a multiple of it, so that folds share a program
_SAME = {"seed": 0, "lr": 1e-3, "schedule": "constant", "warmup": 0.0, "epochs": 1, "early_stopping": 0}
_built: dict[tuple[Any, ...], Program] = {}


def program_for(name: str, factors: Factors, input_shape: tuple[int, int, int], classes: int) -> Program:
    """Return the program of all trials that differ from these in seed, rate, schedule and epochs alone."""
    shared = replace(factors, **_SAME)
    what = (name, repr(shared), input_shape, classes)
    if what not in _built:
        _built[what] = Program(name, shared, input_shape, classes)
    return _built[what]


class Program:
    """The compiled functions of one network."""

    def __init__(self, name: str, factors: Factors, input_shape: tuple[int, int, int], classes: int) -> None:
        self._factors, self._classes = factors, classes
        self._model = rewrite(model.build(name, factors, input_shape, classes))
        self._optimizer = make_optimizer(factors, 1)
        self._optimizer.build(self._model.trainable_variables)
        self._augmenters = model.augmenters(factors, classes)
        self._generators = [keras.random.SeedGenerator(0) for _ in self._augmenters]
        self._epoch = jax.jit(self._train, donate_argnums=0)
        self._settled = jax.jit(self._settle)
        self._logits = jax.jit(self._predict)

    def train(self, network: Any, factors: Factors, feed: Feed, epoch: int) -> Epoch:
        """Train `network`, compiled with a constant rate, for the epoch `epoch` (from 0) of `feed`."""
        order, seeds, steps = self._plan(feed, epoch)
        course = Course(factors.lr, steps * factors.epochs, factors.schedule, factors.warmup)
        rates = np.asarray(
            course(np.arange(epoch * steps, epoch * steps + len(order)))
        )  # those past `steps` are unused
        state, told = self._epoch(_state_of(network), order, seeds, rates, steps, *_placed(feed))
        _assign(network, state)
        loss, right, worst = (float(value) for value in told)
        return Epoch(loss / steps, right / steps, worst)

    def settle(self, network: Any, feed: Feed, epoch: int, batches: int) -> None:
        """Set the statistics of batch normalisation as `training.precise_batch_norm` says."""
        places = self._list_statistics()
        if not places:
            return
        plans = [self._plan(feed, epoch)]
        while sum(steps for *_, steps in plans) < batches:
            plans.append(self._plan(feed, epoch + len(plans)))
        order = np.concatenate([rows[:steps] for rows, _, steps in plans])[:batches]
        seeds = np.concatenate([drawn[:steps] for _, drawn, steps in plans])[:batches]
        state = _state_of(network)
        sums, state["other"] = self._settled(state, order, seeds, *_placed(feed))
        for index, total in zip(places, sums, strict=True):
            state["other"][index] = total / batches
        _assign(network, state)

    def predict(self, network: Any, images: np.ndarray) -> np.ndarray:
        """Return the logits, float32 (N, classes), of uint8 images (N, H, W, C), N at most MEASURED."""
        whole = np.zeros((MEASURED, *images.shape[1:]), "uint8")
        whole[: len(images)] = images
        state = _state_of(network)
        return np.asarray(self._logits(state["trainable"], state["other"], whole))[: len(images)]

    def _plan(self, feed: Feed, epoch: int) -> tuple[np.ndarray, np.ndarray, int]:
        """Return the rows (steps, B) and seeds (steps, augmenters) of an epoch, padded, and its steps."""
        order, seeds = feed.list_whole(epoch)
        steps, most = len(order), -(-len(order) // STEPS) * STEPS
        drawn = np.zeros((most, len(self._augmenters)), "uint32")
        if self._augmenters:
            drawn[:steps] = np.array([seed_of_layers(int(seed)) for seed in seeds], "uint32")[:, None]
        return np.pad(order, ((0, most - steps), (0, 0))), drawn, steps

    def _train(
        self,
        state: State,
        order: jax.Array,
        seeds: jax.Array,
        rates: jax.Array,
        steps: jax.Array,
        images: jax.Array,
        one_hot: jax.Array,
    ) -> tuple[State, tuple[jax.Array, ...]]:
        def body(index: jax.Array, carried: Any) -> Any:
            state, loss, right, worst = carried
            shown, labels = self._draw(images, one_hot, order[index], seeds[index])
            state, now, correct = self._step(state, shown, labels, rates[index])
            return state, loss + now, right + correct, jnp.maximum(worst, now)  # no number stays none

        zero = jnp.float32(0)
        state, *told = jax.lax.fori_loop(0, steps, body, (state, zero, zero, zero))
        return state, tuple(told)

    def _draw(self, images: jax.Array, one_hot: jax.Array, rows: jax.Array, seeds: jax.Array) -> tuple[Any, Any]:
        shown, labels = images[rows], one_hot[rows]
        for index, (augmenter, generator) in enumerate(zip(self._augmenters, self._generators, strict=True)):
            begun = jnp.stack([seeds[index], jnp.uint32(0)])
            with keras.StatelessScope(state_mapping=[(generator.state, begun)]):
                shown, labels = augmenter.change(shown, labels, generator)
        return shown, labels

    def _step(self, state: State, shown: Any, labels: Any, rate: jax.Array) -> tuple[State, jax.Array, jax.Array]:
        smoothing = self._factors.label_smoothing

        def loss_of(trainable: Any) -> tuple[jax.Array, Any]:
            logits, other = self._call(trainable, state["other"], shown, training=True)
            wanted = labels * (1 - smoothing) + smoothing / self._classes
            return -(wanted * jax.nn.log_softmax(logits)).sum(axis=1).mean(), (logits, other)

        (loss, (logits, other)), gradients = jax.value_and_grad(loss_of, has_aux=True)(state["trainable"])
        held = list(state["optimizer"])
        held[1] = rate  # Keras's order: iterations, learning rate, moments
        trainable, held = self._optimizer.stateless_apply(held, gradients, state["trainable"])
        right = (logits.argmax(axis=1) == labels.argmax(axis=1)).mean()
        return {"trainable": trainable, "other": other, "optimizer": held}, loss, right

    def _settle(
        self, state: State, order: jax.Array, seeds: jax.Array, images: jax.Array, one_hot: jax.Array
    ) -> tuple[list[jax.Array], list[jax.Array]]:
        """Return the sum of each statistic over the batches, each batch's alone, and the variables beside."""
        places = self._list_statistics()

        def add(carried: Any, drawn: tuple[jax.Array, jax.Array]) -> tuple[Any, None]:
            sums, other = carried
            shown, _ = self._draw(images, one_hot, *drawn)
            emptied = [jnp.zeros_like(value) if index in places else value for index, value in enumerate(other)]
            _, other = self._call(state["trainable"], emptied, shown, training=True)
            parts = zip(sums, places.items(), strict=True)
            return ([total + other[index] / weight for total, (index, weight) in parts], other), None

        begun = [jnp.zeros_like(state["other"][index]) for index in places]
        return jax.lax.scan(add, (begun, state["other"]), (order, seeds))[0]

    def _list_statistics(self) -> Mapping[int, float]:
        """Return where the statistics of batch normalisation are, and what one batch weighs in each."""
        norms = [layer for layer in self._model.layers if isinstance(layer, keras.layers.BatchNormalization)]
        weights = {id(v): 1 - layer.momentum for layer in norms for v in (layer.moving_mean, layer.moving_variance)}
        variables = enumerate(self._model.non_trainable_variables)
        return {index: weights[id(variable)] for index, variable in variables if id(variable) in weights}

    def _predict(self, trainable: Any, other: Any, images: jax.Array) -> jax.Array:
        return self._call(trainable, other, images, training=False)[0]

    def _call(self, trainable: Any, other: Any, images: Any, training: bool) -> tuple[Any, Any]:
        done: Any = self._model.stateless_call(trainable, other, images, training=training)
        return done


def _state_of(network: Any) -> State:
    owners = {"trainable": network.trainable_variables, "other": network.non_trainable_variables}
    owners |= {"optimizer": network.optimizer.variables}
    return {name: [variable.value for variable in variables] for name, variables in owners.items()}


def _assign(network: Any, state: State) -> None:
    pairs = [(network.trainable_variables, state["trainable"]), (network.non_trainable_variables, state["other"])]
    for variables, values in [*pairs, (network.optimizer.variables, state["optimizer"])]:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def _placed(feed: Feed) -> tuple[jax.Array, jax.Array]:
    """Return the images and labels of `feed` on the device."""
    path = getattr(feed.images, "filename", None)
    images = _place(Path(path)) if path else jax.device_put(feed.images)
    return images, jax.device_put(feed.one_hot)


@lru_cache(maxsize=1)
def _place(path: Path) -> jax.Array:
    return jax.device_put(np.load(path))
