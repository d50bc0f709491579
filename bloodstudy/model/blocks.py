"""The pieces that both networks are made of: input, convolution block, norm, dropout, dense part, logits.

In: a Keras tensor and the factors. Out: a Keras tensor. Each layer gets its dtype policy from `factors.precision` and
its seed from `factors.seed` and its own name, so nothing depends on Keras's global state.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from bloodstudy.config.schema import Factors
from bloodstudy.model.layers import LocalResponseNormalization
from bloodstudy.model.shapes import side_after_block


@dataclass(frozen=True)
class Parts:
    """What a user's own factors put into a built-in network: functions that make a new layer each time."""

    block_end: tuple[Callable[[], Any], ...] = ()  # after each block: feature maps in, feature maps out
    head: Callable[[], Any] | None = None  # in the place of `head`: feature maps in, one vector an image out


LOWEST = -1e30  # below what any activation gives, in bfloat16 too: it never is the maximum
_INITIALIZERS = {
    "glorot_uniform": keras.initializers.GlorotUniform,
    "he_normal": keras.initializers.HeNormal,
    "orthogonal": keras.initializers.Orthogonal,
}
_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def policy(factors: Factors) -> str:
    """Return the Keras dtype policy of `factors.precision`; `auto` must have been resolved before."""
    if factors.precision not in _POLICIES:
        raise ValueError(f"precision must be resolved to one of {sorted(_POLICIES)}; received {factors.precision!r}")
    return _POLICIES[factors.precision]


def seed_for(factors: Factors, name: str) -> int:
    """Return the seed, 0 to 2^31 - 1, of the layer `name`: the same for the same trial seed and layer name.

    Arms of one block so start from the same weights in every layer that they share, which makes their pairing sharper.
    """
    entropy = np.random.SeedSequence([factors.seed, zlib.crc32(name.encode())])
    return int(entropy.generate_state(1, np.uint32)[0] >> 1)


def image_input(factors: Factors, input_shape: tuple[int, int, int]) -> tuple[Any, Any]:
    """Return the input of uint8 images (N, *input_shape) and the same images in [0, 1]."""
    image = keras.Input(input_shape, dtype="uint8", name="image")
    return image, layers.Rescaling(1 / 255, dtype=policy(factors), name="rescale")(image)


def convolution_block(x: Any, factors: Factors, index: int, filters: int) -> Any:
    """Add block `index` (from 1): convolution, activation, and `factors.pooling`, which halves height and width.

    All pooling levels give the same output shape: half, rounded down, of what the convolution gives at stride 1.
    """
    # ReLU is monotone, so it may follow a maximum with equal values and gradients, on a quarter of the data.
    late = factors.pooling in ("max", "overlap") and factors.activation == "relu"
    target = tuple(side_after_block(side, factors.padding, factors.kernel_size) for side in x.shape[1:3])
    x = layers.Conv2D(
        filters,
        factors.kernel_size,
        strides=2 if factors.pooling == "none" else 1,
        padding=factors.padding,
        activation=None if late else factors.activation,
        **_seeded(factors, f"conv_{index}"),
    )(x)
    x = _pool(x, factors, index, filters, target)
    return layers.ReLU(dtype=policy(factors), name=f"relu_{index}")(x) if late else x


def _pool(x: Any, factors: Factors, index: int, filters: int, target: tuple[int, ...]) -> Any:
    name, dtype = f"pool_{index}", policy(factors)
    match factors.pooling:
        case "max":
            return layers.MaxPooling2D(2, dtype=dtype, name=name)(x)
        case "average":
            return layers.AveragePooling2D(2, dtype=dtype, name=name)(x)
        case "overlap":
            return _overlap(x, dtype, name, 0.0 if factors.activation == "relu" else LOWEST)
        case "strided":
            return layers.Conv2D(filters, 2, strides=2, activation=factors.activation, **_seeded(factors, name))(x)
        case "none":
            over = tuple((0, side - wanted) for side, wanted in zip(x.shape[1:3], target, strict=True))
            return layers.Cropping2D(over, dtype=dtype, name=f"crop_{index}")(x) if any(map(any, over)) else x
    raise ValueError(f"unknown pooling {factors.pooling!r}")


def _overlap(x: Any, dtype: str, name: str, filling: float) -> Any:
    """Add 3x3 max pooling at stride 2 whose windows reach one pixel over an even edge and fit an odd one."""
    even = [side % 2 == 0 for side in x.shape[1:3]]
    if not any(even) or all(even):
        return layers.MaxPooling2D(3, 2, padding="same" if all(even) else "valid", dtype=dtype, name=name)(x)
    # One axis of each kind: zeros are as good as no value here if a ReLU follows the maximum.
    over = ((0, int(even[0])), (0, int(even[1])))
    if filling:
        x = ops.pad(x, ((0, 0), *over, (0, 0)), constant_values=filling)
    else:
        x = layers.ZeroPadding2D(over, dtype=dtype, name=f"pad_{name}")(x)
    return layers.MaxPooling2D(3, 2, dtype=dtype, name=name)(x)


def normalise(x: Any, factors: Factors, index: int) -> Any:
    """Add `factors.norm` (lrn, batch or none) after block `index`."""
    name, dtype = f"norm_{index}", policy(factors)
    if factors.norm == "lrn":
        return LocalResponseNormalization(dtype=dtype, name=name)(x)
    # Keras's momentum of 0.99 keeps 0.99^75 = 47 % of its starting values after 75 steps: early validation figures
    # would come from statistics that no image gave. What is measured at the end rests on training.precise_batch_norm.
    return layers.BatchNormalization(momentum=0.9, dtype=dtype, name=name)(x) if factors.norm == "batch" else x


def end_block(x: Any, factors: Factors, index: int, parts: Parts, dropped: bool = True) -> Any:
    """Add what ends block `index`: dropout, where the network has it, and what the user's own factors put there."""
    x = drop(x, factors, factors.conv_dropout, f"drop_{index}") if dropped else x
    for make in parts.block_end:
        x = make()(x)
    return x


def drop(x: Any, factors: Factors, rate: float, name: str) -> Any:
    """Add dropout at `rate`, or nothing if that is 0."""
    if not rate:
        return x
    return layers.Dropout(rate, seed=seed_for(factors, name), dtype=policy(factors), name=name)(x)


def flatten(x: Any, factors: Factors, parts: Parts) -> Any:
    """Add `factors.head`: all values of the feature maps as one vector, or the mean of each map; or a user's own."""
    if parts.head is not None:
        return parts.head()(x)
    kind = layers.Flatten if factors.head == "flatten" else layers.GlobalAveragePooling2D
    return kind(dtype=policy(factors), name="head")(x)


def dense(x: Any, factors: Factors, index: int, units: int, dropout: float = 0.0) -> Any:
    """Add hidden layer `index` (from 1) of `units` with `factors.activation`, then dropout at rate `dropout`."""
    x = layers.Dense(units, activation=factors.activation, **_seeded(factors, f"dense_{index}"))(x)
    return drop(x, factors, dropout, f"dense_drop_{index}")


def logits(x: Any, factors: Factors, classes: int) -> Any:
    """Add the last layer: one number a class, in float32 whatever the precision, before any softmax."""
    return layers.Dense(classes, **{**_seeded(factors, "logits"), "dtype": "float32"})(x)


def _seeded(factors: Factors, name: str) -> dict[str, Any]:
    kernel = _INITIALIZERS[factors.initializer](seed=seed_for(factors, name))
    return {"kernel_initializer": kernel, "dtype": policy(factors), "name": name}
