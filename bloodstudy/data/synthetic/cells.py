"""The cells of a drawn smear: how thick each stain lies at every pixel of a small patch.

In: a class or a radius in pixels, and a generator. Out: float64 patches of stain thickness (0: none, about 1: full),
which `bloodstudy.data.synthetic.draw` lays on the photograph. Colours are `bloodstudy.data.synthetic.stain`'s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from PIL import Image

Patch = np.ndarray

# Radius in pixels of a 480 x 640 photograph; the classes overlap, so that size alone does not tell them apart.
RADIUS_PX = {"EOSINOPHIL": (86, 108), "LYMPHOCYTE": (56, 78), "MONOCYTE": (98, 120), "NEUTROPHIL": (84, 106)}


@dataclass(frozen=True)
class WhiteCell:
    """One white cell on a square patch: its outline, and the thickness of each stain that it takes up."""

    body: Patch  # 1 inside the outline, 0 outside
    stains: dict[str, Patch]  # of nucleus, pink, blue, granules


def _smooth(shape: tuple[int, int], scale_px: float, rng: Generator) -> Patch:
    """Return a random field of unit variance whose bumps are about `scale_px` wide."""
    rows, columns = (max(3, round(1.4 * side / scale_px)) for side in shape)
    coarse = Image.fromarray(rng.standard_normal((rows, columns), dtype=np.float32))
    field = np.asarray(coarse.resize((shape[1], shape[0]), Image.Resampling.BICUBIC), np.float64)
    return (field - field.mean()) / field.std()


def _inside(distance_px: Patch, soft_px: float = 1.5) -> Patch:
    """Return 1 where the signed distance is well below 0, 0 where well above, a smooth step between."""
    t = np.clip(0.5 - distance_px / (2 * soft_px), 0, 1)
    return t * t * (3 - 2 * t)


def _grid(radius_px: float) -> tuple[Patch, Patch]:
    """Return x and y in pixels from the centre, over a square that leaves room for an irregular outline."""
    half = int(radius_px * 1.35) + 4
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float64)
    return x, y


def _capsule(x: Patch, y: Patch, a: np.ndarray, b: np.ndarray, radius: float) -> Patch:
    """Return the signed distance to the segment from a to b, thickened by `radius`."""
    along = b - a
    t = np.clip(((x - a[0]) * along[0] + (y - a[1]) * along[1]) / max(float(along @ along), 1e-6), 0, 1)
    return np.hypot(x - a[0] - t * along[0], y - a[1] - t * along[1]) - radius


def _union(distances: list[Patch], melt: float) -> Patch:
    """Return the smooth minimum of signed distances: shapes nearer than `melt` flow together."""
    total = np.exp(-distances[0] / melt)
    for distance in distances[1:]:
        total += np.exp(-distance / melt)
    return -melt * np.log(total)


def _arc(count: int, bend_rad: float, reach: float, rng: Generator) -> np.ndarray:
    """Return (count, 2) points along an arc round the centre that spans `bend_rad`, turned at random."""
    turn = rng.uniform(0, 2 * np.pi)
    angle = turn + bend_rad * (np.linspace(-0.5, 0.5, count) + rng.normal(0, 0.25 / count, count))
    radius = reach * rng.uniform(0.85, 1.1, count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _lobes(x: Patch, y: Patch, centres: np.ndarray, size: float, rng: Generator) -> Patch:
    """Return the signed distance to lobes at `centres`, joined one to the next by thin bridges."""
    parts = []
    for centre in centres:
        axis = rng.normal(0, 0.12, 2)
        parts.append(_capsule(x, y, centre - axis, centre + axis, size * rng.uniform(0.85, 1.12)))
    parts += [_capsule(x, y, a, b, 0.3 * size) for a, b in pairwise(centres)]
    return _union(parts, 0.04)


def _nucleus(cell_class: str, x: Patch, y: Patch, rng: Generator) -> Patch:
    """Return the signed distance, in cell radii, to the nucleus that marks the class."""
    if cell_class == "LYMPHOCYTE":
        return np.hypot(x - rng.normal(0, 0.05), y - rng.normal(0, 0.05)) - rng.uniform(0.80, 0.93)
    if cell_class == "MONOCYTE":
        path = _arc(6, rng.uniform(1.6, 3.6), rng.uniform(0.30, 0.40), rng)
        thick = rng.uniform(0.30, 0.38)
        return _union([_capsule(x, y, a, b, thick) for a, b in pairwise(path)], 0.03)
    if cell_class == "EOSINOPHIL":
        return _lobes(x, y, _arc(2, rng.uniform(1.6, 2.6), 0.48, rng), rng.uniform(0.34, 0.41), rng)
    count = int(rng.integers(3, 6))
    centres = _arc(count, rng.uniform(3.6, 5.2), 0.54, rng)
    return _lobes(x, y, centres, rng.uniform(0.74, 0.86) / (count + 0.6) + 0.06, rng)


def white_cell(cell_class: str, zoom: float, rng: Generator) -> WhiteCell:
    """Draw one white cell of `cell_class`; `zoom` multiplies its radius."""
    radius = zoom * rng.uniform(*RADIUS_PX[cell_class])
    x_px, y_px = _grid(radius)
    shape = (x_px.shape[0], x_px.shape[1])
    ruffle = {"MONOCYTE": 0.06, "LYMPHOCYTE": 0.025}.get(cell_class, 0.035) * radius
    bump = 0.55 * radius
    x = (x_px + ruffle * _smooth(shape, bump, rng)) / radius
    y = (y_px + ruffle * _smooth(shape, bump, rng)) / radius
    squash, turn = rng.uniform(0.86, 1.0), rng.uniform(0, np.pi)
    long = (x * math.cos(turn) + y * math.sin(turn)) * math.sqrt(squash)
    across = (y * math.cos(turn) - x * math.sin(turn)) / math.sqrt(squash)
    body = _inside((np.hypot(long, across) - 1) * radius, 2.0)
    nucleus = _inside(_nucleus(cell_class, x, y, rng) * radius, 2.0) * body
    lace = {"MONOCYTE": 0.16, "LYMPHOCYTE": 0.07}.get(cell_class, 0.12)
    chromatin = nucleus * np.clip(1 + lace * _smooth(shape, 0.10 * radius, rng), 0.4, 1.6)
    around = body * (1 - nucleus)
    fine = 1 + 0.22 * _smooth(shape, 4.0, rng)
    if cell_class == "EOSINOPHIL":
        grain = _inside(rng.uniform(-0.3, 0.3) - _smooth(shape, 7.0, rng), 0.5)
        granules = 1.15 * grain * np.maximum(around, 0.25 * body)
        stains = {"nucleus": chromatin * rng.uniform(0.7, 0.9), "pink": 0.4 * around, "granules": granules}
    elif cell_class == "NEUTROPHIL":
        stains = {"nucleus": chromatin * rng.uniform(0.95, 1.2), "pink": rng.uniform(0.5, 1.1) * around * fine}
    elif cell_class == "LYMPHOCYTE":
        stains = {"nucleus": chromatin * rng.uniform(1.1, 1.5), "blue": 1.5 * around}
    else:
        holes = np.ones(shape)
        for _ in range(int(rng.integers(0, 8))):
            place, size = rng.normal(0, 0.5, 2), rng.uniform(0.04, 0.10)
            holes -= 0.75 * holes * _inside((np.hypot(x - place[0], y - place[1]) - size) * radius)
        stains = {"nucleus": chromatin * holes * rng.uniform(0.65, 0.9), "blue": around * fine * holes}
    return WhiteCell(body, stains)


def red_cell(radius_px: float, pallor: float, rng: Generator) -> Patch:
    """Draw one red cell: a slightly oval disc, thick at its rim, paler by `pallor` (0 to 1) at its centre."""
    x, y = _grid(radius_px)
    rho = np.hypot(x, y)
    turned = (x + 1j * y) / np.maximum(rho, 1)
    oval, *waves = rng.normal(0, (0.07, 0.02, 0.012)) * np.exp(2j * np.pi * rng.uniform(0, 1, 3))
    rho *= (1 + (((waves[1] * turned + waves[0]) * turned + oval) * turned * turned).real) / radius_px
    hollow = (rho / rng.uniform(0.42, 0.6)) ** 2
    rim = (rho - 0.93) / 0.08
    return _inside((rho - 1) * radius_px, 2.0) * (0.92 + 0.18 * np.exp(-rim * rim) - pallor * np.exp(-hollow * hollow))


def platelet(radius_px: float, rng: Generator) -> Patch:
    """Draw one platelet: a small ragged clot of granules."""
    x, y = _grid(radius_px)
    shape = (x.shape[0], x.shape[1])
    rough = np.hypot(x, y * rng.uniform(0.8, 1.3)) + 0.22 * radius_px * _smooth(shape, 0.7 * radius_px, rng)
    return _inside(rough - radius_px, 3.0) * (0.75 + 0.2 * _smooth(shape, 3.0, rng))
