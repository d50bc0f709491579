"""The two built-in networks, layer by layer.

In: factors, input shape, classes. Out: an uncompiled Keras model. At the sizes of their own file in `conf/model/`:

    reference  grey 120 x 160, four blocks with local response normalisation, 22,476 parameters
    compact    colour 200 x 200, six blocks, one batch normalisation, much dropout, 219,460 parameters
"""

from __future__ import annotations

from typing import Any

import keras

from bloodstudy.config.schema import Factors
from bloodstudy.model import blocks, shapes
from bloodstudy.model.application import build_application
from bloodstudy.model.blocks import Parts

NONE = Parts()
SECOND_DROPOUT = 0.75  # of `dropout`: the compact net's author dropped 0.4 after one dense layer, 0.3 after the next


def build_reference(
    factors: Factors, input_shape: tuple[int, int, int], classes: int, parts: Parts = NONE
) -> keras.Model:
    """Build the reference: after every block `norm` and `conv_dropout`; `dropout` after the first dense layer."""
    image, x = blocks.image_input(factors, input_shape)
    for index, filters in enumerate(shapes.filters("reference", factors), start=1):
        x = blocks.convolution_block(x, factors, index, filters)
        x = blocks.normalise(x, factors, index)
        x = blocks.end_block(x, factors, index, parts)
    return _finish("reference", image, x, factors, classes, parts)


def build_compact(
    factors: Factors, input_shape: tuple[int, int, int], classes: int, parts: Parts = NONE
) -> keras.Model:
    """Build the compact net: `norm` after the first block, `conv_dropout` after each other one, `dropout` twice."""
    image, x = blocks.image_input(factors, input_shape)
    for index, filters in enumerate(shapes.filters("compact", factors), start=1):
        x = blocks.convolution_block(x, factors, index, filters)
        x = blocks.normalise(x, factors, index) if index == 1 else x
        x = blocks.end_block(x, factors, index, parts, dropped=index > 1)
    return _finish("compact", image, x, factors, classes, parts, SECOND_DROPOUT * factors.dropout)


def _finish(
    name: str, image: Any, x: Any, factors: Factors, classes: int, parts: Parts, second_dropout: float = 0.0
) -> keras.Model:
    """Add the head, two dense layers and the logits."""
    x = blocks.flatten(x, factors, parts)
    first, second = shapes.hidden_units(name, factors)
    x = blocks.dense(x, factors, 1, first, dropout=factors.dropout)
    x = blocks.dense(x, factors, 2, second, dropout=second_dropout)
    return keras.Model(image, blocks.logits(x, factors, classes), name=name)


BUILDERS = {"reference": build_reference, "compact": build_compact, "application": build_application}
