"""The effect of an arm from blocks, and how far it may be off for new seeds and for new photographs.

In: of each repetition and each scene of each class the mean difference between arm and reference, and the fold that
tested it. Out: the effect with the variance that comes from training and the one that comes from the scenes.

A repetition divides all images into K folds; each fold with its training seed is a block. A class weighs as any other,
within a class images do. With one fold a repetition is a seed, and the scenes have no part. Chen, Gallas and Yousef
(2012) for the two variances together; Smyth (2004) for the prior that steadies the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from bloodstudy.analysis.statistics.paired import DECIMALS

ROUNDING = 1e-9  # a smaller part of a variance is none
MOST_STEADIED = 8  # times its own degrees of freedom: a prior says no more than that


@dataclass(frozen=True)
class Cells:
    """The scenes of each class: one cell is the images of one class in one scene."""

    classes: np.ndarray  # int (C,), from 0 on
    scenes: np.ndarray  # int (C,): one that shows several classes has a cell in each
    weights: np.ndarray  # float (C,): share of the images of the class; they sum to 1 within a class

    @cached_property
    def count(self) -> int:
        """The number of classes."""
        return int(self.classes.max()) + 1

    def sum_by_class(self, values: np.ndarray) -> np.ndarray:
        """Sum (..., C) over the cells of each class: (..., k)."""
        return values @ self._of_class

    def sum_by_scene(self, values: np.ndarray) -> np.ndarray:
        """Sum (..., C) over the cells of each scene: (..., S)."""
        order, starts = self._of_scene
        return np.add.reduceat(values[..., order], starts, axis=-1)

    @cached_property
    def _of_class(self) -> np.ndarray:
        return np.eye(self.count)[self.classes]

    @cached_property
    def _of_scene(self) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(self.scenes, kind="stable")
        return order, np.unique(self.scenes[order], return_index=True)[1]


@dataclass(frozen=True)
class Prior:
    """What the spreads of all arms say of the spread of one: its degrees of freedom, and its size."""

    freedom: float
    variance: float


@dataclass(frozen=True)
class BlockEffect:
    """The effect of one arm. Variances are those of the effect itself."""

    effect: float
    blocks: int  # that count
    repetitions: int  # of which no block is missing
    spread: float  # variance of one block's contribution
    training: float  # variance by training, without a prior
    scenes: float  # variance by scenes; 0 where nothing shows
    scene_parts: tuple[tuple[float, float], ...]  # of each scene term: its variance, its degrees of freedom
    contributions: tuple[float, ...] = ()  # of each block, by repetition and fold; their mean is the effect

    def steadied(self, prior: Prior | None) -> tuple[float, float]:
        """Return the variance by training and its degrees of freedom, never less than what the arm itself shows."""
        own = self.blocks - 1
        if prior is None or self.effect == 0 == self.spread:  # no difference in any block is no matter of chance
            return self.training, own
        if np.isinf(prior.freedom):
            moderated = prior.variance
        else:
            moderated = (prior.freedom * prior.variance + own * self.spread) / (prior.freedom + own)
        if self.spread >= moderated:
            return self.training, own
        return moderated / self.blocks, min(prior.freedom + own, MOST_STEADIED * own)

    def variance(self, prior: Prior | None = None) -> tuple[float, float]:
        """Return the variance for new seeds and new photographs, and its degrees of freedom (Satterthwaite)."""
        training, freedom = self.steadied(prior)
        total = training + self.scenes
        if self.scenes == 0:
            return total, freedom
        part = sum(variance**2 / free for variance, free in self.scene_parts)
        return total, float(total**2 / (training**2 / freedom + part))


def measure(differences: np.ndarray, folds: np.ndarray, cells: Cells, number: int | None = None) -> BlockEffect | None:
    """Return the effect of an arm; None if fewer than two blocks, or no cell of some class, are left.

    Args:
        differences: float (R, C), mean of arm minus reference over a cell's images; NaN in blocks that do not count.
        folds: int (R, C), the fold that tested the cell in that repetition.
        cells: the scenes of each class.
        number: of folds; None: as many as `folds` names.
    """
    repetitions, number = len(differences), int(folds.max()) + 1 if number is None else number
    left = ~np.isnan(differences)
    filled = np.where(left, differences, 0.0)
    weighed = cells.sum_by_class((left * cells.weights).sum(axis=0))
    if (weighed == 0).any():
        return None
    means = cells.sum_by_class((filled * cells.weights).sum(axis=0)) / weighed
    effect = float(means.mean())
    deviations = np.where(left, differences - means[cells.classes], 0.0) * cells.weights / cells.count
    block = (np.arange(repetitions)[:, None] * number + folds).ravel()
    sums, counts = (np.bincount(block, part.ravel(), repetitions * number) for part in (deviations, left))
    contributions = effect + number * sums[counts > 0]
    if len(contributions) < 2:
        return None
    contributions = np.round(contributions, DECIMALS)
    spread = float(np.var(contributions, ddof=1)) if np.ptp(contributions) else 0.0
    whole = differences[left.all(axis=1)]
    scenes, parts = (0.0, ()) if number == 1 else _scene_part(whole, cells)
    blocks = len(contributions)
    return BlockEffect(
        effect, blocks, len(whole), spread, spread / blocks, scenes, parts, tuple(map(float, contributions))
    )


def _scene_part(differences: np.ndarray, cells: Cells) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Return the variance by scenes, and its terms with their degrees of freedom."""
    repetitions = len(differences)
    if repetitions < 2:
        return 0.0, ()
    weights = cells.weights
    parts = differences * weights / cells.count
    residuals = parts - weights * cells.sum_by_class(parts)[:, cells.classes]
    powers = [cells.sum_by_class(weights**power) for power in (2, 3)]
    inflation = powers[0] / (powers[0] - 2 * powers[1] + powers[0] ** 2)
    residuals = residuals * np.sqrt(inflation)[cells.classes]
    mean = residuals.mean(axis=0)
    inner = ((residuals - mean) ** 2).sum(axis=0) / (repetitions * (repetitions - 1))
    # A scene that shows several classes is one scene: its residuals are summed before they are squared.
    whole = cells.sum_by_scene(residuals)
    of_scenes = whole.mean(axis=0)
    between = float((of_scenes**2).sum())
    within = float(((whole - of_scenes) ** 2).sum() / (repetitions * (repetitions - 1)))
    share = 1 - 1 / repetitions
    scenes = np.bincount(cells.classes)
    terms = [(share * v, n - 1.0) for v, n in zip(cells.sum_by_class(mean**2), scenes, strict=True)]
    terms += [
        (share * v, (n - 1.0) * (repetitions - 1)) for v, n in zip(cells.sum_by_class(inner), scenes, strict=True)
    ]
    left = between - within if between - within > ROUNDING * between else 0.0
    return share * left, tuple((float(v), float(free)) for v, free in terms if free > 0)


def fit_prior(spreads: Sequence[float], freedom: int) -> Prior | None:
    """Return the prior of the spreads of arms with `freedom` degrees each; None with fewer than four above 0.

    The spreads are taken for a scaled F; its moments on the scale of logarithms are matched.
    """
    logs = np.log(sorted(spread for spread in spreads if spread > 0))  # no sum depends on the order of the arms
    if len(logs) < 4:
        return None
    centred = logs - special.digamma(freedom / 2) + np.log(freedom / 2)
    left = float(centred.var(ddof=1) - special.polygamma(1, freedom / 2))
    if left <= 0:
        return Prior(np.inf, float(np.exp(centred.mean())))
    prior = 2 * _inverse_trigamma(left)
    return Prior(prior, float(np.exp(centred.mean() + special.digamma(prior / 2) - np.log(prior / 2))))


def _inverse_trigamma(value: float) -> float:
    """Solve trigamma(x) = value by Newton's steps on 1 / trigamma, which is nearly straight."""
    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = special.polygamma(1, x)
        step = trigamma * (1 - trigamma / value) / special.polygamma(2, x)
        x += step
        if abs(step) < 1e-10 * x:
            break
    return float(x)
