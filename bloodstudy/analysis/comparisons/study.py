"""The answer to a whole study: every comparison with its verdict, and how far the study has come.

In: a sweep. Out: a frozen `Judged`, from which reports are written: it holds every number and word that they give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bloodstudy.analysis.comparisons.comparison import RESPONSES, Comparison, Needed, compare, withhold
from bloodstudy.analysis.comparisons.mechanism import name_mechanism
from bloodstudy.analysis.comparisons.pairs import InterimLook, Pair, find_interim_look, list_pairs
from bloodstudy.analysis.comparisons.verdict import (
    ALPHA,
    FEW_CLUSTERS,
    FEW_SEEDS,
    Verdict,
    Word,
    add_flips,
    add_second_words,
    sign_flip_floor,
    test_family,
)
from bloodstudy.analysis.results.sweep import StudyResults
from bloodstudy.analysis.statistics.power import seeds_for_difference, seeds_for_equivalence
from bloodstudy.analysis.statistics.sign_flip import flip_signs
from bloodstudy.study.outcome import PUBLISHED


@dataclass(frozen=True, eq=False)
class StudyAnalysis:
    """A study, judged."""

    sweep: StudyResults
    look: InterimLook
    alpha: float  # of each look
    family: int  # arms that the plan tests
    comparisons: tuple[Comparison, ...]  # in the order of the plan
    fewest_clusters: int | None  # photographs (or scenes) of the rarest class in the test; None: nothing is finished
    unit: str  # scene, photograph or image: what counts as one piece of evidence

    @property
    def floor(self) -> float:
        """The smallest adjusted p-value that an exact sign-flip test could reach with these seeds and arms."""
        return sign_flip_floor(self.look.used, self.family)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that are looked at."""
        return tuple(self.sweep.seeds[: self.look.used])

    def of(self, question: str) -> list[Comparison]:
        """Return the comparisons that belong to a question."""
        own = [c for c in self.comparisons if question in (*c.pair.questions, *c.pair.shown)]
        return [comparison if question in comparison.pair.questions else _show(comparison) for comparison in own]

    def find(self, arm: str, reference: str | None = None) -> Comparison | None:
        """Return the comparison of `arm`, or None if it has none."""
        found = (c for c in self.comparisons if c.pair.arm == arm and reference in (None, c.pair.reference))
        return next(found, None)


def _show(comparison: Comparison) -> Comparison:
    """Return the comparison as a question has it that shows the arm, which another one tests."""
    verdict = (
        comparison.verdict if comparison.verdict.word in (Word.INVALID, Word.UNPAIRED) else Verdict(Word.EXPLORATORY)
    )
    return replace(comparison, pair=replace(comparison.pair, role=Word.EXPLORATORY), verdict=verdict, needed=None)


def analyse_study(sweep: StudyResults) -> StudyAnalysis:
    """Return the study of `sweep`, judged."""
    pairs = list_pairs(sweep.plan)
    done = _done(sweep)
    look = find_interim_look(sweep.plan, done, _decisive(pairs) or sweep.arms)
    seeds = sweep.seeds[: look.used]
    family = sum(pair.tested for pair in pairs)
    alpha = ALPHA / len(look.looks)
    compared = [compare(sweep, pair, _own_seeds(sweep, done, pair, seeds), np.random.default_rng(0)) for pair in pairs]
    counts, unit = _count_clusters(sweep)
    fewest = min(counts.values(), default=None)
    tellable = [all(counts.get(arm, 0) >= FEW_CLUSTERS for arm in (pair.arm, pair.reference)) for pair in pairs]
    verdicts = _decide(compared, look, family, alpha, tellable)
    told = [
        replace(
            withhold(comparison) if verdict.word == Word.INVALID else comparison,
            verdict=verdict,
            mechanism=_name_mechanism(comparison, verdict) if look.decides else None,
            needed=_count_needed(comparison, verdict, alpha / max(family, 1)),
        )
        for comparison, verdict in zip(compared, verdicts, strict=True)
    ]
    return StudyAnalysis(sweep, look, alpha, family, tuple(told), fewest, unit)


