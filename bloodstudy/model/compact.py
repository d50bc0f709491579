"""The compact network: colour 200 x 200, six blocks, one batch normalisation, much dropout, 219,460 parameters.

In: factors, input shape, classes. Out: an uncompiled Keras model.
"""

from __future__ import annotations

import keras

from bloodstudy.config.schema import Factors
from bloodstudy.model import blocks, shapes

SECOND_DROPOUT = 0.75  # of `dropout`: its author dropped 0.4 after the first dense layer and 0.3 after the second


def build(factors: Factors, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Build the compact net: `norm` after the first block, `conv_dropout` after each other one, `dropout` twice."""
    image, x = blocks.image_input(factors, input_shape)
    for index, filters in enumerate(shapes.filters("compact", factors), start=1):
        x = blocks.convolution_block(x, factors, index, filters)
        if index == 1:
            x = blocks.normalise(x, factors, index)
        else:
            x = blocks.drop(x, factors, factors.conv_dropout, f"drop_{index}")
    x = blocks.flatten(x, factors)
    first, second = shapes.hidden_units("compact", factors)
    x = blocks.dense(x, factors, 1, first, dropout=factors.dropout)
    x = blocks.dense(x, factors, 2, second, dropout=SECOND_DROPOUT * factors.dropout)
    return keras.Model(image, blocks.logits(x, factors, classes), name="compact")
