"""What a user's own factors change in a training: nothing at the neutral level, their own part at any other."""

from dataclasses import replace
from pathlib import Path

import keras
import lab
import numpy as np
import pandas as pd
import pytest

from bloodstudy import model
from bloodstudy.config.schema import Factors
from bloodstudy.errors import UserError
from bloodstudy.training.assignment import Assignment
from bloodstudy.training.batches import Feed, Gallery
from bloodstudy.training.fit import fit
from bloodstudy.training.hooks import make_hooks

IMAGES = np.random.default_rng(5).integers(0, 256, (24, 16, 16, 1), "uint8")
ONE_HOT = np.eye(4, dtype="float32")[np.arange(24) % 4]
PARTS = {
    "image": "keras.layers.GaussianNoise(level / 10)",
    "batch": "Swapped()",
    "block_end": "keras.layers.Dropout(level / 4)",
    "head": "keras.layers.GlobalMaxPooling2D()",
    "optimizer": "keras.optimizers.SGD(level / 10)",
    "loss": "keras.losses.CategoricalFocalCrossentropy(from_logits=True)",
    "schedule": "keras.optimizers.schedules.ExponentialDecay(0.01, context.steps, 0.5)",
    "callbacks": "[keras.callbacks.LambdaCallback(on_epoch_begin=halve(context))]",
    "class_weight": "{k: 1.0 + k for k in range(context.classes)}",
}
TEXT = """
import keras
import bloodstudy as bs

class Swapped(keras.layers.Layer):
    def call(self, batch, training=None):
        images, labels = batch
        return images[:, :, ::-1], keras.ops.roll(labels, 1, axis=1)

class _Halve(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate.assign(self.model.optimizer.learning_rate / 2)
""" + "\n".join(
    f'bs.factor("own_{hook}", levels=bs.Whole(0, 3), neutral=0, hook="{hook}", doc="of a test", '
    f"build=lambda level, context: {built if hook != 'callbacks' else '[_Halve()]'})"
    for hook, built in PARTS.items()
)


FLIPS = "Pipeline([keras.layers.RandomFlip('horizontal'), keras.layers.RandomFlip('vertical')])"
ROUGH = """
import numpy as np
class Rough(keras.layers.Layer):
    def call(self, x, training=None):
        return x + np.random.default_rng(np.random.randint(99999)).normal(size=x.shape).astype("float32") / 10
"""


@pytest.fixture(autouse=True)
def extension(tmp_path):
    with lab.extended(tmp_path, TEXT) as extension:
        yield extension


def assign(**levels) -> Assignment:
    own = {f"own_{hook}": 0 for hook in PARTS} | levels
    factors = Factors(precision="float32", image_size=(16, 16), depth=2, norm="none", batch_size=8, epochs=2, own=own)
    return Assignment(Path("f" * 16), "reference", factors, tuple("abcd"), Path("none"), pd.DataFrame())


def train(assignment: Assignment):
    """Train it; return the weights, the names of the layers and what the network says of the images."""
    hooks = make_hooks(assignment, 3)
    network = model.build(assignment.model, assignment.factors, (16, 16, 1), 4, hooks.parts)
    feed = Feed(IMAGES, ONE_HOT, np.arange(24), 8, 0, hooks.training)
    fit(network, assignment.factors, feed, 24, lambda event: None, hooks=hooks)
    return network.get_weights(), [layer.name for layer in network.layers]


@pytest.fixture(scope="module")
def plain():
    """What a training without any extension gives."""
    factors = replace(assign().factors, own={})
    network = model.build("reference", factors, (16, 16, 1), 4)
    fit(network, factors, Feed(IMAGES, ONE_HOT, np.arange(24), 8, 0), 24, lambda event: None)
    return network.get_weights(), [layer.name for layer in network.layers]


def same(one, other):
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_at_the_neutral_level_nothing_changes(plain):
    weights, names = train(assign())
    assert same(weights, plain[0])
    assert names == plain[1]


