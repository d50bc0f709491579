"""Which trials learnt nothing: accuracy that photographs allow to be no better than naming the largest class.

In: what a trial got right on its test images, with class and cluster of each. Out: whether it stayed at chance.
"""

from __future__ import annotations

import math

import numpy as np

ONE_SIDED = 0.95


def majority(classes: np.ndarray) -> float:
    """Return the share of the largest class."""
    return float(np.bincount(classes).max() / len(classes)) if len(classes) else math.nan


def upper_bound(correct: np.ndarray, classes: np.ndarray, clusters: np.ndarray) -> float:
    """Return the 95 % upper bound of an accuracy, its images drawn cluster by cluster within each class.

    A class with a single cluster adds no spread, since it cannot show any.
    """
    variance, df = 0.0, 0
    for stratum in np.unique(classes):
        in_class = classes == stratum
        number = np.unique(clusters[in_class], return_inverse=True)[1]
        right, images = np.bincount(number, weights=correct[in_class]), np.bincount(number)
        n = len(images)
        if n > 1:
            residual = right - images * right.sum() / images.sum()
            variance += n / (n - 1) * float(np.sum(residual**2)) / len(correct) ** 2
            df += n - 1
    if variance == 0:
        return float(correct.mean())
    from scipy import stats

    return float(correct.mean() + stats.t.ppf(ONE_SIDED, df) * math.sqrt(variance))


def at_chance(correct: np.ndarray, classes: np.ndarray, clusters: np.ndarray) -> bool:
    """Tell whether the upper bound is at or below the largest class's share."""
    largest = majority(classes)
    if len(correct) and correct.mean() > largest:  # most trials: no bound is needed
        return False
    return len(correct) > 0 and upper_bound(correct, classes, clusters) <= largest
