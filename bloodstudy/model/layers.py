"""Local response normalisation as a Keras layer.

In: feature maps (N, H, W, C). Out: the same, each value divided by the root of the energy of its neighbours over
channels. TensorFlow's own operation does the same with scalar code; a banded 1x1 convolution takes the fast path.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

RADIUS, BIAS = 5, 1.0  # TensorFlow's defaults; so are alpha = 1 and beta = 0.5, which the formula below has built in


@keras.saving.register_keras_serializable(package="bloodstudy")
class LocalResponseNormalization(keras.layers.Layer):
    """Normalise over channels: y_c = x_c / sqrt(1 + sum of x_k^2 over |k - c| <= 5).

    Krizhevsky et al. 2012, section 3.3, with the constants of `tf.nn.local_response_normalization` (radius 5, bias 1,
    alpha 1, beta 0.5). It has no weights: the band is a constant. `benchmarks/normalisation.py` measures the gain.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        channels = int(input_shape[-1] or 0)  # Keras builds a layer with its channels known
        index = np.arange(channels)
        band = np.abs(index[:, None] - index[None, :]) <= RADIUS
        self._band = band.astype("float32")[None, None]  # height, width, in, out
        self._bias = np.full(channels, BIAS, "float32")  # a vector, since conv + vector is one fused kernel
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        band = ops.convert_to_tensor(self._band, dtype=self.compute_dtype)
        bias = ops.convert_to_tensor(self._bias, dtype=self.compute_dtype)

        # With r = (1 + band x^2)^(-1/2) and y = x r, the gradient is g r - x (band (g y r^2)), the band being
        # symmetric. Written out it shares r and needs no derivative of rsqrt, which is slow in bfloat16.
        @ops.custom_gradient
        def normalise(x: Any) -> tuple[Any, Any]:
            root = ops.rsqrt(ops.add(ops.conv(ops.square(x), band), bias))
            y = x * root

            def gradient(*arguments: Any, upstream: Any = None) -> Any:
                scaled = (arguments[0] if upstream is None else upstream) * root
                return scaled - x * ops.conv(scaled * y * root, band)

            return y, gradient

        return normalise(inputs)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape
