from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from bloodstudy import model  # noqa: E402
from bloodstudy.config import RULES, Factors  # noqa: E402
from bloodstudy.training.feed import Feed, Gallery  # noqa: E402
from bloodstudy.training.fit import OPTIMIZERS, fit  # noqa: E402

FACTORS = replace(Factors(), image_size=(16, 16), epochs=2, batch_size=8, precision="float32", lr=1e-3)
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (24, 16, 16, 1), dtype="uint8")
ONE_HOT = np.eye(4, dtype="float32")[RNG.integers(0, 4, 24)]


def train(factors, events=None, validation=None):
    network = model.build("reference", factors, (16, 16, 1), 4)
    augmenter = model.augmenter(factors, 4)
    feed = Feed(IMAGES, ONE_HOT, np.arange(24), factors.batch_size, factors.seed, augmenter)
    rows, diverged = fit(network, factors, feed, 24, (events if events is not None else []).append, validation)
    return network, rows, diverged


def test_history_has_a_row_an_epoch_and_every_epoch_is_reported():
    events = []
    _, rows, diverged = train(FACTORS, events)
    assert [row["epoch"] for row in rows] == [1, 2]
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == [1, 2]
    assert not diverged
    assert all(row["images_per_second"] > 0 for row in rows)


@pytest.mark.parametrize("augment", ["none", "rotate", "mixup"])
def test_the_same_seed_gives_the_same_weights_to_the_bit(augment):
    factors = replace(FACTORS, augment=augment, dropout=0.3, conv_dropout=0.1)
    first, second = (train(factors)[0].get_weights() for _ in range(2))
    other = train(replace(factors, seed=1))[0].get_weights()
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_a_loss_that_is_no_number_stops_within_the_epoch():
    _, rows, diverged = train(replace(FACTORS, lr=1e30, epochs=50))
    assert diverged
    assert len(rows) < 50


def test_every_optimizer_of_the_configuration_is_built_and_learns_differently():
    assert set(OPTIMIZERS) == set(RULES["optimizer"].levels)
    losses = {name: train(replace(FACTORS, optimizer=name))[1][-1]["fit_loss"] for name in OPTIMIZERS}
    assert len(set(losses.values())) == len(losses)


def test_validation_is_measured_after_every_epoch_and_changes_no_weight():
    factors = replace(FACTORS, dropout=0.5, augment="rotate")
    without, plain, _ = train(factors)
    events = []
    network, rows, _ = train(factors, events, Gallery(IMAGES, np.arange(10), ONE_HOT))
    assert all((a == b).all() for a, b in zip(without.get_weights(), network.get_weights(), strict=True))
    assert [row["fit_loss"] for row in rows] == [row["fit_loss"] for row in plain]
    assert not any("validation_loss" in row for row in plain)
    assert [e["validation_loss"] for e in events if e["event"] == "epoch"] == [row["validation_loss"] for row in rows]
    logits = network.predict(IMAGES[:10], verbose=0)
    right = logits.argmax(axis=1) == ONE_HOT[:10].argmax(axis=1)
    assert rows[-1]["validation_accuracy"] == pytest.approx(right.mean())
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)(ONE_HOT[:10], logits)
    assert rows[-1]["validation_loss"] == pytest.approx(float(loss), rel=1e-5)