@pytest.mark.parametrize("hook", PARTS)
def test_at_another_level_it_leads_to_other_weights_which_are_the_same_each_time(plain, hook):
    first, again = (train(assign(**{f"own_{hook}": 1}))[0] for _ in range(2))
    assert not same(first, plain[0])
    assert same(first, again)


def test_the_layers_at_the_end_of_each_block_and_in_place_of_the_head_are_there():
    _, names = train(assign(own_block_end=1, own_head=1))
    assert sum("dropout" in name for name in names) == 2
    assert "head" not in names
    assert any("global_max" in name for name in names)


def test_layers_of_several_blocks_draw_from_seeds_of_their_own():
    layers = [make() for make in make_hooks(assign(own_block_end=1), 3).parts.block_end * 3]
    again = [make() for make in make_hooks(assign(own_block_end=1), 3).parts.block_end * 3]
    seeds = [int(layer.seed_generator.state.numpy()[0]) for layer in layers]
    assert len(set(seeds)) == 3
    assert seeds == [int(layer.seed_generator.state.numpy()[0]) for layer in again]


def test_what_is_fed_is_a_function_of_seed_epoch_and_position_alone():
    hooks = make_hooks(assign(own_image=2), 3)
    feed = Feed(IMAGES, ONE_HOT, np.arange(24), 8, 7, hooks.training)
    feed.start_epoch(1)
    first, other = feed[0][0], feed[1][0]
    assert first.dtype == np.uint8
    assert not np.array_equal(first, IMAGES[np.sort(np.random.default_rng([7, 1]).permutation(24)[:8])])
    assert not np.array_equal(first, other)
    fresh = Feed(IMAGES, ONE_HOT, np.arange(24), 8, 7, make_hooks(assign(own_image=2), 3).training)
    fresh.start_epoch(1)
    np.testing.assert_array_equal(fresh[0][0], first)


def test_random_layers_of_one_hook_and_of_several_are_independent(tmp_path):
    text = TEXT.replace("own_", "pair_").replace("GaussianNoise(level / 10)", FLIPS)
    with lab.extended(tmp_path, text):
        pair = {f"pair_{hook}": 0 for hook in PARTS}
        (layer,) = make_hooks(assign(**pair | {"pair_image": 1}), 3).training
        corner = np.zeros((1, 4, 4, 1), "uint8")
        corner[0, 0, 0] = 255
        shown = [layer(corner, ONE_HOT[:1], seed)[0] for seed in range(40)]
    assert len({int(np.argmax(image)) for image in shown}) == 4


