"""What the statistics promise, measured: rates over simulated studies, each judged by the package's own functions.

In: what is simulated, the number of seeds, the number of studies and a generator. Out: rates by name. A study here is
what `bloodstudy.analysis` takes: paired differences over seeds, or seeds x photographs.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special
from simulated import Design, Spread, draw_crossed, draw_family, draw_trial

from bloodstudy.analysis.comparisons import verdict
from bloodstudy.analysis.comparisons.verdict import ALPHA, KINDS, Word
from bloodstudy.analysis.statistics import power
from bloodstudy.analysis.statistics.chance import at_chance
from bloodstudy.analysis.statistics.paired import estimate, p_difference
from bloodstudy.analysis.statistics.variance_components import Crossed, estimate_crossed, resample

MARGIN = 0.02  # the one that studies have where nothing else is said
SD = 0.02  # of paired differences between seeds
ARMS = 8
RESAMPLES = 1000


def judge(differences: np.ndarray, family: int | None = None) -> list[verdict.Verdict]:
    """Return the verdicts on `differences` (arms, seeds)."""
    effects = [estimate(own) for own in differences]
    return verdict.test_family(effects, [MARGIN] * len(effects), family or len(effects), ALPHA)


def measure_errors(shape: str, seeds: int, studies: int, rng: np.random.Generator) -> dict[str, float]:
    """Return the share of studies with a wrong statement on any of ARMS arms, by kind.

    A difference is wrong where there is none; equivalence, not worse and beyond are wrong at the margin itself.
    """
    wrong = dict.fromkeys(KINDS, 0)
    for _ in range(studies):
        for truth, kinds in ((0.0, KINDS[:1]), (-MARGIN, KINDS[1:])):
            found = judge(draw_family(ARMS, seeds, SD, truth, rng, shape))
            for kind in kinds:
                wrong[kind] += any(own.adjusted[kind] < ALPHA for own in found if own.adjusted)
    return {kind: count / studies for kind, count in wrong.items()}


def measure_coverage(shape: str, seeds: int, studies: int, rng: np.random.Generator) -> float:
    """Return how often the interval over seeds contains the truth."""
    effects = [estimate(draw_family(1, seeds, SD, 0.0, rng, shape)[0]) for _ in range(studies)]
    return float(np.mean([effect.low <= 0 <= effect.high for effect in effects]))


def measure_wider(
    design: Design, spread: Spread, seeds: int, studies: int, rng: np.random.Generator, *, others: bool = False
) -> dict[str, float]:
    """Return how often intervals contain the effect over all photographs, which is 0, by the name of the method.

    `others` also measures the crossed bootstrap that stands beside ours, a bootstrap of the clusters as they are by
    percentiles, the same with t at seeds - 1 in place of percentiles, and an interval over seeds alone.
    """
    covered: dict[str, int] = {}
    for _ in range(studies):
        crossed = draw_crossed(design, spread, seeds, rng)
        effect = estimate_crossed(crossed)
        intervals = {"ours": (effect.low, effect.high)}
        if others:
            over_seeds = estimate(crossed.parts.sum(axis=1))
            intervals["seeds alone"] = over_seeds.low, over_seeds.high
            intervals["crossed bootstrap"] = resample(crossed, rng, RESAMPLES)
            totals = resample_plainly(crossed, rng)
            low, high = np.quantile(totals, [0.025, 0.975])
            intervals["percentile bootstrap"] = float(low), float(high)
            half = float(special.stdtrit(seeds - 1, 0.975) * totals.std(ddof=1))
            intervals["bootstrap, t at seeds - 1"] = effect.mean - half, effect.mean + half
        for name, (low, high) in intervals.items():
            covered[name] = covered.get(name, 0) + (low <= 0 <= high)
    return {name: count / studies for name, count in covered.items()}


def resample_plainly(crossed: Crossed, rng: np.random.Generator) -> np.ndarray:
    """Return the effects (RESAMPLES,) of a bootstrap of seeds and of clusters within class, as other tools do it."""
    seeds = len(crossed.parts)
    drawn = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES) / seeds
    total = np.zeros(RESAMPLES)
    for own in crossed.classes():
        copies = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=RESAMPLES)
        weight = crossed.weights[own]
        total += np.sum((drawn @ crossed.parts[:, own]) * copies, axis=1) / (copies @ weight) * weight.sum()
    return total


def measure_directions(effect: float, seeds: int, studies: int, rng: np.random.Generator) -> dict[str, float]:
    """Return the share of arms, and of studies, with a verdict in the wrong direction where `effect` is positive."""
    arms = any_arm = 0
    for _ in range(studies):
        words = [found.word for found in judge(draw_family(ARMS, seeds, SD, effect, rng))]
        arms, any_arm = arms + words.count(Word.HARMS), any_arm + (Word.HARMS in words)
    return {"of arms": arms / studies / ARMS, "of studies": any_arm / studies}


def measure_power(seeds: int, family: int, studies: int, rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """Return (promised, found): for the effect that `seeds` detect at 80 %, and for equivalence at the spread at which
    they show it at 80 % where there is no effect.

    Alone: one arm has the effect and the others of the family have p = 1. Together: all have it, and Holm's later
    steps find more than the promise, which is made for the first.
    """
    alpha = ALPHA / family
    effect = power.detectable(seeds, SD, alpha)
    different = [_shows(judge(draw_family(1, seeds, SD, effect, rng), family=family)[0]) for _ in range(studies)]
    together = 0
    for _ in range(studies):
        together += sum(map(_shows, judge(draw_family(family, seeds, SD, effect, rng))))
    sd = MARGIN / power.equivalence_ratio(seeds, alpha)
    same = [judge(draw_family(1, seeds, sd, 0.0, rng), family=family)[0].word == "equivalent" for _ in range(studies)]
    promised = power.power_difference(seeds, SD, effect, alpha)
    return {
        "difference": (promised, _share(different)),
        "difference, all arms": (promised, together / studies / family),
        "equivalence": (power.power_equivalence(seeds, sd, MARGIN, alpha), _share(same)),
    }


def measure_stuck(design: Design, kind: str, skill: float, studies: int, rng: np.random.Generator) -> float:
    """Return the share of trials that are said to have stayed at chance."""
    return _share([at_chance(*draw_trial(design, kind, skill, rng)) for _ in range(studies)])


def measure_looks(studies: int, rng: np.random.Generator) -> dict[str, float]:
    """Return how often one arm without effect is said to differ, by how often one looks."""
    found = {"one look at 10 seeds": 0, "looks declared at 10, 20 and 30": 0, "three more seeds until it shows": 0}
    for _ in range(studies):
        values = draw_family(1, 31, SD, 0.0, rng)[0]
        p = {seeds: p_difference(estimate(values[:seeds])) for seeds in (*range(10, 32, 3), 20, 30)}
        found["one look at 10 seeds"] += p[10] < ALPHA
        found["looks declared at 10, 20 and 30"] += any(p[seeds] < ALPHA / 3 for seeds in (10, 20, 30))
        found["three more seeds until it shows"] += any(p[seeds] < ALPHA for seeds in range(10, 32, 3))
    return {name: count / studies for name, count in found.items()}


def allowed(rate: float, studies: int, deviations: float = 3.0) -> float:
    """Return what a rate over `studies` may measure where the truth is `rate`: so many standard errors above it."""
    return rate + deviations * math.sqrt(rate * (1 - rate) / studies)


def _shows(found: verdict.Verdict) -> bool:
    return found.adjusted is not None and found.adjusted["difference"] < ALPHA


def _share(found: list[bool]) -> float:
    return float(np.mean(found))
