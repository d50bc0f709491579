"""The pieces of the networks: sizes under every pooling, order of ReLU and maximum, seeds, dtypes."""

import dataclasses
import itertools

import keras
import numpy as np
import pytest

from bloodstudy.config.rules import RULES
from bloodstudy.config.schema import Factors
from bloodstudy.model import blocks
from bloodstudy.model.shapes import side_after_block

PLAIN = Factors(precision="float32")


def block(image: np.ndarray, **changes) -> tuple[keras.Model, np.ndarray]:
    inputs = keras.Input(image.shape[1:])
    factors = dataclasses.replace(PLAIN, **changes)
    model = keras.Model(inputs, blocks.convolution_block(inputs, factors, 1, 6))
    return model, keras.ops.convert_to_numpy(model(image))


def image(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height).normal(size=(2, height, width, 3)).astype("float32")


@pytest.mark.parametrize("padding", RULES["padding"].levels)
@pytest.mark.parametrize(("height", "width"), [(12, 16), (13, 17), (12, 17), (13, 16), (4, 5), (5, 4)])
def test_all_levels_of_pooling_give_one_shape(padding: str, height: int, width: int) -> None:
    expected = (2, side_after_block(height, padding), side_after_block(width, padding), 6)
    outputs = {}
    for pooling in RULES["pooling"].levels:
        _, outputs[pooling] = block(image(height, width), pooling=pooling, padding=padding)
        assert outputs[pooling].shape == expected, pooling
    for one, other in itertools.combinations(outputs.values(), 2):
        assert not np.allclose(one, other)


def test_relu_after_the_maximum_equals_relu_before_it() -> None:
    model, late = block(image(12, 12), pooling="max")
    convolution = model.get_layer("conv_1")
    early = keras.ops.max_pool(keras.ops.relu(convolution(image(12, 12))), 2)
    np.testing.assert_array_equal(late, early)
    assert late.min() == 0 < late.max()


@pytest.mark.parametrize(("height", "width"), [(6, 8), (7, 9), (6, 9), (7, 8)])
def test_overlapping_windows_start_at_every_second_pixel_and_reach_three(height: int, width: int) -> None:
    model, pooled = block(image(height, width), pooling="overlap")
    maps = keras.ops.convert_to_numpy(keras.ops.relu(model.get_layer("conv_1")(image(height, width))))
    for row, column in np.ndindex(*pooled.shape[1:3]):
        window = maps[:, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        np.testing.assert_array_equal(pooled[:, row, column], window.max(axis=(1, 2)))


def test_strided_pooling_is_learned_and_the_others_are_not() -> None:
    counts = {pooling: block(image(9, 9), pooling=pooling)[0].count_params() for pooling in RULES["pooling"].levels}
    convolution = 3 * 3 * 3 * 6 + 6
    assert counts.pop("strided") == convolution + 2 * 2 * 6 * 6 + 6
    assert set(counts.values()) == {convolution}


def test_weights_and_masks_follow_the_seed_and_the_name_alone() -> None:
    first, _ = block(image(8, 8), seed=3)
    keras.utils.set_random_seed(99)
    keras.layers.Dense(3)(np.zeros((1, 2), "float32"))
    again, _ = block(image(8, 8), seed=3)
    other, _ = block(image(8, 8), seed=4)
    np.testing.assert_array_equal(first.get_weights()[0], again.get_weights()[0])
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])
    assert blocks.seed_for(PLAIN, "conv_1") != blocks.seed_for(PLAIN, "conv_2")

    def mask() -> np.ndarray:
        inputs = keras.Input((1000,))
        model = keras.Model(inputs, blocks.drop(inputs, PLAIN, 0.5, "drop_1"))
        return keras.ops.convert_to_numpy(model(np.ones((1, 1000), "float32"), training=True))

    np.testing.assert_array_equal(mask(), mask())
    assert 0.4 < (mask() == 0).mean() < 0.6


def test_unresolved_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="precision must be resolved"):
        blocks.policy(Factors(precision="auto"))


def test_batch_normalisation_has_settled_after_seventy_five_steps() -> None:
    inputs = keras.Input((4, 4, 3))
    model = keras.Model(inputs, blocks.normalise(inputs, dataclasses.replace(PLAIN, norm="batch"), 1))
    batch = 50 + np.random.default_rng(0).normal(size=(8, 4, 4, 3)).astype("float32")
    for _ in range(75):
        model(batch, training=True)
    assert np.abs(keras.ops.convert_to_numpy(model(batch)).mean(axis=(0, 1, 2))).max() < 0.1
