"""What a study can show before it is run: the effect that its seeds would detect, never from an observed effect.

In: a sweep, of which little or nothing need have finished. Out: a `Foresight`. The spread of
paired differences comes from trials of this study that have finished, at its upper 80 % limit; if there are too few,
all is told in units of that spread.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bloodstudy.analysis.comparisons.comparison import compare
from bloodstudy.analysis.comparisons.pairs import list_pairs
from bloodstudy.analysis.comparisons.verdict import ALPHA, FEW_SEEDS
from bloodstudy.analysis.results.sweep import StudyResults
from bloodstudy.analysis.statistics.paired import Effect
from bloodstudy.analysis.statistics.power import detectable, equivalence_ratio, upper_spread

EXAMPLE = 0.03  # a spread to give an example with
SHARED = 0.25  # squared correlation of two arms' differences to one reference, if all three spread alike


@dataclass(frozen=True)
class Foresight:
    """What `seeds` can show of `family` arms, each tested at `alpha`."""

    seeds: int
    family: int
    alpha: float
    margin: float  # the smallest of the questions'
    spread: float | None  # upper 80 % limit of the paired differences' standard deviation; None: not known yet
    pairs: int  # paired differences that it comes from

    @property
    def ratio(self) -> float:
        """The effect that is detected with a chance of 80 %, in spreads."""
        return detectable(self.seeds, 1.0, self.alpha)

    @property
    def bearable(self) -> float:
        """The largest spread at which equivalence within the margin is shown with a chance of 80 %."""
        return self.margin / equivalence_ratio(self.seeds, self.alpha)

    def describe(self) -> str:
        """Return what the study can show, in sentences."""
        if self.seeds < FEW_SEEDS:
            return f"under {FEW_SEEDS} seeds nothing is concluded: the only word is pilot"
        tested = f"{self.seeds} seeds and {self.family} tested arm{'s' if self.family > 1 else ''}"
        shown = (
            f"equivalence within {_points(self.margin)} points where they spread by at most {_points(self.bearable)}"
        )
        if self.spread is None:
            return (
                f"{tested} detect (with a chance of 80 %) an effect of {self.ratio:.2f} times the spread of the paired "
                f"differences, such as {_points(EXAMPLE * self.ratio)} points where they spread by "
                f"{_points(EXAMPLE)}; they show {shown}. The spread is not known before some seeds have finished"
            )
        return (
            f"{tested} detect (with a chance of 80 %) an effect of {_points(self.spread * self.ratio)} points on test "
            f"accuracy, since paired differences spread by up to {_points(self.spread)} (upper 80 % limit from "
            f"{self.pairs} pairs); they show {shown}"
        )


def foresee(sweep: StudyResults) -> Foresight | None:
    """Return what the plan of `sweep` can show at its last look, or None if it tests no arm."""
    plan = sweep.plan
    tested = [pair for pair in list_pairs(plan) if pair.tested]
    if not tested:
        return None
    known = [effect for pair in tested if (effect := compare(sweep, pair, sweep.seeds, None).test).n > 1]
    alpha, margin = ALPHA / len(plan.looks) / len(tested), min(pair.margin for pair in tested)
    spread = limit_spread(known)
    pairs = sum(effect.n for effect in known) if spread is not None else 0
    return Foresight(plan.looks[-1], len(tested), alpha, margin, spread, pairs)


def limit_spread(known: Sequence[Effect]) -> float | None:
    """Return the upper 80 % limit of the pooled spread, None where too little is known.

    Arms share the trials of their reference, so their spreads err together: m of them are worth as many degrees of
    freedom as 1 / (1 / m + (1 - 1 / m) SHARED) would be on their own.
    """
    degrees = sum(effect.n - 1 for effect in known)
    if degrees < 2:
        return None
    pooled = math.sqrt(sum(effect.sd**2 * (effect.n - 1) for effect in known) / degrees)
    return upper_spread(pooled, degrees / (1 + (len(known) - 1) * SHARED))


def _points(accuracy: float) -> str:
    return f"{100 * accuracy:.2g}"
