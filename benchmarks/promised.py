"""What is measured of the statistics, row by row, and from where to where each rate is promised to lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import promises
from promises import Study
from simulated import FALL, FALLS, Noise

from bloodstudy.analysis.comparisons.verdict import ALPHA
from bloodstudy.analysis.statistics.sequential import OF_VERDICTS
from bloodstudy.study.design import DesignName

HALVES = ("scene effects of 5 points", "spreads from .6 to 2 times 5 points", "fixed, looks 6, 10, 16, 25")
WHERE = (2, 5, 8)  # repetitions at which coverage is measured
POINTS = 100


@dataclass(frozen=True)
class Target:
    """From where to where a rate may lie; Monte-Carlo error comes on top."""

    low: float = 0.0
    high: float = 1.0

    def met(self, rate: float, studies: int) -> bool:
        below = promises.allowed(1 - self.low, studies)
        return rate <= promises.allowed(self.high, studies) and 1 - rate <= below

    def __str__(self) -> str:
        low, high = f"{POINTS * self.low:.6g}", f"{POINTS * self.high:.6g}"
        if not self.low:
            return f"at most {high} %"
        return f"{low} to {high} %" if self.high < 1 else f"at least {low} %"


ERROR, DIRECTION, COVERAGE, ENOUGH = Target(high=ALPHA), Target(high=0.005), Target(0.94, 0.97), Target(0.94)


@dataclass(frozen=True)
class Row:
    """One call of a measurement, which fills the columns that it returns."""

    name: str
    measure: Callable[..., Any]
    targets: Mapping[str, Target] = field(default_factory=dict)  # by column
    times: int = 1  # arms of a study, where each counts


@dataclass(frozen=True)
class Table:
    """A table of the page."""

    title: str
    note: str
    rows: list[Row]
    digits: int = 1

    def key(self, row: Row) -> str:
        return f"{self.title}, {row.name}"


TRUTHS = {"nothing": "nothing differs", "half": "half at 0, half at -M", "at -M": "all at -M"}
FIXED = Study(looks=(6, 10, 16, 25), name=DesignName.FIXED, noise=Noise(scenes=0.0))
ERRORS = {
    "scene effects of 5 points": Study(),
    "scene effects of 0": Study(noise=Noise(scenes=0.0)),
    "scene effects of 10 points": Study(noise=Noise(scenes=0.1)),
    "looks 2, 4, 8, 12": Study(looks=(2, 4, 8, 12)),
    "spreads from .6 to 2 times 5 points": Study(noise=Noise(unequal=True)),
    "spreads of 2 points": Study(noise=Noise(spread=0.02)),
    "scenes of bccd": Study(layout="bccd"),
    "20 scenes a class": Study(layout="even"),
    "5 % of all trials die": Study(noise=Noise(deaths=0.05)),
    "10 % of all trials die": Study(noise=Noise(deaths=0.1)),
    "one arm": Study(1),
    "four arms": Study(4),
    "fixed, looks 6, 10, 16, 25": FIXED,
    "fixed, spreads from .6 to 2 times 5 points": Study(
        looks=FIXED.looks, name=FIXED.name, noise=Noise(scenes=0.0, unequal=True)
    ),
    "fixed, 10 % of all trials die": Study(
        looks=FIXED.looks, name=FIXED.name, noise=Noise(scenes=0.0, deaths=0.1)
    ),
}  # fmt: skip


def list_tables() -> list[Table]:
    """Return all that is measured."""
    errors = [
        Row(f"{name}; {told}", partial(promises.measure_errors, study, truth), {"any": ERROR})
        for name, study in ERRORS.items()
        for truth, told in TRUTHS.items()
        if truth != "half" or name in HALVES
    ]
    coverage = [
        Row(f"{layout}; scene effects of {_points(scenes)}",
            partial(promises.measure_coverage, Study(layout=layout, noise=Noise(scenes=scenes)), WHERE),
            {f"{count} repetitions": COVERAGE for count in WHERE})
        for layout in ("kaggle", "bccd", "even")
        for scenes in (0.0, 0.05, 0.1)
    ]  # fmt: skip
    looks = [
        Row(f"{name}; {study.arms} arm{'s' if study.arms > 1 else ''}", partial(promises.measure_looks, study),
            {"all looks": Target(1 - ALPHA / study.arms)}, study.arms)
        for name, study in (
            ("scene effects of 5 points", Study()), ("scene effects of 5 points", Study(1)),
            ("scene effects of 10 points", Study(noise=Noise(scenes=0.1))),
            ("spreads from .6 to 2 times 5 points", Study(noise=Noise(unequal=True))),
            ("fixed, looks 6, 10, 16, 25", FIXED),
        )
    ]  # fmt: skip
    power = [
        Row(f"true effect {_points(effect)}{name}", partial(promises.measure_power, Study(noise=noise), effect),
            {"improves": Target(wanted)} if wanted else {}, 4)  # 16 arms that share a reference tell as much as four
        for effect, wanted in ((0.0, None), (0.01, None), (0.02, None), (0.03, 0.55), (0.05, 0.97))
        for name, noise in (("", Noise()), ("; spread 5 points with the scenes in it", Noise(spread=0.0491)))
        if noise == Noise() or effect == 0.03
    ]  # fmt: skip
    trainings = [
        Row(f"five of 16 arms at -{_points(far)}", partial(promises.measure_trainings, Study(), 5, -far),
            {"trainings": Target(high=0.85)} if far > 0.05 else {})
        for far in (0.05, 0.1, 0.2)
    ]  # fmt: skip
    directions = [
        Row(f"{name}; true effect {_points(effect)}", partial(promises.measure_directions, study, effect),
            {"of arms": DIRECTION}, study.arms)
        for name, study in (("folds", Study()), ("fixed", FIXED))
        for effect in (0.0025, 0.01, 0.03)
    ]  # fmt: skip
    outside = [
        Row(f"{first} trainings in one arm; {told}", partial(promises.measure_first, study, effect))
        for first in ("skewed", "collapsed")
        for told, study in (
            ("folds", Study(noise=Noise(first=first))),
            ("fixed", Study(looks=FIXED.looks, name=FIXED.name, noise=Noise(scenes=0.0, first=first))),
        )
        for told, effect in ((f"{told}, its effect 0", 0.0), (f"{told}, its effect -M", -study.margin))
    ]
    beyond = [
        Row(name, partial(promises.measure_coverage, study, WHERE))
        for name, study in (
            ("one scene in ten has an effect; kaggle", Study(noise=Noise(scenes=0.05, sparse=0.1))),
            ("one scene in ten has an effect, twice as large; kaggle", Study(noise=Noise(scenes=0.1, sparse=0.1))),
            ("one scene in ten has an effect, twice as large; even",
             Study(layout="even", noise=Noise(scenes=0.1, sparse=0.1))),
            ("an effect of this pool, 1 point; kaggle", Study(noise=Noise(pool=0.01))),
            ("an effect of this pool, 2 points; kaggle", Study(noise=Noise(pool=0.02))),
        )
    ]  # fmt: skip
    return [
        Table("Studies with a wrong verdict", ON_ERRORS, errors),
        Table("Coverage of the 95 % interval for new photographs", ON_COVERAGE, coverage),
        Table("Intervals of all looks together", ON_LOOKS, looks, 2),
        Table("What a study of eight repetitions shows", ON_POWER, power),
        Table("Trainings of a study that looks, of one that does not", ON_TRAININGS, trainings),
        Table("Verdicts in the wrong direction", ON_DIRECTIONS, directions, 2),
        Table("Trainings that are not normal", ON_OUTSIDE, outside, 2),
        Table("Sparse effects, and effects of the pool itself", ON_POOL, beyond),
    ]


def _points(accuracy: float) -> str:
    number = f"{POINTS * accuracy:.3g}"
    return f"{number} point{'' if number == '1' else 's'}"


SETTING = """16 arms against one reference, looks at 2, 3, 5 and 8 repetitions of five folds, the scenes of Kaggle's
images with the divisions that a study would draw, a block's contribution that spreads by 5 points by training and
scene effects of 5 points, M = 3 points"""
ON_ERRORS = f"""Where a row says no other: {SETTING}; `fixed`: M = 2 points, no scene effects. Share of studies with at
least one wrong statement on any arm, and by kind: a difference (`improves`, `harms`, `detectable`) where there is none
or in the other direction, `equivalent` at or beyond the margin, `not worse` at -M, "beyond the margin" at it, `fails to
train` where arm and reference die alike. The last column is no error: the share of arms with a verdict."""
ON_COVERAGE = """One arm without a prior; share of intervals that hold the effect over all photographs and seeds, at a
number of repetitions that was fixed before."""
ON_LOOKS = f"""Share of arms whose two-sided intervals hold the effect at all looks together. Each is built to err by
{OF_VERDICTS:g} of 5 % divided by the arms."""
ON_POWER = f"""{SETTING}. Share of arms; all have the effect. "improves" counts `equivalent, detectable` too."""
ON_TRAININGS = """As above; trainings of arms and reference, of those that all looks would take without any verdict. The
reference is trained as long as any arm is open."""
ON_DIRECTIONS = """All arms have the same positive effect; said to harm. Promised for each verdict; a study has
several."""
ON_OUTSIDE = f"""Nothing is promised here: normal trainings may err in 5 % / 16 = 0.3 %. Share of studies with a wrong
statement on that one arm, of 16. Skewed: each of its trainings loses an exponential of 5 points, beside what others
have; collapsed: one in {1 / FALLS:.0f} falls by {POINTS * FALL:g} points, and is not recognised as dead. The mean of
the losses is part of its effect."""
ON_POOL = """Nothing is promised here. Share of 95 % intervals that hold the effect over all photographs, or, of the
rows on the pool, over all pools: a pool of photographs may teach an arm what another one would not, and no division of
one pool shows that."""
