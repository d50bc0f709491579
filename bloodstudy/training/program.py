"""What engine=jax trains with: an epoch of one trial as one compiled program, the images on the device.

In: a network by its name and factors; a trial's state, orders and seeds. Out: the state after an epoch; settled
statistics of batch normalisation; logits. What differs between the trials of an arm, seeds, rates and images, are
arguments of the program, so that an arm is compiled once for each number of steps. Imported where JAX is alone.

The last batch of an epoch is filled up with the first images of the same epoch: all batches are of one size, and no
arithmetic needs to know which images count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from bloodstudy import model
from bloodstudy.config.schema import Factors
from bloodstudy.model.augment import Augmenter, seed_of_layers
from bloodstudy.training.assignment import shape_of
from bloodstudy.training.batches import Feed
from bloodstudy.training.epochs import Epoch, Member
from bloodstudy.training.optimizer import Course, make_optimizer
from bloodstudy.training.patches import rewrite
from bloodstudy.training.program_state import State, assign, placed, state_of

MEASURED = 256  # images a batch when measuring
_built: dict[tuple[Any, ...], Program] = {}


def program_for(name: str, factors: Factors, input_shape: tuple[int, int, int], classes: int) -> Program:
    """Return the program of all trials that differ from these in seed, rate, schedule and epochs alone."""
    shared = shape_of(factors)
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
        self._sizes: dict[str, list[dict[str, Any]]] = {}  # what augmenters draw beside arrays, by their level
        self._generators = [keras.random.SeedGenerator(0) for _ in self._augmenters]
        self._epoch = jax.jit(self.train_steps, donate_argnums=0)
        self._settled = jax.jit(self._settle)
        self._logits = jax.jit(self._predict)

    def train(self, members: Sequence[Member]) -> list[Epoch]:
        """Train each network for its epoch, one after another."""
        done: list[Epoch] = []
        for member in members:
            steps = self.list_steps(member)
            state, told = self._epoch(state_of(member.network), *steps, *placed(member.feed))
            assign(member.network, state)
            done.append(summarise(told, len(steps[0])))
        return done

    def list_steps(self, member: Member) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the rows (steps, B), the seeds (steps, augmenters) and the rates (steps,) of an epoch."""
        order, seeds = self._plan(member.feed, member.epoch)
        factors, steps = member.factors, len(order)
        course = Course(factors.lr, steps * factors.epochs, factors.schedule, factors.warmup)
        return order, seeds, np.asarray(course(np.arange(member.epoch * steps, (member.epoch + 1) * steps)))

    def settle(self, network: Any, feed: Feed, epoch: int, batches: int) -> None:
        """Set the statistics of batch normalisation as `training.precise_batch_norm` says."""
        places = self._list_statistics()
        if not places:
            return
        plans = [self._plan(feed, epoch)]
        while sum(len(order) for order, _ in plans) < batches:
            plans.append(self._plan(feed, epoch + len(plans)))
        order, seeds = (np.concatenate(parts)[:batches] for parts in zip(*plans, strict=True))
        state = state_of(network)
        sums, state["other"] = self._settled(state, order, seeds, *placed(feed))
        for index, total in zip(places, sums, strict=True):
            state["other"][index] = total / batches
        assign(network, state)

    def predict(self, network: Any, images: np.ndarray) -> np.ndarray:
        """Return the logits, float32 (N, classes), of uint8 images (N, H, W, C), N at most MEASURED."""
        whole = np.zeros((MEASURED, *images.shape[1:]), "uint8")
        whole[: len(images)] = images
        state = state_of(network)
        return np.asarray(self._logits(state["trainable"], state["other"], whole))[: len(images)]

    def _plan(self, feed: Feed, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows (steps, B) of an epoch, and the seeds (steps, augmenters) of its batches."""
        order, drawn = feed.list_whole(epoch)
        seeds = [[seed_of_layers(int(seed))] * len(self._augmenters) for seed in drawn]
        return order, np.array(seeds, "uint32").reshape(len(order), len(self._augmenters))

    def train_steps(
        self,
        state: State,
        order: jax.Array,
        seeds: jax.Array,
        rates: jax.Array,
        images: jax.Array,
        one_hot: jax.Array,
        does: jax.Array | None = None,
    ) -> tuple[State, tuple[jax.Array, ...]]:
        """Do the steps of an epoch; return the state, and sums of loss and accuracy with the largest loss.

        `does`, bool (steps,), leaves out steps; None: none of them.
        """

        # A loop whose length is known: else a card would ask the host after each step whether to go on.
        def body(carried: Any, of_step: Any) -> tuple[Any, None]:
            state, loss, right, worst = carried
            rows, drawn, rate, counts = of_step
            state, now, correct = self._step(state, *self._change(images, one_hot, rows, drawn), rate)
            after = (state, loss + now, right + correct, jnp.maximum(worst, now))  # no number stays none
            if counts is not None:
                after = jax.tree.map(lambda new, old: jnp.where(counts, new, old), after, carried)
            return after, None

        zero = jnp.float32(0)
        begun, of_steps = (state, zero, zero, zero), (order, self._draw(seeds, images, order), rates, does)
        (state, *told), _ = jax.lax.scan(body, begun, of_steps)
        return state, tuple(told)

    def _draw(self, seeds: jax.Array, images: jax.Array, order: jax.Array) -> list[list[dict[str, jax.Array]]]:
        """Return what each augmenter draws for each step, stacked: for all at once, since it can take loops to draw."""
        shown = images[order[0]]  # whose shape alone counts

        def draw(augmenter: Augmenter, generator: keras.random.SeedGenerator, seed: jax.Array) -> Any:
            begun = jnp.stack([seed, jnp.uint32(0)])
            with keras.StatelessScope(state_mapping=[(generator.state, begun)]):
                drawn = augmenter.draw(shown, generator)
            self._sizes[augmenter.level] = [_pick(own, arrays=False) for own in drawn]
            return [_pick(own, arrays=True) for own in drawn]

        pairs = enumerate(zip(self._augmenters, self._generators, strict=True))
        return [jax.vmap(partial(draw, *pair))(seeds[:, index]) for index, pair in pairs]

    def _change(self, images: jax.Array, one_hot: jax.Array, rows: jax.Array, drawn: Any) -> tuple[Any, Any]:
        shown, labels = images[rows], one_hot[rows]
        for augmenter, arrays in zip(self._augmenters, drawn, strict=True):
            pairs = zip(arrays, self._sizes[augmenter.level], strict=True)
            shown, labels = augmenter.change(shown, labels, [own | sizes for own, sizes in pairs])
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

        def add(carried: Any, of_step: Any) -> tuple[Any, None]:
            sums, other = carried
            shown, _ = self._change(images, one_hot, *of_step)
            emptied = [jnp.zeros_like(value) if index in places else value for index, value in enumerate(other)]
            _, other = self._call(state["trainable"], emptied, shown, training=True)
            parts = zip(sums, places.items(), strict=True)
            return ([total + other[index] / weight for total, (index, weight) in parts], other), None

        begun = [jnp.zeros_like(state["other"][index]) for index in places]
        return jax.lax.scan(add, (begun, state["other"]), (order, self._draw(seeds, images, order)))[0]

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


def summarise(told: Sequence[Any], steps: int) -> Epoch:
    """Return what the sums over the steps of an epoch say."""
    loss, right, worst = (float(value) for value in told)
    return Epoch(loss / steps, right / steps, worst)


def _pick(drawn: Mapping[str, Any], arrays: bool) -> dict[str, Any]:
    return {name: value for name, value in drawn.items() if isinstance(value, jax.Array) is arrays}
