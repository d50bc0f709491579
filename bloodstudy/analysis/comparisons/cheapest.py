"""Looks that are proposed: the cheapest that show a difference, those that a budget pays; and what looks cost.

In: a design, the number of its arms, its margin, a spread, and a difference or a budget. Out: looks, what they take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bloodstudy.analysis.comparisons.pilot import Spread
from bloodstudy.analysis.statistics.power import Chances, Sample, draw_arms, expect_repetitions, play
from bloodstudy.analysis.statistics.sequential import Bounds, plan_bounds
from bloodstudy.study.design import Repetitions

WANTED = 0.80
MOST_TRAININGS = 200  # of an arm: "not within reach"
FIRST = (0.25, 0.375, 0.625, 1.0)  # looks that are tried, as shares of the repetitions
SEED = 20  # of the drawn arms: the same question gets the same answer
ARMS = 1000  # that are drawn


@dataclass(frozen=True)
class Cheapest:
    """The fewest repetitions at which the wanted difference is shown with a chance of 80 %."""

    looks: tuple[int, ...]
    trainings: float  # expected where nothing differs


def expect_trainings(looks: Sequence[int], folds: int, arms: Sequence[Chances], beside: int) -> float:
    """Return the trainings of arms that close as their chances say, and of those `beside` them, trained to the last."""
    every, longest = expect_repetitions(looks, [chances.closing for chances in arms])
    return folds * (every + beside * longest)


def find_cheapest(
    repetitions: Repetitions, arms: int, margin: float, spread: Spread, beside: int, detect: float
) -> Cheapest | None:
    """Return the looks with the fewest repetitions: the more there are, the more is shown and the more it takes."""
    folds, least = repetitions.folds, max(3, repetitions.least)

    def draw(last: int) -> tuple[tuple[int, ...], Sample, tuple[Bounds, ...]]:
        looks = try_looks(last, repetitions.least)
        sample = draw_arms(np.random.default_rng(SEED), looks, folds, spread.limit, spread.scenes, arms=ARMS)
        return looks, sample, plan_bounds(looks, arms)

    def enough(last: int) -> bool:
        _, sample, bounds = draw(last)
        return play(sample, detect, bounds, margin).difference >= WANTED

    low, high = least - 1, max(least, MOST_TRAININGS // folds)
    if not enough(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    looks, sample, bounds = draw(high)
    none = play(sample, 0.0, bounds, margin)
    return Cheapest(looks, expect_trainings(looks, folds, [none] * arms, beside))


def try_looks(last: int, least: int) -> tuple[int, ...]:
    """Return looks for so many repetitions, none before the `least` of the design: 2, 3, 5 and 8 of 8."""
    return tuple(sorted({min(last, max(least, round(last * share + 1e-9))) for share in FIRST}))


def find_paid(repetitions: Repetitions, arms: int, trainings: int) -> tuple[int, ...] | None:
    """Return the looks with the most repetitions that so many trainings pay, even if no arm is closed before the last.

    None if the budget does not pay the fewest repetitions by which a look can decide.
    """
    last = trainings // (repetitions.folds * arms)
    return try_looks(last, repetitions.least) if last >= repetitions.least else None
