"""The reference network of the study: grey 120 x 160, four blocks with local response normalisation, 22,476 parameters.

In: factors, input shape, classes. Out: an uncompiled Keras model.
"""

from __future__ import annotations

import keras

from bloodstudy.config.schema import Factors
from bloodstudy.model import blocks, shapes


def build(factors: Factors, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Build the reference: after every block `norm` and `conv_dropout`; `dropout` after the first dense layer."""
    image, x = blocks.image_input(factors, input_shape)
    for index, filters in enumerate(shapes.filters("reference", factors), start=1):
        x = blocks.convolution_block(x, factors, index, filters)
        x = blocks.normalise(x, factors, index)
        x = blocks.drop(x, factors, factors.conv_dropout, f"drop_{index}")
    x = blocks.flatten(x, factors)
    first, second = shapes.hidden_units("reference", factors)
    x = blocks.dense(x, factors, 1, first, dropout=factors.dropout)
    x = blocks.dense(x, factors, 2, second)
    return keras.Model(image, blocks.logits(x, factors, classes), name="reference")
