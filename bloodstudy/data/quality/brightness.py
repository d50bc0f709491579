"""How bright the images are: a difference between the splits that no class explains is a warning.

In: uint8 images. Out: the brightness of each, and mean and spread by class and split. The black border that a rotation
leaves is not counted as a dark image; its share stands by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bloodstudy.data.dataset import Dataset

BLACK = 16  # grey levels; a pixel at or below it in every channel is border: JPEG does not keep it at 0
_ROWS = 256  # images at a time: the array is mapped, never read as a whole


def measure_brightness(dataset: Dataset) -> pd.DataFrame:
    """Return one row an image: class, split, brightness (mean of its pixels and channels, 0 to 255), border (share).

    Brightness is NaN if every pixel is border.
    """
    images = dataset.images
    brightness, border = np.full(len(images), np.nan), np.zeros(len(images))
    for start in range(0, len(images), _ROWS):
        part = images[start : start + _ROWS]
        lightest, total = part[..., 0].copy(), part[..., 0].astype(np.uint16)
        for channel in range(1, part.shape[-1]):
            np.maximum(lightest, part[..., channel], out=lightest)
            total += part[..., channel]
        inside = lightest > BLACK
        pixels = inside.sum(axis=(1, 2))
        light = np.where(inside, total, 0).sum(axis=(1, 2), dtype=np.float64)
        np.divide(light, pixels * part.shape[-1], out=brightness[start : start + _ROWS], where=pixels > 0)
        border[start : start + _ROWS] = 1 - pixels / inside[0].size
    names = np.asarray(dataset.classes, dtype=object)[dataset.manifest["label"].to_numpy()]
    split = dataset.manifest["split"].to_numpy()
    return pd.DataFrame({"class": names, "split": split, "brightness": brightness, "border": border})


def summarise_brightness(measured: pd.DataFrame, sides: Sequence[str]) -> pd.DataFrame:
    """Return one row a class and side: images, mean and standard deviation of brightness, mean border share."""
    order = pd.Categorical(measured["split"], sides)
    groups = measured.assign(split=order).groupby(["class", "split"], observed=True)
    table = groups.agg(
        images=("border", "size"), mean=("brightness", "mean"), sd=("brightness", "std"), border=("border", "mean")
    )
    return table.reset_index().astype({"split": str})
