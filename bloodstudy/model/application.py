"""The networks of `keras.applications` as they are: a backbone, the mean of its maps, dropout, logits.

In: factors, input shape, classes. Out: an uncompiled Keras model. `backbone` names it, `weights` what it starts from,
`frozen` which of its layers keep that. The images are given as the backbone's own `preprocess_input` wants them.
"""

from __future__ import annotations

import contextlib
import io
import sys
import warnings
from typing import Any

import keras
from keras import layers, ops

from bloodstudy.config.schema import Factors
from bloodstudy.config.weights import read_weights
from bloodstudy.errors import UserError, summarise
from bloodstudy.model import blocks
from bloodstudy.model.blocks import Parts


@keras.saving.register_keras_serializable(package="bloodstudy")
class Preparation(layers.Layer):
    """Images from 0 to 255 as the backbone `backbone` was trained to see them; grey ones in three channels."""

    def __init__(self, backbone: str, **options: Any) -> None:
        super().__init__(**options)
        self.backbone = backbone

    def call(self, inputs: Any) -> Any:
        images: Any = ops.cast(inputs, self.compute_dtype)
        images = ops.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images
        return sys.modules[getattr(keras.applications, self.backbone).__module__].preprocess_input(images)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], 3)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"backbone": self.backbone}


def build_application(factors: Factors, input_shape: tuple[int, int, int], classes: int, parts: Parts) -> keras.Model:
    """Build it; raises UserError if the backbone cannot take these images, or its weights cannot be had."""
    image = keras.Input(input_shape, dtype="uint8", name="image")
    shown = Preparation(factors.backbone, dtype=blocks.policy(factors), name="prepare")(image)
    backbone = _make_backbone(factors, (*input_shape[:2], 3))
    _freeze(backbone, factors)
    x = parts.head()(backbone(shown)) if parts.head else layers.GlobalAveragePooling2D(name="head")(backbone(shown))
    x = blocks.drop(x, factors, factors.dropout, "head_drop")
    return keras.Model(image, blocks.logits(x, factors, classes), name="application")


def _make_backbone(factors: Factors, shape: tuple[int, int, int]) -> keras.Model:
    file = read_weights(factors.weights)
    initial = "imagenet" if factors.weights == "imagenet" else None
    told = f"model=application backbone={factors.backbone} weights={file or factors.weights}"
    try:
        # Keras warns of each size that the weights were not trained at, and prints what it downloads.
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            backbone = getattr(keras.applications, factors.backbone)(
                include_top=False, weights=initial, input_shape=shape
            )
    except Exception as error:
        if "URL fetch failure" in str(error):  # of `get_file`, which raises a plain Exception
            raise UserError(
                f"{told}: the weights cannot be downloaded ({summarise(error, 200)}). Download that file where there "
                "is a network, and put it into ~/.keras/models here"
            ) from error
        raise UserError(
            f"{told}: it cannot be built for images of {shape[0]} x {shape[1]}: {summarise(error)}"
        ) from error
    if file is not None:
        try:
            backbone.load_weights(file)
        except Exception as error:  # HDF5, Keras and the layers each have their own
            raise UserError(f"{told}: this backbone cannot load that file: {summarise(error)}") from error
    return backbone


def _freeze(backbone: keras.Model, factors: Factors) -> None:
    """Keep the weights of all layers, or of the first N."""
    named = {"none": 0, "all": len(backbone.layers)}
    count = factors.frozen if isinstance(factors.frozen, int) else named[factors.frozen]
    if count > len(backbone.layers):
        raise UserError(
            f"frozen={count}: expected none, all, or at most {len(backbone.layers)}, the layers of "
            f"backbone={factors.backbone}"
        )
    for layer in backbone.layers[:count]:
        layer.trainable = False
