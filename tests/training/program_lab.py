"""What test_program.py asks of programs of JAX, in a process of its own: Keras has one backend a process.

python tests/training/program_lab.py FOLDER      writes FOLDER/measured.json
"""

# ruff: noqa: E402  (the backend is chosen before anything imports Keras)

from __future__ import annotations

import contextlib
import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bloodstudy.training import backend

warnings.simplefilter("error")
warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)  # of Keras itself
backend.set_up(1, "jax")  # before anything else imports Keras

import jax
import keras
import numpy as np

from bloodstudy import files, model
from bloodstudy.config.schema import Factors
from bloodstudy.model.augment import Augmenter, seed_of_layers
from bloodstudy.training import epochs, program
from bloodstudy.training.batches import Feed, Gallery
from bloodstudy.training.checkpoint import Checkpoints
from bloodstudy.training.epochs import Member
from bloodstudy.training.fit import Training, fit, fit_all
from bloodstudy.training.group import Group, group_for
from bloodstudy.training.optimizer import make_optimizer
from bloodstudy.training.program import program_for

CLASSES, SHAPE, TRAINED = 4, (24, 32, 3), 80
BASE = Factors(
    image_size=SHAPE[:2], colour="rgb", precision="float32", engine="jax", epochs=2, batch_size=20, norm="batch",
    depth=2, schedule="cosine", warmup=0.1, lr=3e-3, width=0.5, seed=3,
)  # fmt: skip
CHANGES: dict[str, dict[str, Any]] = {
    "as it is": {},
    "average, flip": {"pooling": "average", "augment": "flip", "optimizer": "adamw", "weight_decay": 0.01},
    "strided, affine": {"pooling": "strided", "augment": "affine", "label_smoothing": 0.1, "clip_norm": 1.0},
    "none, mixup": {"pooling": "none", "padding": "valid", "augment": "mixup", "head": "average"},
    "overlap, kernel 4": {"pooling": "overlap", "kernel_size": 4, "norm": "lrn", "activation": "gelu"},
}
_generator = np.random.default_rng(0)
LABELS = _generator.integers(0, CLASSES, 120)
IMAGES = (_generator.integers(0, 80, (120, *SHAPE)) + 40 * LABELS[:, None, None, None]).astype("uint8")
ONE_HOT = np.eye(CLASSES, dtype="float32")[LABELS]


def build(factors: Factors) -> Any:
    """Return the network of `factors`, not compiled."""
    return model.build("reference", factors, SHAPE, CLASSES)


def feed_of(factors: Factors, images: int = TRAINED) -> Feed:
    """Return the feed of the first images."""
    augmenters = model.augmenters(factors, CLASSES)
    return Feed(IMAGES, ONE_HOT, np.arange(images), factors.batch_size, factors.seed, augmenters)


def train(factors: Factors, trainer: Any = None, images: int = TRAINED, **options: Any) -> tuple[Any, Any]:
    """Train by a program; return the network and what `fit` tells."""
    keras.backend.clear_session()  # as between the trials of a worker
    network = build(factors)
    trainer = trainer or program_for("reference", factors, SHAPE, CLASSES)
    return network, fit(network, factors, feed_of(factors, images), images, ignore, trainer=trainer, **options)


def ignore(event: Any) -> None:
    """Do nothing with an event."""


def weights(network: Any) -> list[np.ndarray]:
    """Return all weights, the statistics of batch normalisation among them."""
    return [np.asarray(variable.value).copy() for variable in network.weights]


def apart(one: Any, other: Any) -> float:
    """Return how far the weights of two networks are apart at the most."""
    return max(float(np.abs(a - b).max()) for a, b in zip(weights(one), weights(other), strict=True))


