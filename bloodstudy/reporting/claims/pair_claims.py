"""The numbers of one comparison as claims.

In: a comparison of an analysed study. Out: the marked text of each number, with its name, formula and trials. Effects
are in points (hundredths of accuracy); accuracies weigh each class alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bloodstudy.analysis import Comparison, Step
from bloodstudy.analysis.comparisons.course import dead_interval
from bloodstudy.analysis.comparisons.validity import Training
from bloodstudy.analysis.statistics.sequential import Look
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.claims.study_claims import POINTS, StudyClaims, form_points, percent_form

TEST = "test_accuracy"
BALANCED = ("train_accuracy", "test_accuracy", "accuracy_gap")  # over classes
ENDS = {"low": "lower", "high": "upper"}
EFFECT = "mean over classes of the mean over the test images of the class of right[arm] - right[reference]"
DEAD = "number of trials that diverged or learnt nothing"


@dataclass(frozen=True)
class PairClaims:
    """A comparison and the claims of its study; each method returns a number as marked text."""

    claims: StudyClaims
    comparison: Comparison

    @property
    def response(self) -> str:
        """The response that the verdict is about."""
        return self.comparison.response

    def number(self, response: str, part: str, value: float, formula: str, form: str = POINTS) -> str:
        """Return any number of the blocks that count."""
        pair, seeds = self.comparison.pair, self.comparison.seeds
        trials = [*self.claims.keys(pair.arm, seeds), *self.claims.keys(pair.reference, seeds)]
        return self.claims.number(value, self._name(response, part), formula, trials, form)

    def _name(self, *parts: str) -> str:
        pair = self.comparison.pair
        against = "" if pair.reference == "reference" else f"/to {pair.reference}"
        return "/".join(filter(None, ("effect", pair.arm + against, *parts)))

    def mean(self, response: str, form: str = "") -> str:
        """Return the effect on a response."""
        effect = self.comparison.effects[response]
        form = form or form_points(effect.low, effect.high)
        return self.number(response, "mean", 100 * effect.mean, f"100 * {self._of(response)}", form)

    def size(self, least: bool = False) -> str:
        """Return how large the effect that decides is, or at least is, without its sign."""
        effect = self.comparison.test
        form = form_points(effect.low, effect.high).removeprefix("+")
        if not least:
            formula = f"100 * absolute value of the {self._of(self.response)}"
            return self.number(self.response, "size", 100 * abs(effect.mean), formula, form)
        formula = "100 * absolute value of the end nearer to 0 of the interval that decides"
        return self.number(self.response, "size_at_least", 100 * min(abs(effect.low), abs(effect.high)), formula, form)

    def _of(self, response: str) -> str:
        """Return what is averaged."""
        if response == self.response == TEST:
            return f"{EFFECT}, over the {self.claims.block}s that count"
        weighed = "class-balanced " if response in BALANCED else ""
        return f"mean over the {self.claims.block}s of {weighed}{response}[arm] - {response}[reference]"

    def interval(self, response: str) -> str:
        """Return mean and interval of the effect on a response, such as "-4.12 [-6.20, -2.04]"; of a pilot the mean."""
        effect, mean = self.comparison.effects[response], self.mean(response)
        if math.isnan(effect.low):
            return mean
        kind = self._name_interval(response)
        return f"{mean} {self._span(response, '', (effect.low, effect.high), kind)}"

    def _name_interval(self, response: str) -> str:
        last = self.comparison.course.last
        if response != self.response:
            return f"95 % t interval over the {self.claims.block}s"
        if last is None:
            return f"95 % interval {self.claims.scope}"
        p = self.claims.analysis.rules.bounds[last.look - 1].two_sided
        return f"repeated interval at {self._name_look(last)} (p {p:.6g} in each tail) {self.claims.scope}"

    def _name_look(self, step: Step) -> str:
        return f"look {step.look} of {len(self.claims.analysis.looks)}"

    def _span(self, response: str, prefix: str, ends: tuple[float, float], kind: str) -> str:
        """Return an interval of the effect on a response; a dash if there is none."""
        if math.isnan(ends[0]):
            return NONE
        low, high = (
            self.number(
                response,
                f"{prefix}{end}",
                100 * value,
                f"100 * {word} end of the {kind}, of the {response} effect",
                form_points(*ends),
            )
            for (end, word), value in zip(ENDS.items(), ends, strict=True)
        )
        return f"[{low}, {high}]"

    @property
    def told(self) -> Look | None:
        """What the last look says; None if none was held, or if too few blocks counted."""
        return self.comparison.course.last.told if self.comparison.course.last else None

    def bound(self, part: str) -> str:
        """Return at_least or at_most, the one-sided bound of the look."""
        last, told = self.comparison.course.last, self.told
        if last is None or told is None or not self.comparison.seeds:
            return NONE
        p = self.claims.analysis.rules.bounds[last.look - 1].one_sided
        word = "lower" if part == "at_least" else "upper"
        formula = f"100 * one-sided {word} bound at {self._name_look(last)} (p {p:.6g}) {self.claims.scope}"
        return self.number(self.response, part, 100 * getattr(told, part), formula, form_points(told.low, told.high))

    def these(self) -> str:
        """Return the interval for new trainings on these photographs."""
        return self._span(self.response, "these_", self.comparison.these, "95 % interval by training alone")

    def scenes(self) -> str:
        """Return the interval with seeds and scenes both random, of a study on one division."""
        ends = (self.comparison.scenes.low, self.comparison.scenes.high)
        unit = self.claims.analysis.unit
        return self._span(
            self.response, "scenes_", ends, f"95 % interval, seeds and {unit}s random (variance components)"
        )

    def blocks(self) -> str:
        """Return how many blocks count."""
        formula = f"number of {self.claims.block}s in which both learnt something"
        return self.number("", f"{self.claims.block}s", len(self.comparison.seeds), formula, "d")

    def reference_mean(self, response: str) -> str:
        """Return what the reference itself reaches, in per cent."""
        weighed = "class-balanced " if response in BALANCED else ""
        formula = f"100 * mean over the {self.claims.block}s that count of {weighed}{response}[reference]"
        value = 100 * float(self.comparison.reference[response].to_numpy().mean())
        return self.number(response, "reference_mean", value, formula, percent_form(response))

    def dead(self, of: str = "arm") -> str:
        """Return how many of the trials of arm or reference learnt nothing, such as "2 of 10"."""
        training = self._training(of)
        count = self._count(of, "dead", len(training.failing), DEAD, "d")
        return f"{count} of {self._count(of, 'looked_at', training.trials, 'number of trials looked at', 'd')}"

    def dead_share(self, of: str = "arm") -> str:
        """Return the same with the interval of the share; a dash if no trial is there."""
        training = self._training(of)
        if not training.trials:
            return NONE
        formula = "100 * {} end of the 95 % interval of the share of them (Clopper and Pearson)"
        low, high = (
            self._count(of, f"dead_{end}", 100 * value, formula.format(word), ".0f")
            for (end, word), value in zip(
                ENDS.items(), dead_interval(len(training.failing), training.trials), strict=True
            )
        )
        return f"{self.dead(of)} [{low}, {high} %]"

    def _training(self, of: str) -> Training:
        return self.comparison.training if of == "arm" else self.comparison.reference_training

    def _count(self, of: str, part: str, value: float, formula: str, form: str) -> str:
        """Return a number of the trials of arm or reference that were looked at for this comparison."""
        seeds = self.claims.analysis.repetitions.seeds[: self._training(of).trials]
        keys, path = self.claims.keys(getattr(self.comparison.pair, of), seeds), "" if of == "arm" else of
        return self.claims.number(value, self._name(path, part), formula, keys, form)