def _decisive(pairs: Sequence[Pair]) -> list[str]:
    """Return the arms that must have a seed before it counts: those that are tested, and their references."""
    return list(dict.fromkeys(arm for pair in pairs if pair.tested for arm in (pair.reference, pair.arm)))


def _done(sweep: StudyResults) -> dict[str, list[int]]:
    done = sweep.trials[sweep.trials["outcome"].isin(PUBLISHED)]
    return {str(arm): sorted(set(own["seed"])) for arm, own in done.groupby("arm")}


def _own_seeds(sweep: StudyResults, done: Mapping[str, Sequence[int]], pair: Pair, seeds: Sequence[int]) -> list[int]:
    """Return the seeds at which to compare a pair; an arm that is only shown must not have all of them yet."""
    if pair.tested:
        return list(seeds)
    common = [seed for seed in sweep.seeds if all(seed in done.get(arm, ()) for arm in (pair.arm, pair.reference))]
    return [seed for seed in common if seed in seeds] or common


def _decide(
    compared: Sequence[Comparison], look: InterimLook, family: int, alpha: float, tellable: Sequence[bool]
) -> list[Verdict]:
    verdicts = [_refuse(comparison, look) for comparison in compared]
    tested = [
        position
        for position, comparison in enumerate(compared)
        if comparison.pair.tested and verdicts[position] is None and comparison.test.testable
    ]
    margins = [compared[position].pair.margin for position in tested]
    this = test_family([compared[position].test for position in tested], margins, family, alpha)
    if any(verdict.word in (Word.IMPROVES, Word.HARMS) and not verdict.normality for verdict in this):
        flipped = [flip_signs(compared[position].points["test_accuracy"].to_numpy()) for position in tested]
        this = add_flips(this, flipped, family, alpha)
    wider = test_family([compared[position].wider for position in tested], margins, family, alpha)
    told = dict(zip(tested, add_second_words(this, wider, [tellable[i] for i in tested]), strict=True))
    return [
        verdict or told.get(position) or Verdict(Word.INVALID, "no seed is paired")
        for position, verdict in enumerate(verdicts)
    ]


def _refuse(comparison: Comparison, look: InterimLook) -> Verdict | None:
    """Return the word of what is not tested, or None."""
    if comparison.unpaired:
        return Verdict(Word.UNPAIRED, "the arms stand on different splits")
    if comparison.faults:
        return Verdict(Word.INVALID, "; ".join(comparison.faults))
    if not comparison.pair.tested:
        return Verdict(Word.EXPLORATORY)
    if not look.decides:
        return Verdict(Word.PENDING, f"{look.done}/{look.next}")
    if look.used < FEW_SEEDS:
        return Verdict(Word.PILOT)
    if comparison.training.failing:
        return Verdict(Word.FAILS)
    return None


def _name_mechanism(comparison: Comparison, verdict: Verdict) -> str | None:
    few = len(comparison.seeds) < FEW_SEEDS
    if few or verdict.word in (Word.INVALID, Word.INCONCLUSIVE, Word.FAILS, Word.UNPAIRED):
        return None
    return name_mechanism(*(comparison.effects[response] for response in RESPONSES))


def _count_needed(comparison: Comparison, verdict: Verdict, alpha: float) -> Needed | None:
    if verdict.word != Word.INCONCLUSIVE:
        return None
    sd, margin = comparison.test.sd, comparison.pair.margin
    return Needed(seeds_for_equivalence(sd, margin, alpha), seeds_for_difference(sd, margin, alpha))


def _count_clusters(sweep: StudyResults) -> tuple[dict[str, int], str]:
    """Return the clusters of the class that has the fewest in the test, by arm, and what they are."""
    shown = {
        planned.arm: (sweep.predictions[planned.key].shown, planned.evaluated_on)
        for planned in reversed(sweep.plan.trials)
        if planned.key in sweep.predictions
    }
    counts = {arm: own.count_clusters(judged) for arm, (own, judged) in shown.items()}
    return counts, next((own.unit for own, _ in shown.values()), "image")
