"""What looks can show before there is anything to look at: they are played, with drawn blocks, and counted.

In: looks with their bounds, the spread of a block's contribution, a margin, an effect and a generator. Out: how often
an arm is decided, in which words and at which look. What is played is the look of a real study; the prior of the
spreads of its arms is left out, which promises a little too much.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bloodstudy.analysis.statistics.sequential import Bounds, Said, look_at

UPPER = 0.80  # confidence of the upper limit of a pilot's spread


@dataclass(frozen=True)
class Sample:
    """Arms without any effect, as each look would find them: arrays (arms, looks)."""

    effects: np.ndarray
    variances: np.ndarray
    freedoms: np.ndarray


@dataclass(frozen=True)
class Chances:
    """How often an arm is found to be something, over the arms of a sample."""

    difference: float  # one is stated, and in the right direction; either direction where there is none
    equivalent: float
    not_worse: float
    closing: tuple[
        float, ...
    ]  # by look: the arms that get no more blocks after it; the last one ends all that are left


def draw_arms(
    generator: np.random.Generator,
    repetitions: Sequence[int],
    folds: int,
    spread: float,
    scenes: float = 0.0,
    scene_freedom: float = 30.0,
    arms: int = 2000,
) -> Sample:
    """Draw arms, block by block, as the looks at so many `repetitions` find them.

    Args:
        generator: that all draws come from.
        repetitions: that are complete at each look.
        folds: blocks of a repetition.
        spread: standard deviation of a block's contribution, in accuracy, what the scenes do to it included.
        scenes: standard error of an effect that comes from the scenes alone, however many seeds there are.
        scene_freedom: degrees of freedom with which that is known.
        arms: how many are drawn.
    """
    last = repetitions[-1]
    blocks = generator.normal(0, math.sqrt(max(0.0, spread**2 - folds * scenes**2)), (arms, last, folds))
    variance = np.zeros(arms)
    if scenes:
        # A repetition shows each scene once: its folds differ by scenes, its sum is that of any other repetition.
        inside = generator.normal(0, scenes * math.sqrt(folds), (arms, last, folds))
        blocks += inside - inside.mean(axis=2, keepdims=True) + generator.normal(0, scenes, (arms, 1, 1))
        variance = scenes**2 * generator.chisquare(scene_freedom, arms) / scene_freedom
    effects, variances, freedoms = (np.empty((arms, len(repetitions))) for _ in range(3))
    for look, count in enumerate(repetitions):
        seen, n = blocks[:, :count].reshape(arms, -1), count * folds
        training, by_scenes = seen.var(axis=1, ddof=1) / n, (1 - 1 / count) * variance
        total = training + by_scenes
        parts = training**2 / (n - 1) + by_scenes**2 / scene_freedom
        effects[:, look], variances[:, look] = seen.mean(axis=1), total
        freedoms[:, look] = np.divide(total**2, parts, out=np.full(arms, n - 1.0), where=parts > 0)
    return Sample(effects, variances, freedoms)


def play(sample: Sample, effect: float, bounds: Sequence[Bounds], margin: float, simplify: bool = False) -> Chances:
    """Return how often an arm is found to be something, if its true effect is `effect`.

    A sample may serve several effects: differences between their chances are then known better than the chances.
    """
    arms, differs, equivalent, not_worse = len(sample.effects), 0, 0, 0
    closing = np.zeros(len(bounds), dtype=int)
    right = {Said.IMPROVES: effect >= 0, Said.HARMS: effect <= 0}
    found, variances, freedoms = (sample.effects + effect).tolist(), sample.variances.tolist(), sample.freedoms.tolist()
    for arm in range(arms):
        flag = False
        for look, bound in enumerate(bounds):
            told = look_at(found[arm][look], variances[arm][look], freedoms[arm][look], bound, margin, simplify)
            flag = flag or told.not_worse
            if told.said is not None or look == len(bounds) - 1:
                closing[look] += 1
                aside = told.detectable and (found[arm][look] * effect >= 0)
                differs += aside or right.get(Said(told.said), False) if told.said else False
                equivalent += told.said == Said.EQUIVALENT
                break
        not_worse += flag
    return Chances(differs / arms, equivalent / arms, not_worse / arms, tuple((closing / arms).tolist()))


def expect_repetitions(repetitions: Sequence[int], closing: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return the mean of all repetitions of arms that close as `closing` says, and that of the longest one of them.

    Args:
        repetitions: that are complete at each look.
        closing: of each arm the chance to be closed at each look. Arms are taken as independent; they share their
            reference, so that the longest is a little shorter.
    """
    counts, shares = np.asarray(repetitions, dtype=float), np.asarray(closing)
    longest = np.diff(np.prod(np.cumsum(shares, axis=1), axis=0), prepend=0.0)
    return float((shares @ counts).sum()), float(longest @ counts)


def upper_spread(sd: float, df: float) -> float:
    """Return the upper 80 % limit of the true spread, of which the estimate `sd` has `df` degrees of freedom."""
    if df <= 0:
        return math.nan
    from scipy import stats

    return sd * math.sqrt(df / float(stats.chi2.ppf(1 - UPPER, df)))
