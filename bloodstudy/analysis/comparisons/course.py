"""How each arm came to its verdict: what every declared look said of it, until one closed it for good.

In: the blocks of all tested pairs, as far as they have ended. Out: a `Course` each. It is a function of the finished
trials alone, so whoever asks, a report or the scheduler of a killed study, is told the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

import numpy as np
from scipy import special, stats

from bloodstudy.analysis.comparisons.pairs import Pair
from bloodstudy.analysis.comparisons.verdict import ALPHA, Verdict, Word
from bloodstudy.analysis.statistics.blocks import BlockEffect, Prior, fit_prior
from bloodstudy.analysis.statistics.paired import CONFIDENCE
from bloodstudy.analysis.statistics.sequential import OF_VERDICTS, Bounds, Look, look_at, plan_bounds
from bloodstudy.analysis.statistics.spending import nominal_levels
from bloodstudy.study.design import Repetitions

MOST_DROPPED = 0.2  # of an arm's blocks: above it nothing but `fails to train` is said
MOST_DEAD = 0.1  # of the reference's blocks


class Blocks(Protocol):
    """What is asked of a pair's blocks: `comparisons.blocks.Blocks`, or drawn ones whose truth is known."""

    @property
    def pair(self) -> Pair: ...
    @property
    def planned(self) -> bool: ...
    def complete(self, repetitions: int) -> bool: ...
    def failed(self, repetitions: int) -> Sequence[int]: ...
    def repaired(self, repetitions: int) -> bool: ...
    def dead(self, repetitions: int, of: str = "arm") -> tuple[int, ...]: ...
    def measure(self, repetitions: int) -> BlockEffect | None: ...


@dataclass(frozen=True)
class Step:
    """What one look says of an arm."""

    look: int  # the first one is 1
    repetitions: int
    effect: BlockEffect | None  # None: too few blocks count
    told: Look | None  # None: nothing may be concluded from so few blocks, or with so many dead ones
    low: float  # 95 % interval by training alone: these photographs
    high: float
    planned: int  # blocks
    prior: Prior | None  # that steadied it, fitted at the first look
    dead: tuple[int, ...]  # seeds of the arm
    reference_dead: tuple[int, ...]


@dataclass(frozen=True)
class Course:
    """An arm over the looks of its study."""

    steps: tuple[Step, ...]
    verdict: Verdict
    waits: tuple[int, ...] = ()  # seeds whose trials failed, for which the next look waits

    @property
    def open(self) -> bool:
        """Whether more blocks could still decide it."""
        return self.verdict.word in (Word.OPEN, Word.PILOT) and not self.verdict.final

    @property
    def last(self) -> Step | None:
        """The look that decided, or the last one that was held."""
        return self.steps[-1] if self.steps else None


@dataclass(frozen=True)
class Rules:
    """What was declared before the first trial, as numbers."""

    repetitions: Repetitions
    bounds: tuple[Bounds, ...]  # by look
    failing: tuple[float, ...]  # p below which an arm fails to train, by look

    @property
    def looks(self) -> int:
        return len(self.bounds)


def declare(repetitions: Repetitions, arms: int, alpha: float = ALPHA) -> Rules:
    """Return the rules of a study that tests so many arms."""
    shares = [count / repetitions.looks[-1] for count in repetitions.looks]
    failing = nominal_levels((1 - OF_VERDICTS) * alpha / max(arms, 1), shares)
    return Rules(repetitions, plan_bounds(repetitions.looks, max(arms, 1), alpha), failing)


def follow(tested: Sequence[Blocks], simplify: Sequence[bool], rules: Rules) -> list[Course]:
    """Return the course of each tested pair; `simplify`: whether its question is content with "not worse".

    A look is held once each open arm has ended all its blocks; an arm of which a trial failed is not waited for.
    """
    broken = Verdict(Word.INVALID, "a planned trial is missing or doubled", final=True)
    courses = [Course((), _open(0, rules) if own.planned else broken) for own in tested]
    priors: dict[str, Prior | None] = {}
    for look, repetitions in enumerate(rules.repetitions.looks):
        still = [place for place, course in enumerate(courses) if course.open]
        failed = {place: tuple(tested[place].failed(repetitions)) for place in still}
        for place in still:
            courses[place] = replace(courses[place], waits=failed[place])
        ready = [place for place in still if not failed[place]]
        if not all(tested[place].complete(repetitions) for place in ready):
            break
        if repetitions < rules.repetitions.least:
            for place in ready:
                courses[place] = replace(courses[place], verdict=Verdict(Word.PILOT, final=look + 1 == rules.looks))
            continue
        effects = {place: tested[place].measure(repetitions) for place in ready}
        for reference in {tested[place].pair.reference for place in ready} - priors.keys():
            # Without what a failed trial had kept out: it may have been repaired after others were closed.
            whole = [place for place in ready if not tested[place].repaired(repetitions)]
            own = [effects[place] for place in whole if tested[place].pair.reference == reference]
            priors[reference] = _fit([effect for effect in own if effect is not None])
        for place in ready:
            blocks = tested[place]
            step = _look(blocks, effects[place], priors[blocks.pair.reference], look, rules, simplify[place])
            courses[place] = _go_on(courses[place], step, rules)
    return courses


