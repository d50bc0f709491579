"""Batch normalisation measured with the statistics of the final weights."""

import keras
import numpy as np
import pytest

from bloodstudy.training.batches import Feed
from bloodstudy.training.precise_batch_norm import BATCHES, set_precise_statistics

RNG = np.random.default_rng(3)
IMAGES = RNG.integers(0, 256, (60, 6, 8, 1), dtype="uint8")
ONE_HOT = np.eye(2, dtype="float32")[np.arange(60) % 2]


@pytest.fixture(scope="module")
def build():
    """Return a function that makes a network, with some weights that are not the first ones."""

    def built(*middle, dropout=0.0):
        keras.utils.set_random_seed(1)
        layers = [keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(3, 3), *middle, keras.layers.Flatten()]
        layers += [keras.layers.Dropout(dropout, seed=5), keras.layers.Dense(2)]
        model = keras.Sequential([keras.Input((6, 8, 1), dtype="uint8"), *layers])
        model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
        model.fit(make_feed(), epochs=2, verbose=0, shuffle=False)
        return model

    return built


def make_feed(batch_size=20):
    return Feed(IMAGES, ONE_HOT, np.arange(60), batch_size, seed=4)


def remember(model):
    return {variable.path: variable.numpy() for variable in model.variables}


@pytest.mark.parametrize("momentum", [0.9, 0.99])
def test_statistics_are_those_of_the_final_weights_whatever_the_momentum(build, momentum):
    norm = keras.layers.BatchNormalization(momentum=momentum)
    model, feed = build(norm), make_feed()
    first = keras.Model(model.inputs[0], norm.input)
    set_precise_statistics(model, feed, epoch=2)
    batches = []
    for epoch in range(2, 2 + BATCHES):
        feed.start_epoch(epoch)
        batches += [np.asarray(first(feed[position][0])) for position in range(len(feed))]
    maps = batches[:BATCHES]
    assert norm.moving_mean.numpy() == pytest.approx(np.mean([m.mean((0, 1, 2)) for m in maps], axis=0), abs=1e-5)
    assert norm.moving_variance.numpy() == pytest.approx(np.mean([m.var((0, 1, 2)) for m in maps], axis=0), rel=1e-4)


def test_weights_stay_and_the_same_feed_gives_the_same_statistics(build):
    model = build(keras.layers.BatchNormalization(name="norm"))
    before = remember(model)
    set_precise_statistics(model, make_feed(), 2)
    after = remember(model)
    changed = {path for path, values in after.items() if not np.array_equal(values, before[path])}
    assert {path.rsplit("/", 1)[-1] for path in changed} == {"moving_mean", "moving_variance"}
    set_precise_statistics(model, make_feed(), 2)
    assert all(np.array_equal(values, after[path]) for path, values in remember(model).items())


def test_what_is_frozen_stays_and_what_stands_inside_another_model_is_found(build):
    inner = keras.layers.BatchNormalization()
    frozen = keras.layers.BatchNormalization(trainable=False)
    model = build(keras.Sequential([inner, keras.layers.ReLU()]), frozen)
    kept, lagging = frozen.moving_mean.numpy(), inner.moving_mean.numpy()
    set_precise_statistics(model, make_feed(), 2)
    assert np.array_equal(frozen.moving_mean.numpy(), kept)
    assert not np.array_equal(inner.moving_mean.numpy(), lagging)


def test_without_batch_normalisation_nothing_is_looked_at(build):
    class Untouched(Feed):
        def __getitem__(self, position):
            raise AssertionError("a batch was drawn")

    model = build(keras.layers.ReLU())
    before = remember(model)
    set_precise_statistics(model, Untouched(IMAGES, ONE_HOT, np.arange(60), 20, seed=4), 2)
    assert all(np.array_equal(values, before[path]) for path, values in remember(model).items())
