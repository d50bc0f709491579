"""What the statistics promise, measured: rates over simulated studies, each judged by the package's own functions.

In: what is simulated, the number of studies and a generator. Out: rates by name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special
from simulated import Drawn, Noise, draw_study, lay_out

from bloodstudy.analysis.comparisons.course import Course, declare, follow
from bloodstudy.analysis.comparisons.verdict import Verdict, Word
from bloodstudy.study.design import FOLDS, MARGINS, DesignName, Repetitions

LOOKS = (2, 3, 5, 8)
CONFIDENCE = 0.95
USUAL = Noise()
KINDS: tuple[str, ...] = ("any", "improves or harms", "equivalent", "not worse", "beyond", "fails to train")


@dataclass(frozen=True)
class Study:
    """What is simulated: a design, its scenes, and where differences come from."""

    arms: int = 16
    looks: tuple[int, ...] = LOOKS
    layout: str = "kaggle"
    noise: Noise = USUAL
    name: DesignName = DesignName.FOLDS

    @property
    def margin(self) -> float:
        return MARGINS[self.name]

    @property
    def repetitions(self) -> Repetitions:
        folds = FOLDS if self.name == DesignName.FOLDS else 1
        return Repetitions(self.name, tuple(range(folds * self.looks[-1])), folds, self.looks)

    def draw(self, effects: np.ndarray, rng: np.random.Generator) -> list[Drawn]:
        return draw_study(lay_out(self.layout), self.noise, effects, self.margin, self.repetitions, rng)

    def judge(self, effects: np.ndarray, rng: np.random.Generator) -> list[Course]:
        """Draw a study, and return how each of its arms came to its verdict."""
        return follow(self.draw(effects, rng), [False] * self.arms, declare(self.repetitions, self.arms))


def find_wrong(verdict: Verdict, effect: float, margin: float) -> set[str]:
    """Return the statements of a verdict that are wrong if the true effect is `effect`; deaths are alike."""
    word = verdict.word
    wrong = {
        "improves or harms": goes_wrong(verdict, effect) or (verdict.detectable and effect == 0),
        "equivalent": word == Word.EQUIVALENT and abs(effect) >= margin,
        "not worse": verdict.not_worse and effect <= -margin,
        "beyond": verdict.beyond and abs(effect) <= margin,
        "fails to train": word == Word.FAILS,
    }
    return {name for name, is_wrong in wrong.items() if is_wrong}


def goes_wrong(verdict: Verdict, effect: float) -> bool:
    """Tell whether a difference is stated that is none or goes the other way."""
    return (verdict.word == Word.IMPROVES and effect <= 0) or (verdict.word == Word.HARMS and effect >= 0)


def measure_errors(study: Study, truth: str, studies: int, rng: np.random.Generator) -> dict[str, float]:
    """Return the share of studies with a wrong statement on any arm, and by kind; and of arms that get a verdict.

    `truth`: "nothing" differs, all arms are "at -M", or every other one of them is ("half").
    """
    effects = np.zeros(study.arms)
    effects[{"nothing": slice(0), "half": slice(0, None, 2), "at -M": slice(None)}[truth]] = -study.margin
    count, decided = dict.fromkeys(KINDS, 0), 0
    for _ in range(studies):
        verdicts = [course.verdict for course in study.judge(effects, rng)]
        each = zip(verdicts, effects.tolist(), strict=True)
        wrong = set().union(*(find_wrong(verdict, effect, study.margin) for verdict, effect in each))
        for name in {*wrong, *(("any",) if wrong else ())}:
            count[name] += 1
        decided += sum(v.word not in (Word.INCONCLUSIVE, Word.INVALID) for v in verdicts)
    rates = {name: number / studies for name, number in count.items()}
    return {**rates, "arms decided": decided / studies / study.arms}


def measure_coverage(
    study: Study, repetitions: Sequence[int], studies: int, rng: np.random.Generator
) -> dict[str, float]:
    """Return how often the 95 % interval after so many repetitions holds the effect, by repetitions; of one arm."""
    study = Study(1, (max(repetitions),), study.layout, study.noise, study.name)
    held = dict.fromkeys(repetitions, 0)
    for _ in range(studies):
        (drawn,) = study.draw(np.zeros(1), rng)
        for count in repetitions:
            effect = drawn.measure(count)
            assert effect is not None
            variance, freedom = effect.variance()
            half = special.stdtrit(freedom, (1 + CONFIDENCE) / 2) * math.sqrt(variance)
            held[count] += abs(effect.effect) <= half
    unit = "repetitions" if study.name == DesignName.FOLDS else "seeds"
    return {f"{count} {unit}": number / studies for count, number in held.items()}


def measure_looks(study: Study, studies: int, rng: np.random.Generator) -> dict[str, float]:
    """Return how many arms have intervals that hold the effect at all looks together.

    The effect is 0, and with a margin of 0 nothing but an interval that leaves it out closes an arm.
    """
    missed = 0
    for _ in range(studies):
        drawn = draw_study(lay_out(study.layout), study.noise, np.zeros(study.arms), 0.0, study.repetitions, rng)
        courses = follow(drawn, [False] * study.arms, declare(study.repetitions, study.arms))
        missed += sum(course.verdict.word in (Word.IMPROVES, Word.HARMS) for course in courses)
    return {"all looks": 1 - missed / studies / study.arms}


def measure_power(study: Study, effect: float, studies: int, rng: np.random.Generator) -> dict[str, float]:
    """Return how often the study says of an arm that it differs (its true effect is `effect`), or else what it says."""
    count = dict.fromkeys(("improves", "equivalent", "not worse", "harms"), 0)
    for _ in range(studies):
        for course in study.judge(np.full(study.arms, effect), rng):
            verdict = course.verdict
            count["improves"] += verdict.word == Word.IMPROVES or (verdict.detectable and effect > 0)
            count["equivalent"] += verdict.word == Word.EQUIVALENT
            count["not worse"] += verdict.not_worse
            count["harms"] += verdict.word == Word.HARMS
    return {name: number / studies / study.arms for name, number in count.items()}


def measure_trainings(
    study: Study, far: int, effect: float, studies: int, rng: np.random.Generator
) -> dict[str, float]:
    """Return the mean trainings of a study, as a share of those without any verdict before the last look.

    So many arms are `far`, at `effect`; of the others nothing differs. The reference goes on while any arm does.
    """
    effects = np.zeros(study.arms)
    effects[:far] = effect
    used = []
    for _ in range(studies):
        own = [course.steps[-1].repetitions for course in study.judge(effects, rng)]
        used.append((sum(own) + max(own)) / ((study.arms + 1) * study.looks[-1]))
    return {"trainings": float(np.mean(used))}


def measure_first(study: Study, effect: float, studies: int, rng: np.random.Generator) -> dict[str, float]:
    """Return how often a statement on the first arm is wrong, by kind; of the others nothing differs.

    What its trainings lose at times is part of its true effect, which is `effect`.
    """
    effects = np.zeros(study.arms)
    effects[0] = effect
    count = dict.fromkeys(KINDS, 0)
    for _ in range(studies):
        wrong = find_wrong(study.judge(effects, rng)[0].verdict, effect, study.margin)
        for name in {*wrong, *(("any",) if wrong else ())}:
            count[name] += 1
    return {name: number / studies for name, number in count.items()}


def measure_directions(study: Study, effect: float, studies: int, rng: np.random.Generator) -> dict[str, float]:
    """Return the share of arms, and of studies, with a verdict in the wrong direction; all arms are at `effect`."""
    arms = any_arm = 0
    for _ in range(studies):
        wrong = [goes_wrong(course.verdict, effect) for course in study.judge(np.full(study.arms, effect), rng)]
        arms, any_arm = arms + sum(wrong), any_arm + any(wrong)
    return {"of arms": arms / studies / study.arms, "of studies": any_arm / studies}


def allowed(rate: float, studies: int, deviations: float = 3.0) -> float:
    """Return what a rate over `studies` may measure where the truth is `rate`: so many standard errors above it."""
    return rate + deviations * math.sqrt(rate * (1 - rate) / studies)
