from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from bloodstudy import model  # noqa: E402
from bloodstudy.config.rules import RULES  # noqa: E402
from bloodstudy.config.schema import Factors  # noqa: E402
from bloodstudy.training import backend  # noqa: E402
from bloodstudy.training import fit as fit_module  # noqa: E402
from bloodstudy.training.batches import Feed, Gallery  # noqa: E402
from bloodstudy.training.checkpoint import Checkpoint, Checkpoints  # noqa: E402
from bloodstudy.training.events import EpochTrained, Resumed, Warned  # noqa: E402
from bloodstudy.training.fit import find_best, fit, is_over  # noqa: E402

OPTIMIZERS = RULES["optimizer"].levels
FACTORS = replace(Factors(), image_size=(16, 16), epochs=2, batch_size=8, precision="float32", lr=1e-3)
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (24, 16, 16, 1), dtype="uint8")
ONE_HOT = np.eye(4, dtype="float32")[RNG.integers(0, 4, 24)]


def train(factors, events=None, validation=None, states=None):
    network = model.build("reference", factors, (16, 16, 1), 4)
    feed = Feed(IMAGES, ONE_HOT, np.arange(24), factors.batch_size, factors.seed, model.augmenters(factors, 4))
    report = (events if events is not None else []).append
    return network, fit(network, factors, feed, 24, report, validation, states)


def equal(ours, theirs):
    """Tell whether two lists of variables hold the same numbers to the bit."""
    return all((a.numpy() == b.numpy()).all() for a, b in zip(ours, theirs, strict=True))


def test_history_has_a_row_an_epoch_and_every_epoch_is_reported():
    events = []
    _, fitted = train(FACTORS, events)
    assert [row["epoch"] for row in fitted.rows] == [1, 2]
    assert [event.row["epoch"] for event in events if isinstance(event, EpochTrained)] == [1, 2]
    assert not fitted.diverged
    assert all(row["images_per_second"] > 0 for row in fitted.rows)


@pytest.mark.parametrize("augment", ["none", "rotate", "mixup"])
def test_the_same_seed_gives_the_same_weights_to_the_bit(augment):
    factors = replace(FACTORS, augment=augment, dropout=0.3, conv_dropout=0.1)
    first, second, other = (train(replace(factors, seed=seed))[0].weights for seed in (0, 0, 1))
    assert equal(first, second)
    assert not equal(first, other)


@pytest.mark.parametrize("lr", [1e6, 1e30])
def test_a_loss_that_is_lost_stops_within_the_epoch(lr):
    _, fitted = train(replace(FACTORS, lr=lr, epochs=50))
    assert fitted.diverged.endswith("in epoch 1")
    assert len(fitted.rows) == 1


def test_every_optimizer_of_the_configuration_is_built_and_learns_differently():
    losses = {name: train(replace(FACTORS, optimizer=name))[1].rows[-1]["fit_loss"] for name in OPTIMIZERS}
    assert len(set(losses.values())) == len(losses)


@pytest.mark.parametrize("name", ["adam", "adamw", "nadam", "rmsprop"])
def test_adaptive_optimizers_train_as_on_the_summed_loss_of_the_reference_s_author(name):
    kinds = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW, "nadam": keras.optimizers.Nadam}
    kind = kinds.get(name, keras.optimizers.RMSprop)
    factors = replace(FACTORS, optimizer=name, epochs=1)

    def by_keras(reduction):
        network = model.build("reference", factors, (16, 16, 1), 4)
        feed = Feed(IMAGES, ONE_HOT, np.arange(24), factors.batch_size, factors.seed)
        feed.start_epoch(0)
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, reduction=reduction)
        network.compile(kind(factors.lr), loss, jit_compile=False)
        network.fit(backend.stream(feed), shuffle=False, verbose=0)
        return np.concatenate([array.ravel() for array in network.get_weights()])

    ours = np.concatenate([array.ravel() for array in train(factors)[0].get_weights()])
    summed, mean = by_keras("sum"), by_keras("sum_over_batch_size")
    assert np.abs(ours - summed).max() < 1e-6
    assert np.abs(mean - summed).max() > 1e-4  # with Keras's epsilon undivided the two losses do not train alike


