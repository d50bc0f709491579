"""The networks of keras.applications as an arm."""

import warnings
from dataclasses import replace

import keras
import numpy as np
import pytest

from bloodstudy.config import weights
from bloodstudy.config.factors import BACKBONES
from bloodstudy.config.schema import Factors
from bloodstudy.errors import UserError
from bloodstudy.model import build, check

FACTORS = Factors(precision="float32", image_size=(32, 40), colour="rgb")
SHAPE = (32, 40, 3)
IMAGES = np.random.default_rng(2).integers(0, 256, (2, *SHAPE), "uint8")


def application(shape=SHAPE, **levels):
    return build("application", replace(FACTORS, **levels), shape, 4)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Weights of the smallest backbone, drawn by some other seed."""
    keras.utils.set_random_seed(77)
    backbone = keras.applications.MobileNetV3Small(include_top=False, weights=None, input_shape=SHAPE)
    path = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    with warnings.catch_warnings():  # Keras's own, of NumPy
        warnings.simplefilter("ignore")
        backbone.save_weights(path)
    return path, backbone.get_weights()


def test_the_names_are_those_of_keras():
    assert sorted(name for name in dir(keras.applications) if name[0].isupper()) == sorted(BACKBONES)


def test_it_gives_logits_of_colour_and_of_grey_images():
    assert check("application", FACTORS, 4) == []
    for shape in (SHAPE, (32, 40, 1)):
        network = application(shape)
        assert network.input_shape == (None, *shape)
        assert network.output_shape == (None, 4)
        assert network(IMAGES[..., : shape[-1]]).shape == (2, 4)


def test_the_same_seed_starts_from_the_same_weights():
    first, again, other = (application(seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("backbone", ["MobileNetV2", "VGG16"])
def test_images_are_prepared_as_the_backbone_was_trained_to_see_them(backbone):
    network = application(backbone=backbone)
    module = {"MobileNetV2": keras.applications.mobilenet_v2, "VGG16": keras.applications.vgg16}[backbone]
    expected = module.preprocess_input(IMAGES.astype("float32"))
    np.testing.assert_allclose(network.get_layer("prepare")(IMAGES), expected, rtol=1e-6)


def test_dropout_comes_before_the_logits_and_changes_no_weight():
    plain, dropped = application(), application(dropout=0.3)
    assert [layer.name for layer in dropped.layers][-2:] == ["head_drop", "logits"]
    assert all(np.array_equal(a, b) for a, b in zip(plain.get_weights(), dropped.get_weights(), strict=True))


def test_frozen_layers_keep_their_weights():
    whole = application()
    backbone = next(layer for layer in whole.layers if isinstance(layer, keras.Model))
    assert len(application(frozen="all").trainable_weights) == 2  # of the logits
    some = next(layer for layer in application(frozen=20).layers if isinstance(layer, keras.Model))
    assert [layer.trainable for layer in some.layers] == [False] * 20 + [True] * (len(backbone.layers) - 20)
    with pytest.raises(UserError, match=f"frozen=999: expected none, all, or at most {len(backbone.layers)}"):
        application(frozen=999)


def test_a_file_of_weights_is_loaded_and_counts_by_its_content(file, tmp_path):
    path, expected = file
    level = weights.identify(str(path))
    network = application(weights=level)
    backbone = next(layer for layer in network.layers if isinstance(layer, keras.Model))
    assert all(np.array_equal(a, b) for a, b in zip(backbone.get_weights(), expected, strict=True))
    copy = tmp_path / "elsewhere.h5"
    copy.write_bytes(path.read_bytes())
    named = [replace(FACTORS, weights=weights.identify(str(one))).named["weights"] for one in (path, copy)]
    assert named[0] == named[1]
    assert "/" not in named[0]
    assert "weights" not in FACTORS.named


def test_a_backbone_that_cannot_be_is_named(file, tmp_path):
    with pytest.raises(UserError, match=r"backbone=MobileNetV2 .*cannot be built for images of 16 x 16"):
        application((16, 16, 3), backbone="MobileNetV2")
    with pytest.raises(UserError, match=r"backbone=MobileNetV2 .*this backbone cannot load that file"):
        application(backbone="MobileNetV2", weights=weights.identify(str(file[0])))
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(file[0].read_bytes()[:1000])
    with pytest.raises(UserError, match="this backbone cannot load that file"):
        application(weights=weights.identify(str(damaged)))


def test_without_a_network_imagenet_says_where_to_put_the_file(monkeypatch):
    def fails(*words, **options):
        raise Exception("URL fetch failure on https://host/some_weights.h5: None -- not known")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", fails)
    with pytest.raises(UserError, match=r"some_weights\.h5.*put it into ~/\.keras/models here"):
        application(weights="imagenet")
