"""One arm at the looks of a study: whether it is decided, in which words, and for good.

In: at each look the effect, its variance and degrees of freedom, and the bounds that `plan_bounds` gave before the
first trial. Out: what the look says. An arm that is closed is not looked at again, so a verdict is never taken back.

Difference 0 and a difference beyond the margin exclude each other, and so do the errors of the statements below: at any
true effect no more than the error of the arm is spent on all of them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import special

from bloodstudy.analysis.statistics.spending import nominal_levels

OF_VERDICTS = 0.9  # of an arm's error; the rest is for `fails to train`


class Said(StrEnum):
    """What closes an arm."""

    EQUIVALENT = "equivalent"
    IMPROVES = "improves"
    HARMS = "harms"
    NOT_WORSE = "not worse"  # where a question asks for no more than that


@dataclass(frozen=True)
class Bounds:
    """The p-values to go below at one look, of one tail."""

    two_sided: float  # of a difference: half of the arm's error over all looks
    one_sided: float  # of equivalence and of being not worse


@dataclass(frozen=True)
class Look:
    """What one look says of an arm. Intervals hold at all looks together."""

    said: Said | None  # None: it stays open
    low: float  # of the two-sided interval
    high: float
    at_least: float  # one-sided bounds
    at_most: float
    detectable: bool = False  # equivalent, and yet a difference
    beyond: bool = False  # improves or harms by more than the margin
    not_worse: bool = False


def plan_bounds(repetitions: Sequence[int], arms: int, alpha: float = 0.05) -> tuple[Bounds, ...]:
    """Return the bounds of each look.

    Args:
        repetitions: that are complete at each look, rising; the last one is the largest that there will be.
        arms: planned pairs of arm and reference that get a verdict, whatever becomes of them.
        alpha: error of the study over all its verdicts.
    """
    shares = [count / repetitions[-1] for count in repetitions]
    error = OF_VERDICTS * alpha / arms
    each = zip(nominal_levels(error / 2, shares), nominal_levels(error, shares), strict=True)
    return tuple(Bounds(two, one) for two, one in each)


def look_at(
    effect: float, variance: float, freedom: float, bounds: Bounds, margin: float, simplify: bool = False
) -> Look:
    """Return what a look says of an arm that is open.

    `simplify`: whether the question is content with an arm that is not worse.
    """
    error = float(np.sqrt(variance))
    # What stats.t.isf calls, without its checks: planning and calibration look some million times.
    wide, narrow = (-float(special.stdtrit(freedom, p)) * error for p in (bounds.two_sided, bounds.one_sided))
    low, high, at_least, at_most = effect - wide, effect + wide, effect - narrow, effect + narrow
    differs, not_worse = low > 0 or high < 0, at_least > -margin
    said = None
    if -margin < at_least and at_most < margin:
        said = Said.EQUIVALENT
    elif differs:
        said = Said.IMPROVES if effect > 0 else Said.HARMS
    elif simplify and not_worse:
        said = Said.NOT_WORSE
    beyond = said in (Said.IMPROVES, Said.HARMS) and (low > margin or high < -margin)
    detectable = said == Said.EQUIVALENT and differs
    return Look(said, low, high, at_least, at_most, detectable, beyond, not_worse)