def test_validation_is_measured_after_every_epoch_and_changes_no_weight():
    factors = replace(FACTORS, dropout=0.5, augment="rotate")
    without, fitted = train(factors)
    events, plain = [], fitted.rows
    network, fitted = train(factors, events, Gallery(IMAGES, np.arange(10), ONE_HOT))
    rows = fitted.rows
    assert equal(without.weights, network.weights)
    assert [row["fit_loss"] for row in rows] == [row["fit_loss"] for row in plain]
    assert not any("validation_loss" in row for row in plain)
    reported = [event.row for event in events if isinstance(event, EpochTrained)]
    assert [row["validation_loss"] for row in reported] == [row["validation_loss"] for row in rows]
    logits = network.predict(IMAGES[:10], verbose=0)
    right = logits.argmax(axis=1) == ONE_HOT[:10].argmax(axis=1)
    assert rows[-1]["validation_accuracy"] == pytest.approx(right.mean())
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)(ONE_HOT[:10], logits)
    assert rows[-1]["validation_loss"] == pytest.approx(float(loss), rel=1e-5)


def attempt(factors, states, events=None):
    """One attempt in what stands for a fresh process: Keras names variables by counting from its last clearing."""
    keras.backend.clear_session()
    return train(factors, events, Gallery(IMAGES, np.arange(10), ONE_HOT), states)


@pytest.mark.parametrize(
    "optimizer", [pytest.param(name, marks=() if name == "adam" else pytest.mark.slow) for name in OPTIMIZERS]
)
def test_training_goes_on_from_a_saved_state_to_the_bit(tmp_path, optimizer):
    factors = replace(
        FACTORS, optimizer=optimizer, dropout=0.4, conv_dropout=0.2, norm="batch", augment="mixup",
        precision="bfloat16", epochs=4,
    )  # fmt: skip
    whole, uninterrupted = attempt(factors, None)
    attempt(replace(factors, epochs=2), Checkpoints(tmp_path, {}))
    events = []
    resumed, fitted = attempt(factors, Checkpoints(tmp_path, {}), events)
    assert fitted.resumed_after == 2
    assert (type(events[0]), events[0].epoch, len(events[0].rows)) == (Resumed, 2, 2)
    assert [event.row["epoch"] for event in events if isinstance(event, EpochTrained)] == [3, 4]
    for name in ("fit_loss", "fit_accuracy", "validation_loss"):
        assert [row[name] for row in fitted.rows] == [row[name] for row in uninterrupted.rows]
    assert equal(whole.variables, resumed.variables)
    assert equal(whole.optimizer.variables, resumed.optimizer.variables)
    assert int(resumed.optimizer.iterations) == 4 * 3


@pytest.mark.parametrize("done", [1, 3, 4])
def test_a_course_of_rates_a_mean_of_weights_and_the_best_ones_go_on_to_the_bit(tmp_path, done):
    factors = replace(
        FACTORS, schedule="cosine", warmup=0.25, ema=0.9, weight_decay=0.01, clip_norm=0.5, early_stopping=3, epochs=4,
        class_weight="balanced", label_smoothing=0.1,
    )  # fmt: skip
    whole, uninterrupted = attempt(factors, None)

    class StopError(Exception):
        pass

    class Events(list):
        def append(self, event):
            if isinstance(event, EpochTrained) and event.row["epoch"] == done:
                raise StopError

    with pytest.raises(StopError):
        attempt(factors, Checkpoints(tmp_path, {}), Events())
    resumed, fitted = attempt(factors, Checkpoints(tmp_path, {}))
    assert fitted.resumed_after == done
    for name in ("fit_loss", "fit_accuracy", "validation_loss"):
        assert [row[name] for row in fitted.rows] == [row[name] for row in uninterrupted.rows]
    assert equal(whole.variables, resumed.variables)


