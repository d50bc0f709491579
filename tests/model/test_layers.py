"""Local response normalisation, held against TensorFlow's own, values and gradients."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from bloodstudy.model.layers import LocalResponseNormalization


def value_and_gradient(normalise, x: np.ndarray, upstream: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = normalise(x)
    return y.numpy(), tape.gradient(y, x, output_gradients=tf.constant(upstream)).numpy()


@pytest.mark.parametrize("channels", [1, 5, 8, 16, 33])
@pytest.mark.parametrize("size", [0.1, 1.0, 30.0])
def test_equals_tensorflow_forward_and_gradient(channels: int, size: float) -> None:
    generator = np.random.default_rng(channels)
    x, upstream = generator.normal(size=(2, 2, 7, 5, channels)).astype("float32")
    ours = value_and_gradient(LocalResponseNormalization(), size * x, upstream)
    theirs = value_and_gradient(tf.nn.local_response_normalization, size * x, upstream)
    for own, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own, their, rtol=0, atol=1e-5)


def test_the_same_in_a_compiled_function() -> None:
    layer, x = LocalResponseNormalization(), np.random.default_rng(0).normal(size=(2, 3, 3, 8)).astype("float32")
    compiled = tf.function(layer, reduce_retracing=True)
    for own, their in zip(value_and_gradient(compiled, x, x), value_and_gradient(layer, x, x), strict=True):
        np.testing.assert_allclose(own, their, rtol=0, atol=1e-6)


def test_bfloat16_agrees_to_its_own_precision() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 16)).astype("float32")
    rough = LocalResponseNormalization(dtype="mixed_bfloat16")(x)
    assert keras.backend.standardize_dtype(rough.dtype) == "bfloat16"
    np.testing.assert_allclose(tf.cast(rough, "float32"), LocalResponseNormalization()(x), rtol=0, atol=0.03)


def test_the_band_is_no_weight() -> None:
    layer = LocalResponseNormalization()
    layer(np.zeros((1, 2, 2, 8), "float32"))
    assert layer.count_params() == 0
    assert layer.variables == []


def test_survives_saving(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4, 4, 8)), LocalResponseNormalization()])
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 8)).astype("float32")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), model(x))