def _open(held: int, rules: Rules) -> Verdict:
    return Verdict(Word.OPEN, f"{held}/{rules.looks}", look=held or None)


def _fit(effects: Sequence[BlockEffect]) -> Prior | None:
    """Return the prior of the spreads of those arms that have as many blocks as most have."""
    if not effects:
        return None
    counts = Counter(effect.blocks for effect in effects)
    most = max(counts, key=lambda blocks: (counts[blocks], blocks))
    return fit_prior([effect.spread for effect in effects if effect.blocks == most], most - 1)


def _look(
    blocks: Blocks, effect: BlockEffect | None, prior: Prior | None, look: int, rules: Rules, simplify: bool
) -> Step:
    repetitions = rules.repetitions.looks[look]
    planned = len(rules.repetitions.seeds_of(repetitions))
    dead, others = blocks.dead(repetitions), blocks.dead(repetitions, "reference")
    told, low, high = None, np.nan, np.nan
    if effect is not None:
        training, freedom = effect.steadied(prior)
        half = float(special.stdtrit(freedom, (1 + CONFIDENCE) / 2)) * np.sqrt(training)
        low, high = effect.effect - half, effect.effect + half
        whole = rules.repetitions.folds == 1 or effect.repetitions >= rules.repetitions.least
        if whole and not is_thin(effect.blocks, len(others), planned):
            variance, freedom = effect.variance(prior)
            told = look_at(effect.effect, variance, freedom, rules.bounds[look], blocks.pair.margin, simplify)
    return Step(look + 1, repetitions, effect, told, float(low), float(high), planned, prior, dead, others)


def is_thin(counted: int, reference_dead: int, planned: int) -> bool:
    """Tell whether so many of the planned blocks are dead that nothing is concluded from those that count."""
    return reference_dead > MOST_DEAD * planned or counted < (1 - MOST_DROPPED) * (planned - reference_dead)


def _go_on(course: Course, step: Step, rules: Rules) -> Course:
    """Return the course after a look: closed for good, or open."""
    last, steps = step.look == rules.looks, (*course.steps, step)
    flag = course.verdict.not_worse or bool(step.told and step.told.not_worse)
    flagged = course.verdict.not_worse_look or (step.look if flag else None)
    kept = {"look": step.look, "not_worse": flag, "not_worse_look": flagged}
    partial = bool(step.dead)
    too_many = len(step.reference_dead) > MOST_DEAD * step.planned
    if too_many and (last or dead_interval(len(step.reference_dead), step.planned)[0] > MOST_DEAD):
        reason = f"{len(step.reference_dead)} of {step.planned} trials of the reference learnt nothing"
        return Course(steps, Verdict(Word.INVALID, reason, final=True, **kept))
    if _fails(step, rules):
        return Course(steps, Verdict(Word.FAILS, final=True, **kept))
    if step.told is not None and step.told.said is not None:
        told = step.told
        word = Word(str(told.said))  # its words are among ours
        flags = {"detectable": told.detectable, "beyond": told.beyond, "partial": partial}
        return Course(steps, Verdict(word, final=True, **flags, **kept))
    if last:
        return Course(steps, Verdict(Word.INCONCLUSIVE, final=True, partial=partial, **kept))
    return Course(steps, replace(_open(step.look, rules), partial=partial, **kept))


def _fails(step: Step, rules: Rules) -> bool:
    """Tell whether more blocks of the arm died than chance allows, by Fisher's one-sided test against the reference."""
    return _p_more(len(step.dead), len(step.reference_dead), step.planned) <= rules.failing[step.look - 1]


@cache
def _p_more(dead: int, others: int, of: int) -> float:
    return float(stats.hypergeom.sf(dead - 1, 2 * of, dead + others, of))


def dead_interval(dead: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share by Clopper and Pearson."""
    tail = (1 - CONFIDENCE) / 2
    low = float(stats.beta.ppf(tail, dead, of - dead + 1)) if dead else 0.0
    return low, float(stats.beta.isf(tail, dead + 1, of - dead)) if dead < of else 1.0
