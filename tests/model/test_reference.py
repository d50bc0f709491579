"""The reference network, layer by layer, against the published figures."""

import keras
import numpy as np

from bloodstudy.config.schema import Factors
from bloodstudy.model import build

NATIVE = Factors(precision="float32")


def test_every_shape_and_parameter_count() -> None:
    model = build("reference", NATIVE, (120, 160, 1), 4)
    rows = [(layer.name, layer.output.shape[1:], layer.count_params()) for layer in model.layers]
    assert [row for row in rows if not row[0].startswith("relu")] == [
        ("image", (120, 160, 1), 0),
        ("rescale", (120, 160, 1), 0),
        ("conv_1", (120, 160, 16), 160),
        ("pool_1", (60, 80, 16), 0),
        ("norm_1", (60, 80, 16), 0),
        ("conv_2", (60, 80, 16), 2320),
        ("pool_2", (30, 40, 16), 0),
        ("norm_2", (30, 40, 16), 0),
        ("conv_3", (30, 40, 8), 1160),
        ("pool_3", (15, 20, 8), 0),
        ("norm_3", (15, 20, 8), 0),
        ("conv_4", (15, 20, 8), 584),
        ("pool_4", (7, 10, 8), 0),
        ("norm_4", (7, 10, 8), 0),
        ("head", (560,), 0),
        ("dense_1", (32,), 17952),
        ("dense_2", (8,), 264),
        ("logits", (4,), 36),
    ]
    assert model.count_params() == 22_476


def test_takes_bytes_and_gives_float32_logits() -> None:
    model = build("reference", Factors(precision="bfloat16", image_size=(32, 32)), (32, 32, 1), 4)
    out = model(np.full((2, 32, 32, 1), 255, "uint8"))
    assert model.inputs[0].dtype == "uint8"
    assert out.dtype.name == "float32"
    assert out.shape == (2, 4)
    assert model.get_layer("conv_1").compute_dtype == "bfloat16"
    assert model.get_layer("conv_1").dtype == "float32"
    assert float(model.get_layer("rescale")(np.full((1, 1, 1, 1), 255, "uint8"))[0, 0, 0, 0]) == 1
    assert not np.allclose(np.sum(np.exp(out), axis=1), 1)


def test_learns_a_few_images_by_heart() -> None:
    images = np.random.default_rng(0).integers(0, 256, (16, 16, 16, 1), dtype=np.uint8)
    images[1::2] //= 3
    model = build("reference", Factors(precision="float32", image_size=(16, 16)), (16, 16, 1), 2)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = model.fit(images, np.arange(16) % 2, batch_size=16, epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
