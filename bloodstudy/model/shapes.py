"""The sizes inside the two built-in networks, as arithmetic.

In: a model's name and factors. Out: units, filters, the side of the image after each block, and sentences on what
cannot exist. `blocks` builds by these functions, so the arithmetic and the layers cannot part; no Keras here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bloodstudy.config.schema import Factors


@dataclass(frozen=True)
class Sizes:
    """What distinguishes the networks in numbers, at width 1 and full depth."""

    filters: tuple[int, ...]  # one a convolution block, the first `depth` are used
    dense: tuple[int, ...]  # hidden units
    least_depth: int


SIZES = {
    "reference": Sizes(filters=(16, 16, 8, 8, 8, 8), dense=(32, 8), least_depth=1),
    "compact": Sizes(filters=(16, 64, 64, 64, 64, 128), dense=(128, 64), least_depth=2),
}


def scaled(units: int, width: float) -> int:
    """Return `units` times `width`, halves rounded up, at least 1."""
    return max(1, math.floor(units * width + 0.5))


def filters(name: str, factors: Factors) -> tuple[int, ...]:
    """Return the number of filters of each convolution block, `factors.depth` of them."""
    return tuple(scaled(count, factors.width) for count in SIZES[name].filters[: factors.depth])


def hidden_units(name: str, factors: Factors) -> tuple[int, ...]:
    """Return the units of each hidden dense layer."""
    return tuple(scaled(count, factors.width) for count in SIZES[name].dense)


def side_after_block(side: int, padding: str, kernel: int = 3) -> int:
    """Return the side in pixels, height or width, after one block: a convolution, then half, rounded down."""
    return max(0, side if padding == "same" else side - kernel + 1) // 2


def smallest_size(name: str, depth: int, padding: str, kernel: int = 3) -> int:
    """Return the smallest height or width in pixels that leaves one pixel after `depth` blocks; 1 for a plug-in."""
    if name not in SIZES:
        return 1
    side = 1
    for _ in range(depth):
        side = 2 * side + (0 if padding == "same" else kernel - 1)
    return side


def problems(name: str, factors: Factors, classes: int) -> list[str]:
    """Return one sentence for each reason why the built-in model `name` cannot exist with these factors."""
    sentences: list[str] = []
    if classes < 2:
        sentences.append(f"a classifier needs at least 2 classes; the data has {classes}.")
    least, most = SIZES[name].least_depth, len(SIZES[name].filters)
    if not least <= factors.depth <= most:
        sentences.append(
            f"model={name} takes depth={least} to {most} (convolution blocks); received depth={factors.depth}."
        )
    elif min(factors.image_size) < smallest_size(name, factors.depth, factors.padding, factors.kernel_size):
        sentences.append(_too_small(name, factors))
    return sentences


def _too_small(name: str, factors: Factors) -> str:
    def needed(depth: int, padding: str) -> int:
        return smallest_size(name, depth, padding, factors.kernel_size)

    height, width = factors.image_size
    need = needed(factors.depth, factors.padding)
    remedies = [f"image_size=[{max(height, need)},{max(width, need)}]"]
    if factors.padding == "valid" and min(height, width) >= needed(factors.depth, "same"):
        remedies.append("padding=same")
    depths = range(SIZES[name].least_depth, factors.depth)
    if fitting := [depth for depth in depths if min(height, width) >= needed(depth, factors.padding)]:
        remedies.append(f"depth={fitting[-1]}")
    kernel = "" if factors.kernel_size == 3 else f", kernel_size={factors.kernel_size}"
    return (
        f"image_size=[{height},{width}] is too small for model={name} with depth={factors.depth}{kernel} and "
        f"padding={factors.padding}: at least {need} pixels a side are needed; try {' or '.join(remedies)}."
    )
