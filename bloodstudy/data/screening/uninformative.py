"""Images that tell a network nothing of their own: those of one colour, and those that show what another one shows.

In: uint8 images. Out: which they are, found on means over a grid of cells, so that noise, compression and size matter
little. A process looks once at the images of one file, however many splits of them it loads.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_CELLS = 10  # each way
_FLAT = 4  # grey levels between the lightest and the darkest cell of an image of almost one colour
_ALIKE = 2.0  # grey levels, root mean square over the cells, between images that are almost equal

KINDS = UNIFORM, NEARLY_UNIFORM, ALMOST_EQUAL = "one colour", "almost one colour", "what another one shows"


def find_uninformative(images: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Return one row an image that has nothing of its own: row, image, kind, like (the image that it repeats, or '').

    `images` is uint8 (N, height, width, channels), `names` their N names; the frame is not to be changed.
    """
    if isinstance(images, np.memmap) and images.filename is not None:
        path = Path(images.filename)
        return _find_once(path, path.stat().st_mtime_ns, tuple(names))
    return _find(images, names)


@lru_cache(maxsize=8)
def _find_once(path: Path, modified: int, names: tuple[str, ...]) -> pd.DataFrame:
    return _find(np.load(path, mmap_mode="r"), names)


def _find(images: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    cells = np.stack([_shrink(image) for image in images]) if len(images) else np.zeros((0, 1, 1))
    flat = np.ptp(cells, axis=1).max(axis=1) <= _FLAT
    rows: list[tuple[int, str, str, str]] = []
    for row in np.flatnonzero(flat).tolist():
        kind = UNIFORM if np.ptp(images[row], axis=(0, 1)).max() == 0 else NEARLY_UNIFORM
        rows.append((row, names[row], kind, ""))
    others = np.flatnonzero(~flat)
    for row, twin in zip(others.tolist(), _find_twins(cells[others]).tolist(), strict=True):
        if twin >= 0:
            rows.append((row, names[row], ALMOST_EQUAL, names[int(others[twin])]))
    return pd.DataFrame(sorted(rows), columns=["row", "image", "kind", "like"])


def describe_uninformative(found: pd.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each kind that there is: how many, and the first."""
    notes = []
    for kind, rows in found.groupby("kind", sort=False):
        first, many = rows.iloc[0], len(rows) > 1
        like = f" ({first['like']})" if first["like"] else ""
        what = f"{len(rows):,} images show {kind}; the first is" if many else f"an image shows {kind}:"
        notes.append(f"{what} {first['image']}{like}")
    return tuple(notes)


def _shrink(image: np.ndarray) -> np.ndarray:
    """Return the mean colour of each cell of a grid: float (cells, channels)."""
    height, width, channels = image.shape
    down, across = min(_CELLS, height), min(_CELLS, width)
    high, wide = height // down, width // across
    blocks = image[: down * high, : across * wide].reshape(down, high, across, wide, channels)
    return blocks.mean(axis=(1, 3), dtype=np.float32).reshape(-1, channels)


def _find_twins(cells: np.ndarray) -> np.ndarray:
    """Return, for each image, the nearest one that is almost equal to it; -1 if there is none."""
    from scipy.spatial import KDTree  # here: it takes 0.1 s, and not every command loads images

    if len(cells) < 2:
        return np.full(len(cells), -1)
    points = cells.reshape(len(cells), -1)
    near = _ALIKE * np.sqrt(points.shape[1])
    nearest: Any = KDTree(points).query(points, k=2, distance_upper_bound=near)
    distances, neighbours = nearest
    itself = neighbours[:, 0] == np.arange(len(points))  # of two equal points, either may come first
    twins, found = np.where(itself, neighbours[:, 1], neighbours[:, 0]), np.isfinite(distances[:, 1])
    return np.where(found, twins, -1)