def compare(factors: Factors) -> dict[str, float]:
    """Train once by a program and once by plain steps of Keras's own layers; return how far the two are apart."""
    network, fitted = train(factors)
    plain = build(factors)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=factors.label_smoothing)
    plain.compile(make_optimizer(factors, TRAINED // factors.batch_size), loss)
    feed, losses = feed_of(factors), []
    for epoch in range(factors.epochs):
        feed.start_epoch(epoch)
        losses.append(np.mean([float(plain.train_on_batch(*feed[i])) for i in range(len(feed))]))
    told = [row["fit_loss"] for row in fitted.rows]
    trainer, shown = program_for("reference", factors, SHAPE, CLASSES), IMAGES[80:103]
    # Not the weights, nor the moving means: nothing says where biases before a normalisation go but rounding.
    apart = float(np.abs(np.asarray(plain(shown, training=True)) - np.asarray(network(shown, training=True))).max())
    logits = np.abs(trainer.predict(network, shown) - np.asarray(network(shown, training=False))).max()
    trainer.settle(network, feed, factors.epochs, 6)  # of four batches an epoch: it goes on with the next one
    return {
        "apart": apart, "learnt": losses[0] - losses[-1], "loss": abs(losses[-1] - told[-1]),
        "logits": float(logits), "settled": _check_settled(network, factors),
    }  # fmt: skip


def _check_settled(settled: Any, factors: Factors) -> float:
    """Return how far settled statistics are from means over six batches, made layer by layer."""
    feed, found = feed_of(factors), 0.0
    norms = [layer for layer in settled.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in norms:
        inner, means, variances = keras.Model(settled.input, norm.input), [], []
        for number in range(6):
            feed.start_epoch(factors.epochs + number // 4)
            if norm is norms[0]:  # what comes before others depends on how these normalise
                values = np.asarray(inner(feed[number % 4][0], training=True))
                means.append(values.mean(axis=(0, 1, 2)))
                variances.append(values.var(axis=(0, 1, 2)))
        if means:
            own = settled.get_layer(norm.name)
            found = max(found, float(np.abs(np.mean(means, axis=0) - np.asarray(own.moving_mean.value)).max()))
            found = max(found, float(np.abs(np.mean(variances, axis=0) - np.asarray(own.moving_variance.value)).max()))
    return found


class TrainingEndedError(Exception):
    """Ends a training."""


def resume(folder: Path) -> float:
    """Train with an interruption after the first of three epochs; return how far that is from one without."""
    factors = replace(BASE, epochs=3, dropout=0.3, augment="affine")
    states, trainer = Checkpoints(folder, {"a": "b"}), program_for("reference", factors, SHAPE, CLASSES)
    whole, _ = train(factors, trainer)

    class Stops:
        def train(self, members: Any) -> Any:
            if members[0].epoch == 1:
                raise TrainingEndedError
            return trainer.train(members)

        predict = trainer.predict

    kept, epochs.SAVED_EVERY_S = epochs.SAVED_EVERY_S, 0.0
    with contextlib.suppress(TrainingEndedError):
        train(factors, Stops(), states=states)
    again, fitted = train(factors, trainer, states=states)
    epochs.SAVED_EVERY_S = kept
    assert fitted.resumed_after == 1
    return apart(whole, again)


def augment() -> dict[str, int]:
    """Return by how many levels of 255 a batch changed in a program differs from one changed outside, at the most."""
    found = {}
    for level in ("flip", "rotate", "shift", "affine", "colour", "mixup"):
        augmenter = Augmenter.of(level, 3, CLASSES)
        generator = keras.random.SeedGenerator(0)

        @jax.jit
        def change(images: Any, labels: Any, seed: Any, augmenter: Any = augmenter, generator: Any = generator) -> Any:
            begun = jax.numpy.stack([seed, jax.numpy.uint32(0)])
            with keras.StatelessScope(state_mapping=[(generator.state, begun)]):
                return augmenter.change(images, labels, augmenter.draw(images, generator))

        inside = change(IMAGES[:20], ONE_HOT[:20], np.uint32(seed_of_layers(11)))
        outside = augmenter(IMAGES[:20], ONE_HOT[:20], 11)
        assert np.allclose(np.asarray(inside[1]), outside[1], atol=1e-6)
        found[level] = int(np.abs(np.asarray(inside[0]).astype(int) - outside[0].astype(int)).max())
    return found


TOGETHER = replace(BASE, epochs=3, dropout=0.3, conv_dropout=0.1, augment="affine")
RATES = {3: 3e-3, 4: 1e-2, 5: 1e-3, 6: 3e-3, 7: 1e30}  # by seed: the last one diverges
LENGTHS = {3: 80, 4: 80, 5: 60, 6: 75, 7: 80}  # images: one batch less, and a batch that is not whole


def train_together(seeds: Sequence[int], size: int, folder: Path | None = None, stop: int = 9) -> dict[int, Any]:
    """Train trials of these seeds in a group for `size`; return their networks and what `fit` tells, by seed.

    With a folder each saves its states there. One that would begin the epoch `stop` ends all of them.
    """
    begun = {}
    for seed in seeds:
        keras.backend.clear_session(free_memory=False)  # as between the trials of a worker
        own = replace(TOGETHER, seed=seed, lr=RATES[seed])
        states = Checkpoints(files.make_folder(folder / str(seed)), {"a": "b"}) if folder else None
        what = build(own), own, feed_of(own, LENGTHS[seed]), LENGTHS[seed], ignore
        begun[seed] = Training(*what, states=states, trained=True)
    trainer = group_for(program_for("reference", TOGETHER, SHAPE, CLASSES), size)

    class Stops:
        def train(self, members: Any) -> Any:
            if any(member.epoch == stop for member in members):
                raise TrainingEndedError
            return trainer.train(members)

        predict = trainer.predict

    fit_all(list(begun.values()), Stops())
    return {seed: (training.underway.model, training.end()) for seed, training in begun.items()}


def group(folder: Path) -> dict[str, Any]:
    """Return how far trials that were trained side by side are from others."""
    alone = {seed: train(replace(TOGETHER, seed=seed, lr=RATES[seed]), images=LENGTHS[seed])[0] for seed in (3, 4, 5)}
    three, turned, five = train_together((3, 4, 5), 3), train_together((4, 3), 3), train_together((6, 7, 3, 5), 5)
    found: dict[str, Any] = {"alone": [apart(three[seed][0], network) for seed, network in alone.items()]}
    found["other number"] = [apart(five[seed][0], alone[seed]) for seed in (3, 5)]
    found["other neighbours"] = [apart(three[seed][0], turned[seed][0]) for seed in (3, 4)]
    found["moved"] = apart(three[3][0], three[4][0])
    found["lost"] = [five[seed][1].diverged for seed in (3, 5, 6, 7)]
    own = three[4][1].rows[-1]["fit_loss"]
    told = train(replace(TOGETHER, seed=4, lr=RATES[4]))[1].rows[-1]["fit_loss"]
    found["loss"] = abs(own - told)
    epochs.SAVED_EVERY_S = 0.0
    for seeds, stop in (((3, 4, 5), 1), ((3, 5), 2)):  # after which one is an epoch behind
        with contextlib.suppress(TrainingEndedError):
            train_together(seeds, 3, folder, stop)
    again = train_together((3, 4, 5), 3, folder)
    found["resumed"] = [again[seed][1].resumed_after for seed in again]
    found["again"] = [apart(again[seed][0], three[seed][0]) for seed in again]
    return found


def starve() -> list[Any]:
    """Return what a group does whose memory suffices for two trials."""
    program = program_for("reference", TOGETHER, SHAPE, CLASSES)
    group, whole, tried = Group(program, 5), Group._train_some, []

    def train_some(self: Group, members: Any) -> Any:
        tried.append(self.size)
        if self.size > 2:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: out of memory while trying to allocate")
        return whole(self, members)

    Group._train_some = train_some
    members = []
    for seed in (3, 4, 5):
        own = replace(TOGETHER, seed=seed, lr=RATES[seed])
        training = Training(build(own), own, feed_of(own), TRAINED, ignore, trained=True)
        members.append(Member(training.underway.model, own, feed_of(own), 0))
    done = group.train(members)
    Group._train_some = whole
    return [tried, group.size, len(done), all(np.isfinite(epoch.loss) for epoch in done)]


def main(folder: Path) -> None:
    """Measure all, and write it."""
    measured: dict[str, Any] = {name: compare(replace(BASE, **change)) for name, change in CHANGES.items()}
    dropped = replace(BASE, dropout=0.3, conv_dropout=0.1)
    first, again = (train(dropped)[0] for _ in range(2))
    others = replace(dropped, seed=9, lr=1e-2, epochs=5, schedule="linear", warmup=0.0)
    first_program = program_for("reference", dropped, SHAPE, CLASSES)
    program._built.clear()  # so that the same is built from the other trial's factors
    among = program_for("reference", others, SHAPE, CLASSES)
    assert among is not first_program
    measured["again"] = apart(first, again)
    measured["by the program of another trial"] = apart(first, train(dropped, among)[0])
    measured["another seed"] = apart(first, train(replace(dropped, seed=4))[0])
    measured["resumed"] = resume(folder)
    measured["augmented"] = augment()
    with_rest = feed_of(BASE, 50).list_whole(0)[0]  # ten images are left for the third batch
    twice = set(with_rest[2]) & set(np.ravel(with_rest[:2]))
    measured["filled up"] = [*with_rest.shape, len(set(np.ravel(with_rest).tolist())), len(twice)]
    lost = train(replace(BASE, lr=1e30))[1]
    measured["diverged"] = [lost.diverged, len(lost.rows)]
    validation = Gallery(IMAGES, np.arange(80, 120), ONE_HOT)
    network, fitted = train(replace(BASE, label_smoothing=0.1), validation=validation)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    logits = network(IMAGES[80:], training=False)
    measured["validation"] = [
        [fitted.rows[-1]["validation_loss"], float(loss(ONE_HOT[80:], logits))],
        [fitted.rows[-1]["validation_accuracy"], float((np.asarray(logits).argmax(axis=1) == LABELS[80:]).mean())],
    ]
    measured["group"], measured["starved"] = group(folder), starve()
    (folder / "measured.json").write_text(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
