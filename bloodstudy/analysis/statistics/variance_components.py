"""The effect on new photographs: seeds and photographs are both samples, crossed.

In: what arm and reference got right, seed by image, with the class and cluster (photograph or scene) of each image.
Out: the same mean effect with an interval that holds for other photographs of these classes in these shares, by
variance components (seed; cluster within class; their interaction) with Satterthwaite's degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bloodstudy.analysis.statistics.paired import Effect, spread_out


@dataclass(frozen=True, eq=False)
class Crossed:
    """Differences added up over the images of each cluster: `parts` sum to the effect of each seed."""

    parts: np.ndarray  # float (seeds, clusters)
    weights: np.ndarray  # (clusters,): share of all images
    strata: np.ndarray  # (clusters,): class

    def classes(self) -> list[np.ndarray]:
        """The positions of the clusters of each class."""
        return [np.flatnonzero(self.strata == stratum) for stratum in np.unique(self.strata)]


def cross(differences: np.ndarray, classes: np.ndarray, clusters: np.ndarray) -> Crossed:
    """Add up `differences` (seeds, images), each -1, 0 or 1, over the `clusters` of images within `classes`."""
    number, firsts = pd.factorize(clusters)[0], np.unique(clusters, return_index=True)[1]
    firsts = firsts[np.argsort(number[firsts])]
    images = differences.shape[1]
    sums = np.stack([np.bincount(number, weights=own, minlength=len(firsts)) for own in differences])
    return Crossed(sums / images, np.bincount(number) / images, classes[firsts])


def estimate_crossed(crossed: Crossed) -> Effect:
    """Return the effect with seeds and clusters both random.

    The mean's variance is that over seeds plus that over clusters less their interaction, which both contain; each
    estimate is a mean square, so Satterthwaite (1946) gives the degrees of freedom. A component estimated below zero
    counts as zero. Within a class, clusters weigh as many images as they have (a ratio estimator), and the factor that
    makes up for the estimated class mean is n/(n-1) generalised to unequal weights. NaN interval if a class has
    a single cluster, or with a single seed.
    """
    seeds, parts = len(crossed.parts), crossed.parts
    mean = float(parts.sum(axis=1).mean())
    groups = crossed.classes()
    if seeds < 2 or min(map(len, groups)) < 2:
        return Effect(mean, math.nan, 0, math.nan, math.nan, seeds)
    seed = parts.sum(axis=1).var(ddof=1) / seeds
    photographs, interactions, sizes = np.zeros(len(groups)), np.zeros(len(groups)), np.array(list(map(len, groups)))
    for position, own in enumerate(groups):
        weight = crossed.weights[own]
        residuals = parts[:, own] - np.outer(parts[:, own].sum(axis=1), weight / weight.sum())
        middle = residuals.mean(axis=0)
        photographs[position] = _factor(weight) * np.sum(middle**2)
        interactions[position] = _factor(weight) * np.sum((residuals - middle) ** 2) / (seeds * (seeds - 1))
    photograph, interaction = photographs.sum(), interactions.sum()
    squares = seed**2 / (seeds - 1), np.sum(photographs**2 / (sizes - 1))
    square = np.sum(interactions**2 / ((sizes - 1) * (seeds - 1)))
    options = [
        (seed + photograph - interaction, sum(squares) + square),
        (seed, squares[0]),
        (photograph, squares[1]),
    ]
    variance, denominator = max(options, key=lambda option: option[0])
    if variance <= 0:
        return spread_out(mean, 0.0, seeds - 1, seeds)
    return spread_out(mean, math.sqrt(variance), float(variance**2 / denominator), seeds)


def _factor(weights: np.ndarray) -> float:
    share = weights / weights.sum()
    second, third = np.sum(share**2), np.sum(share**3)
    return float(second / (second - 2 * third + second**2))