def test_numpy_s_own_generator_is_a_function_of_the_seed_too(tmp_path):
    text = TEXT.replace("own_", "np_").replace("keras.layers.GaussianNoise(level / 10)", "Rough()") + ROUGH
    with lab.extended(tmp_path, text):
        levels = {f"np_{hook}": 0 for hook in PARTS} | {"np_image": 1}
        (layer,) = make_hooks(assign(**levels), 3).training
        first, other, again = (layer(IMAGES, ONE_HOT, seed)[0] for seed in (1, 2, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_images_on_another_scale_are_refused(tmp_path):
    text = TEXT.replace("own_", "big_").replace("GaussianNoise(level / 10)", "Rescaling(255.0)")
    with lab.extended(tmp_path, text):
        levels = {f"big_{hook}": 0 for hook in PARTS} | {"big_image": 1}
        (layer,) = make_hooks(assign(**levels), 3).training
        with pytest.raises(ValueError, match="expected images from 0 to 1"):
            layer(IMAGES, ONE_HOT, 1)


@pytest.mark.parametrize(
    ("hook", "built", "says"),
    [
        ("class_weight", "{0: 5.0}", r"a weight of 0 or more by the number of each class.*received \{0: 5.0\}"),
        ("class_weight", "{k: -1.0 for k in range(4)}", "a weight of 0 or more"),
        ("class_weight", "{}", r"received \{\}"),
        ("callbacks", "[1, 2]", r"a Keras callback or a list of them.*received \[1, 2\]"),
    ],
)
def test_weights_and_callbacks_are_looked_at_one_by_one(tmp_path, hook, built, says):
    row = f'bs.factor("odd", levels=bs.Whole(0, 1), neutral=0, hook="{hook}", doc="none", build=lambda l, c: {built})'
    with lab.extended(tmp_path, "import bloodstudy as bs\n" + row), pytest.raises(UserError, match=says):
        make_hooks(assign(odd=1), 3)


def test_what_a_callback_or_a_loss_remembers_is_in_no_state():
    resumable = {hook: make_hooks(assign(**{f"own_{hook}": 1}), 3).resumable for hook in PARTS}
    assert [hook for hook, may in resumable.items() if not may] == ["loss", "callbacks"]


def test_labels_may_be_changed_with_the_images():
    images, labels = Feed(IMAGES, ONE_HOT, np.arange(24), 24, 7, make_hooks(assign(own_batch=1), 3).training)[0]
    np.testing.assert_array_equal(images, IMAGES[:, :, ::-1])
    np.testing.assert_array_equal(labels, np.roll(ONE_HOT, 1, axis=1))


def test_a_layer_for_training_is_left_out_when_measuring_and_one_for_always_is_not(tmp_path):
    assert make_hooks(assign(own_image=2), 3).measuring == []
    text = TEXT.replace('hook="image", doc', 'hook="image", when="always", doc').replace("own_", "ever_")
    with lab.extended(tmp_path, text.replace("GaussianNoise(level / 10)", "Rescaling(0.5)")):
        ever = {f"ever_{hook}": 0 for hook in PARTS}
        layers = make_hooks(assign(**ever | {"ever_image": 1}), 3).measuring
        (shown,) = Gallery(IMAGES, layers=layers)[0]
    np.testing.assert_array_equal(shown, np.rint(IMAGES / 255 * 0.5 * 255).astype("uint8"))


def test_a_schedule_is_the_optimizer_s_rate():
    hooks = make_hooks(assign(own_schedule=1), 3)
    assert isinstance(hooks.schedule, keras.optimizers.schedules.ExponentialDecay)
    assert hooks.schedule.decay_steps == 3


def test_what_is_no_such_part_is_named(tmp_path):
    text = TEXT.replace("keras.optimizers.SGD(level / 10)", "None").replace("own_", "bad_")
    with lab.extended(tmp_path, text):
        bad = {f"bad_{hook}": 0 for hook in PARTS}
        with pytest.raises(UserError, match=r"'bad_optimizer'.*at 1 must build a Keras optimizer.*received NoneType"):
            make_hooks(assign(**bad | {"bad_optimizer": 1}), 3)


def test_an_optimizer_that_averages_weights_is_refused_beside_those_of_the_best_epoch(tmp_path):
    text = TEXT.replace("keras.optimizers.SGD(level / 10)", "keras.optimizers.SGD(0.1, use_ema=level > 1)")
    with lab.extended(tmp_path, text.replace("own_", "mean_")):
        levels = {f"mean_{hook}": 0 for hook in PARTS} | {"mean_optimizer": 2}
        averaging = assign(**levels)
        assert make_hooks(averaging, 3).optimizer.use_ema
        stopping = replace(averaging, factors=replace(averaging.factors, early_stopping=2))
        with pytest.raises(UserError, match=r"early_stopping: .* \(use_ema\)\. Expected one of the two"):
            make_hooks(stopping, 3)
        own = levels | {"mean_optimizer": 1, **{f"own_{hook}": 0 for hook in PARTS}}
        make_hooks(replace(stopping, factors=replace(stopping.factors, own=own)), 3)