def test_training_stops_early_with_the_weights_of_the_best_epoch_and_stays_stopped(tmp_path):
    factors = replace(FACTORS, lr=0.05, early_stopping=2, epochs=50)
    network, fitted = attempt(factors, Checkpoints(tmp_path, {}))
    losses = [row["validation_loss"] for row in fitted.rows]
    assert len(losses) < 50
    assert len(losses) - (np.argmin(losses) + 1) == 2
    scores = network.predict(IMAGES[:10], verbose=0)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)(ONE_HOT[:10], scores)
    assert float(loss) == pytest.approx(min(losses), rel=1e-5)
    again, second = attempt(factors, Checkpoints(tmp_path, {}))
    assert second.rows == fitted.rows
    assert equal(network.weights, again.weights)


def test_the_best_epoch_is_the_first_with_the_lowest_loss():
    rows = [{"epoch": k, "validation_loss": loss} for k, loss in enumerate([3.0, 1.0, 2.0, 1.0, float("nan")], 1)]
    assert [find_best(rows[:k]) for k in range(6)] == [0, 1, 2, 2, 2, 2]
    assert [is_over(rows[:k], 2) for k in range(1, 6)] == [False, False, False, True, True]
    assert find_best([{"epoch": 1, "validation_loss": float("nan")}]) == 0


CHANGED = {"schedule": "linear", "warmup": 0.5, "weight_decay": 0.1, "clip_norm": 0.01, "ema": 0.9,
           "label_smoothing": 0.2, "class_weight": "balanced", "kernel_size": 5, "activation": "elu",
           "initializer": "he_normal"}  # fmt: skip


@pytest.mark.parametrize("name", CHANGED)
def test_another_level_leads_to_other_weights(name):
    neutral, _ = train(FACTORS)
    changed, _ = train(replace(FACTORS, **{name: CHANGED[name]}))
    ours, theirs = (network.get_layer("logits").get_weights()[0] for network in (neutral, changed))
    assert not np.array_equal(ours, theirs)


def test_without_the_seeds_of_the_dropout_it_would_not_be_to_the_bit(tmp_path):
    factors = replace(FACTORS, dropout=0.4, epochs=2)
    _, uninterrupted = attempt(factors, None)
    states = Checkpoints(tmp_path, {})
    network, _ = attempt(replace(factors, epochs=1), states)
    saved = states.read(fit_module._values(network), pytest.fail)
    (seed,) = [name for name in saved.variables if "seed" in name]
    states.write(Checkpoint(1, saved.rows, saved.variables | {seed: saved.variables[seed] + 1}))
    _, fitted = attempt(factors, states)
    assert fitted.rows[1]["fit_loss"] != uninterrupted.rows[1]["fit_loss"]


def test_a_trained_trial_is_not_trained_again(tmp_path):
    network, first = attempt(FACTORS, Checkpoints(tmp_path, {}))
    events = []
    again, second = attempt(FACTORS, Checkpoints(tmp_path, {}), events)
    assert [type(event) for event in events] == [Resumed]
    assert second.rows == first.rows
    assert equal(network.weights, again.weights)


def test_a_state_that_does_not_fit_is_told_and_training_starts_anew(tmp_path):
    attempt(replace(FACTORS, optimizer="sgd"), Checkpoints(tmp_path, {}))
    events = []
    _, fitted = attempt(FACTORS, Checkpoints(tmp_path, {}), events)
    assert isinstance(events[0], Warned)
    assert fitted.resumed_after == 0
    assert fitted.rows[0]["fit_loss"] == attempt(FACTORS, None)[1].rows[0]["fit_loss"]


def test_a_state_is_never_saved_once_the_numbers_are_left(tmp_path):
    states = Checkpoints(tmp_path, {})
    network, _ = attempt(replace(FACTORS, epochs=2), states)
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    saved = states.read(fit_module._values(network), pytest.fail)
    broken = saved.variables | {"model/0000/conv_1/kernel": np.full((3, 3, 1, 16), np.inf, "float32")}
    states.write(Checkpoint(2, saved.rows, broken))
    _, fitted = attempt(replace(FACTORS, epochs=9), states)
    assert fitted.diverged == "a weight was no finite number in epoch 3", "though ReLU hides it from the loss"
    assert len(fitted.rows) == 3
    assert np.isfinite([row["fit_loss"] for row in fitted.rows]).all()
    assert (tmp_path / "state-1.npz").read_bytes() == kept["state-1.npz"]
