"""How far a trial is from chance, by what scenes allow: naming one class for all images gets one class in k right.

In: what a trial got right of the images of each cell, a cell being the images of one class in one scene. Out: whether
it stayed at chance, or by how much it came clear of it.
"""

from __future__ import annotations

import math

import numpy as np

ONE_SIDED = 0.95


def balanced_share(correct: np.ndarray, images: np.ndarray, classes: np.ndarray) -> tuple[float, float, int]:
    """Return class-balanced accuracy, how far its one-sided 95 % bounds lie from it, and of how many classes it is.

    Scenes are drawn within each class.

    Args:
        correct: (C,), images of each cell that are right.
        images: (C,), how many it has.
        classes: int (C,), its class. A class with a single scene can show no spread, so it is left out.
    """
    means, variance, df = [], 0.0, 0
    for label in np.unique(classes):
        own = classes == label
        n = int(own.sum())
        if n < 2:
            continue
        share = correct[own].sum() / images[own].sum()
        residual = correct[own] - images[own] * share
        variance += n / (n - 1) * float(np.sum(residual**2)) / float(images[own].sum()) ** 2
        means.append(float(share))
        df += n - 1
    if not means:
        return math.nan, math.nan, 0
    mean = float(np.mean(means))
    if variance == 0:
        return mean, 0.0, len(means)
    from scipy import special

    return mean, float(special.stdtrit(df, ONE_SIDED)) * math.sqrt(variance) / len(means), len(means)


def at_chance(correct: np.ndarray, images: np.ndarray, classes: np.ndarray) -> bool:
    """Tell whether the upper bound is at or below one in the number of classes; False if no class tells."""
    mean, reach, known = balanced_share(correct, images, classes)
    return known > 1 and mean + reach <= 1 / known


def clearance(correct: np.ndarray, images: np.ndarray, classes: np.ndarray) -> float:
    """Return how far the lower bound lies above one in the number of classes; NaN if no class tells."""
    mean, reach, known = balanced_share(correct, images, classes)
    return mean - reach - 1 / known if known > 1 else math.nan
