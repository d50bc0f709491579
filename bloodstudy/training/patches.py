"""Convolution, pooling and response normalisation as products, sums and maxima, for programs of JAX.

In: a Keras model on the JAX backend. Out: the same model, whose small layers compute otherwise; the numbers are the
same but for rounding. XLA's own convolutions are slower, for many trials at once above all: `benchmarks/fused.py`
measures it, docs/decisions/10_many_trials.md has what came out on a card. Imported where JAX is alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import keras

from bloodstudy.model.layers import BIAS, RADIUS, LocalResponseNormalization


def rewrite(model: keras.Model, convolutions: bool = True) -> keras.Model:
    """Make the layers of `model` compute by the functions below, convolutions too if asked for; return it."""
    layer: Any
    for layer in model.layers:
        two = tuple(getattr(layer, "pool_size", ())) == (2, 2) == tuple(getattr(layer, "strides", ()))
        if convolutions and isinstance(layer, keras.layers.Conv2D):
            layer.convolution_op = partial(_convolution, tuple(layer.strides), layer.padding)
        elif isinstance(layer, LocalResponseNormalization):
            layer.call = respond
        elif isinstance(layer, keras.layers.MaxPooling2D) and two and layer.padding == "valid":
            setattr(layer, "call", largest)  # noqa: B010  (its type forbids what Keras allows)
        elif isinstance(layer, keras.layers.AveragePooling2D) and two and layer.padding == "valid":
            setattr(layer, "call", average)  # noqa: B010
    return model


def _convolution(strides: tuple[int, ...], padding: str, inputs: jax.Array, kernel: Any) -> jax.Array:
    kernel = jnp.asarray(kernel)
    if strides == (1, 1):
        return convolve(inputs, kernel, padding)
    sides = zip(inputs.shape[1:3], kernel.shape[:2], strides, strict=True)
    over = [max(0, (-(-side // step) - 1) * step + length - side) for side, length, step in sides]
    border = [(total // 2, total - total // 2) if padding == "same" else (0, 0) for total in over]
    return _cut(inputs, kernel.shape[:2], border, strides) @ kernel.reshape(-1, kernel.shape[-1])


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve(x: jax.Array, kernel: jax.Array, padding: str) -> jax.Array:
    """Convolve (B, H, W, C) with (h, w, C, F) at stride 1 as one product of matrices."""
    return patches_of(x, kernel.shape[:2], padding) @ kernel.reshape(-1, kernel.shape[-1])


def _convolve_forward(x: jax.Array, kernel: jax.Array, padding: str) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return convolve(x, kernel, padding), (x, kernel)


def _convolve_backward(padding: str, kept: tuple[jax.Array, jax.Array], upstream: jax.Array) -> tuple[Any, Any]:
    # The patches are made again: to keep them would take nine times the memory of the feature maps.
    x, kernel = kept
    height, width, channels, filters = kernel.shape
    columns = patches_of(x, (height, width), padding).reshape(-1, height * width * channels)
    of_kernel = (columns.T @ upstream.reshape(-1, filters)).reshape(kernel.shape)
    turned = kernel[::-1, ::-1].transpose(0, 1, 3, 2).reshape(-1, channels)
    border = padding if padding == "same" else "full"
    return patches_of(upstream, (height, width), border, backward=True) @ turned, of_kernel


convolve.defvjp(_convolve_forward, _convolve_backward)


def patches_of(x: jax.Array, kernel: Sequence[int], padding: str, backward: bool = False) -> jax.Array:
    """Return the patches (B, H', W', h * w * C) that a kernel (h, w) meets at stride 1."""
    before = {"same": [(side - 1) // 2 for side in kernel], "valid": [0, 0], "full": [side - 1 for side in kernel]}
    both = [
        (first, (side - 1) * (padding != "valid") * (1 + (padding == "full")) - first)
        for first, side in zip(before[padding], kernel, strict=True)
    ]
    if backward and padding == "same":
        both = [(right, left) for left, right in both]
    return _cut(x, kernel, both, (1, 1))


def _cut(x: jax.Array, kernel: Sequence[int], border: Sequence[tuple[int, int]], strides: Sequence[int]) -> jax.Array:
    x = jnp.pad(x, ((0, 0), *border, (0, 0)))
    high, wide = (side - length + 1 for side, length in zip(x.shape[1:3], kernel, strict=True))
    down, right = strides
    cut = [x[:, i : i + high : down, j : j + wide : right] for i in range(kernel[0]) for j in range(kernel[1])]
    return jnp.concatenate(cut, axis=-1)


@jax.custom_vjp
def largest(x: jax.Array) -> jax.Array:
    """Take the maximum of each 2 x 2 window of (B, H, W, C); a last odd row or column is left out."""
    return _corners(x).max(axis=0)


def average(x: jax.Array) -> jax.Array:
    """Take the mean of each 2 x 2 window of (B, H, W, C); a last odd row or column is left out."""
    return _corners(x).mean(axis=0)


def _corners(x: jax.Array) -> jax.Array:
    high, wide = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    return jnp.stack([x[:, i:high:2, j:wide:2] for i in (0, 1) for j in (0, 1)])


def _largest_forward(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    return largest(x), x


def _largest_backward(x: jax.Array, upstream: jax.Array) -> tuple[jax.Array]:
    corners = _corners(x)
    first = jnp.argmax(corners, axis=0)  # of equal ones the first, as the libraries do
    parts = jnp.where(jnp.arange(4)[:, None, None, None, None] == first, upstream, 0.0)
    batch, high, wide, channels = upstream.shape
    whole = parts.reshape(2, 2, batch, high, wide, channels).transpose(2, 3, 0, 4, 1, 5)
    whole = whole.reshape(batch, 2 * high, 2 * wide, channels)
    return (jnp.pad(whole, ((0, 0), (0, x.shape[1] - 2 * high), (0, x.shape[2] - 2 * wide), (0, 0))),)


largest.defvjp(_largest_forward, _largest_backward)


def _around(x: jax.Array) -> jax.Array:
    """Sum over the neighbours of each channel, as the band of LocalResponseNormalization does."""
    wide = jnp.pad(x, ((0, 0),) * (x.ndim - 1) + ((RADIUS, RADIUS),))
    return sum((wide[..., i : i + x.shape[-1]] for i in range(2 * RADIUS + 1)), jnp.zeros_like(x))


@jax.custom_vjp
def respond(x: jax.Array) -> jax.Array:
    """Normalise over channels as LocalResponseNormalization does."""
    return x * jax.lax.rsqrt(BIAS + _around(x * x))


def _respond_forward(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    return respond(x), x


def _respond_backward(x: jax.Array, upstream: jax.Array) -> tuple[jax.Array]:
    root = jax.lax.rsqrt(BIAS + _around(x * x))
    scaled = upstream * root
    return (scaled - x * _around(scaled * x * root * root),)


respond.defvjp(_respond_forward, _respond_backward)
