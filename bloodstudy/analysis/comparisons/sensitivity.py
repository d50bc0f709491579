"""What a study can show and what it takes, before it is run: never from an observed effect.

In: the looks of a design, the number of tested arms, a margin and the spread of a block's contribution at its upper
80 % limit. Out: a `Foresight`. Where no spread is known yet, all is told in units of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from bloodstudy.analysis.comparisons.cheapest import (
    ARMS,
    MOST_TRAININGS,
    SEED,
    WANTED,
    Cheapest,
    expect_trainings,
    find_cheapest,
    find_paid,
)
from bloodstudy.analysis.comparisons.comparison import collect_blocks
from bloodstudy.analysis.comparisons.pairs import list_pairs
from bloodstudy.analysis.comparisons.pilot import Spread, guess_spread, limit_spread
from bloodstudy.analysis.results.sweep import StudyResults
from bloodstudy.analysis.statistics.power import draw_arms, play, upper_spread
from bloodstudy.analysis.statistics.sequential import plan_bounds
from bloodstudy.study.design import Repetitions
from bloodstudy.study.outcome import Outcome

EFFECTS = (0.01, 0.02, 0.03, 0.05)  # whose power is told
FAR = 0.05  # an effect that is found early


@dataclass(frozen=True)
class Foresight:
    """What looks can show of `arms`. Trainings are those of all arms of the study."""

    looks: tuple[int, ...]
    folds: int
    arms: int
    margin: float
    spread: Spread | None  # None: not known yet
    most: int  # trainings, if no arm is closed before the last look
    ratio: float = math.nan  # without a spread: the effect that is shown with a chance of 80 %, in spreads
    bearable: float = math.nan  # without a spread: the largest one at which equivalence is shown with a chance of 80 %
    power: tuple[tuple[float, float], ...] = ()  # by effect: the chance to be shown
    equivalent: float = math.nan  # chance of an arm that does not differ
    not_worse: float = math.nan
    trainings: float = math.nan  # expected where nothing differs
    trainings_apart: float = math.nan  # expected where a third of the arms is 5 points off
    apart: int = 0  # arms that are a third
    detect: float | None = None  # the difference that is asked for
    cheapest: Cheapest | None = None  # None: not asked for, or beyond MOST_TRAININGS an arm
    paid: int | None = None  # trainings, if a budget was given
    affordable: tuple[int, ...] | None = None  # looks that the budget pays whatever they find; None: no look
    chance: float = math.nan  # of those looks, to show the difference that is asked for, else one of the margin
    least: int = 0  # repetitions without which nothing is decided
    begun: bool = False  # a trial has finished, so its looks stay and no others are proposed

    def describe(self) -> str:
        """Return what the study can show, in sentences."""
        unit = f"repetitions of {self.folds} trainings" if self.folds > 1 else "seeds"
        if self.looks[-1] < self.least:
            return (
                f"A pilot: nothing is decided under {self.least} {unit}, and the last look is at {self.looks[-1]}. "
                f"All looks take {self.most} trainings."
            )
        head = (
            f"Looks at {_list(self.looks)} {unit}, {self.arms} tested arm{'s' if self.arms > 1 else ''}, "
            f"margin {_points(self.margin)}."
        )
        if self.spread is None:
            return (
                f"{head} The spread of a block's contribution is not known before some blocks have ended. A difference "
                f"of {self.ratio:.2g} times that spread is shown with a chance of 80 %; equivalence, where nothing "
                f"differs, if the spread is at most {_points(self.bearable)}. All looks take {self.most} "
                "trainings." + self._describe_budget()
            )
        powers = _list(f"{_percent(chance)} for {_points(effect)}" for effect, chance in self.power)
        sentences = [
            head,
            f"A block's contribution spreads by up to {_points(self.spread.limit)} (upper 80 % limit, from "
            f"{self.spread.values} values).",
            f"The chance to show a difference is {powers}.",
            f"Where nothing differs, the chance of equivalent is {_percent(self.equivalent)}, of not worse "
            f"{_percent(self.not_worse)}.",
            f"Expected trainings: {self.trainings:.0f} where nothing differs, {self.trainings_apart:.0f} where "
            f"{self.apart} of the arms {'is' if self.apart == 1 else 'are'} {_points(FAR)} off; all looks take "
            f"{self.most}.",
        ]
        if self.detect is not None and self.cheapest is None:
            sentences.append(
                f"A difference of {_points(self.detect)} is not shown with a chance of 80 % by "
                f"{MOST_TRAININGS} trainings an arm."
            )
        elif self.detect is not None and self.cheapest is not None:
            sentences.append(
                f"A difference of {_points(self.detect)} is shown with a chance of 80 % by looks at "
                f"{_list(self.cheapest.looks)}: {self.cheapest.trainings:.0f} trainings where nothing differs."
            )
        return " ".join(sentences) + self._describe_budget()

    def _describe_budget(self) -> str:
        """Return what the budget pays, if it may end the study before its last look."""
        if self.paid is None or self.paid >= self.most:
            return ""
        head = f" The budget pays {self.paid} trainings, and all looks take {self.most}: it may end the study before."
        if self.begun:
            return head
        if self.affordable is None:
            return f"{head} No look that could decide fits it for certain."
        chance = "" if math.isnan(self.chance) else (
            f", with a chance of {_percent(self.chance)} to show a difference of {_points(self.detect or self.margin)}"
        )  # fmt: skip
        trainings = self.most // self.looks[-1] * self.affordable[-1]
        return f"{head} looks=[{','.join(map(str, self.affordable))}] fit it: at most {trainings} trainings{chance}."


def foresee(
    repetitions: Repetitions,
    arms: int,
    margin: float,
    spread: Spread | None,
    *,
    beside: int = 1,
    simplify: bool = False,
    detect: float | None = None,
    paid: int | None = None,
    begun: bool = False,
) -> Foresight:
    """Return what the looks of `repetitions` can show of so many tested arms.

    Args:
        repetitions: the folds and looks of the design.
        arms: that get a verdict.
        margin: of the study, in accuracy.
        spread: of a block's contribution; None: not known yet.
        beside: arms without a verdict, which are trained as long as any arm is open: references, and arms that are
            only shown. The fewer if some of `arms` are one arm, which is compared with several references.
        simplify: whether all questions are content with "not worse".
        detect: a difference for which the cheapest looks are wanted, in accuracy.
        paid: the trainings that a budget pays.
        begun: whether a trial has finished; if none has, looks that the budget pays are wanted.
    """
    looks, folds, bounds = repetitions.looks, repetitions.folds, plan_bounds(repetitions.looks, arms)
    most = folds * looks[-1] * (arms + beside)
    affordable = find_paid(repetitions, arms + beside, paid) if paid is not None and not begun else None
    if spread is None:
        unit = draw_arms(np.random.default_rng(SEED), looks, folds, 1.0, arms=ARMS)
        ratio = _solve(lambda effect: play(unit, effect, bounds, 0.0).difference)  # nothing is equivalent within 0
        widths = _solve(lambda width: play(unit, 0.0, bounds, width).equivalent)
        return Foresight(
            looks, folds, arms, margin, None, most,
            ratio=ratio, bearable=margin / widths, paid=paid, affordable=affordable, least=repetitions.least,
            begun=begun,
        )  # fmt: skip
    sample = draw_arms(np.random.default_rng(SEED), looks, folds, spread.limit, spread.scenes)
    none, far = (play(sample, effect, bounds, margin, simplify) for effect in (0.0, FAR))
    power = [(e, far if e == FAR else play(sample, e, bounds, margin, simplify)) for e in EFFECTS]
    apart = max(1, arms // 3)
    return Foresight(
        looks, folds, arms, margin, spread, most,
        power=tuple((effect, chances.difference) for effect, chances in power),
        equivalent=none.equivalent,
        not_worse=none.not_worse,
        trainings=expect_trainings(looks, folds, [none] * arms, beside),
        apart=apart,
        trainings_apart=expect_trainings(looks, folds, [far] * apart + [none] * (arms - apart), beside),
        detect=detect,
        cheapest=find_cheapest(repetitions, arms, margin, spread, beside, detect) if detect else None,
        paid=paid,
        affordable=affordable,
        chance=_foresee(affordable, folds, arms, margin, spread, detect or margin) if affordable else math.nan,
        least=repetitions.least,
        begun=begun,
    )  # fmt: skip


def _foresee(looks: tuple[int, ...], folds: int, arms: int, margin: float, spread: Spread, effect: float) -> float:
    """Return the chance that such looks show a difference of this size."""
    sample = draw_arms(np.random.default_rng(SEED), looks, folds, spread.limit, spread.scenes)
    return play(sample, effect, plan_bounds(looks, arms), margin).difference


def _solve(chance: Callable[[float], float]) -> float:
    """Return where a chance that rises reaches WANTED, to a hundredth of it."""
    low, high = 0.0, 1.0
    while chance(high) < WANTED:
        low, high = high, 2 * high
    while high - low > high / 100:
        middle = (low + high) / 2
        low, high = (low, middle) if chance(middle) >= WANTED else (middle, high)
    return high


def foresee_study(
    sweep: StudyResults, detect: float | None = None, pilot: tuple[float, int] | None = None
) -> Foresight | None:
    """Return what the plan of `sweep` can show, by the spread of what has finished; None if it tests no arm.

    If nothing has, `pilot` tells the spread of so many paired differences outside the study.
    """
    tested = [pair for pair in list_pairs(sweep.plan) if pair.tested]
    if not tested:
        return None
    repetitions, references = sweep.plan.repetitions, {pair.reference for pair in tested}
    found = [collect_blocks(sweep, pair).measure(repetitions.count) for pair in tested]
    known = [effect for effect in found if effect is not None]
    scores = [
        score
        for arm in sorted(references)
        for key, judged in sweep.of(arm, Outcome.FINISHED)[["key", "judged"]].itertuples(index=False)
        if (score := sweep.score(key, judged)) is not None and not score.dead
    ]
    return foresee(
        repetitions,
        len(tested),
        min(pair.margin for pair in tested),
        limit_spread(known)
        or guess_spread(scores)
        or (Spread(upper_spread(pilot[0], pilot[1] - 1), pilot[1]) if pilot else None),
        beside=len(sweep.plan.arms) - len(tested),
        simplify=all(pair.simplify for pair in tested),
        detect=detect,
        paid=sweep.plan.trainings_paid,
        begun=bool(known or scores),
    )


def _list(items: Iterable[object]) -> str:
    *most, last = map(str, items)
    return f"{', '.join(most)} and {last}" if most else last


def _points(accuracy: float) -> str:
    number = f"{100 * accuracy:.2g}"
    return f"{number} point{'' if number == '1' else 's'}"


def _percent(chance: float) -> str:
    return f"{100 * chance:.0f} %"
