"""The numbers of an analysed study as claims.

In: a `StudyAnalysis` and the ledger of its report. Out: the marked text of each number, with its name, formula and
trials; the same number in a sentence and in a table is one claim. Effects are in points (hundredths of accuracy).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from bloodstudy.analysis import ArmSummary, Comparison, StudyAnalysis, StudyResults
from bloodstudy.analysis.statistics.sign_flip import MOST_FLIPS
from bloodstudy.reporting.claims.ledger import NONE, Ledger, WriteNumber
from bloodstudy.study.plan import PlannedTrial

POINTS = "+z.2f"
PERCENT = ".1f"
P_VALUES = (".3g", ".6g", ".12g")  # the first under which a p does not look like alpha
RESPONSES = {"train": "train_accuracy", "test": "test_accuracy", "gap": "accuracy_gap"}
FORMULAS = {
    "train_accuracy": "share of the train images whose largest p_* is that of their label",
    "test_accuracy": "share of the test images whose largest p_* is that of their label",
    "accuracy_gap": "train_accuracy - test_accuracy",
    "parameters": "number of weights of the network, trainable or not",
    "finished": "number of trials of the arm that finished",
    "at_chance": "number of finished trials that stayed at chance",
}
_OF_ARM = {  # by field of an `ArmSummary`: path and formula
    "train": ("train_accuracy/mean", "mean over the finished seeds of train_accuracy"),
    "test": ("test_accuracy/mean", "mean over the finished seeds of test_accuracy"),
    "gap": ("accuracy_gap/mean", "mean over the finished seeds of train_accuracy - test_accuracy"),
    "test_low": ("test_accuracy/lowest", "lowest test_accuracy of the finished seeds"),
    "test_high": ("test_accuracy/highest", "highest test_accuracy of the finished seeds"),
    "chance": ("chance", "share of the largest class among the test images"),
    "planned": ("planned", "number of trials of the arm that are planned"),
}
_PARTS = {
    "mean": "mean over seeds",
    "low": "lower end of the 95 % t interval over seeds",
    "high": "upper end of the 95 % t interval over seeds",
}
_TESTS = {
    "difference": "two-sided paired t-test over seeds of test_accuracy[arm] - test_accuracy[reference]",
    "equivalence": "larger p of two one-sided t-tests at -margin and +margin (TOST), test_accuracy",
    "not_worse": "one-sided paired t-test at -margin, test_accuracy",
    "sign_flip": "two-sided exact sign-flip test over seeds of test_accuracy[arm] - test_accuracy[reference] (of more "
    f"than {MOST_FLIPS.bit_length() - 1} seeds {MOST_FLIPS:,} patterns, drawn)",
}


def open_claims(analysis: StudyAnalysis) -> StudyClaims:
    """Return the study with the ledger of its report, which is empty yet."""
    plan, results = analysis.sweep.plan, analysis.sweep.results
    hashes = {key: results[key].stored_hash if key in results else None for key in plan.keys}
    return StudyClaims(analysis, Ledger(plan.study, plan.hash, hashes))


@dataclass(frozen=True)
class StudyClaims:
    """A study and the ledger that its numbers are added to; each method returns a number as marked text."""

    analysis: StudyAnalysis
    ledger: Ledger

    @property
    def sweep(self) -> StudyResults:
        return self.analysis.sweep

    def number(self, value: float, name: str, formula: str, trials: Iterable[str], form: str = ",d") -> str:
        """Return any number."""
        return self.ledger.add(value, form, name=name, formula=formula, trials=trials)

    def numbers_of(self, prefix: str, formulas: Mapping[str, str], trials: Iterable[str]) -> WriteNumber:
        """Return a function that writes numbers of the same trials under one prefix."""
        return lambda what, value, form: self.number(value, f"{prefix}/{what}", formulas[what], trials, form)

    def outcomes(self, outcome: str | None) -> str:
        """Return how many trials ended with `outcome`, or how many there are; one judged in two ways counts once."""
        trials = self.sweep.trials.drop_duplicates(["key", "outcome"])
        if outcome is None:
            return self.number(len(trials), "study/planned", "number of planned trials", trials["key"])
        keys = trials["key"][trials["outcome"] == outcome]
        return self.number(len(keys), f"study/outcome={outcome}", f"number of trials with the outcome {outcome}", keys)

    def arm(self, arm: ArmSummary, what: str, form: str) -> str:
        """Return train, test, gap, test_low, test_high, chance or planned of an arm."""
        path, formula = _OF_ARM[what]
        keys = self.sweep.of(arm.name, None if what == "planned" else "finished")["key"]
        return self.number(getattr(arm, what), f"arm/{arm.name}/{path}", formula, keys, form)

    def parameters(self, arm: str) -> str:
        """Return how many parameters an arm's network has; a dash if none of its trials says so."""
        known = self.sweep.of(arm).dropna(subset=["parameters"])
        value = float(known["parameters"].iloc[0]) if len(known) else math.nan
        return self.number(value, f"arm/{arm}/parameters", FORMULAS["parameters"], known["key"])

    def finished(self, arm: str) -> str:
        """Return how many trials of an arm finished."""
        keys = self.sweep.of(arm, "finished")["key"]
        return self.number(len(keys), f"arm/{arm}/finished", FORMULAS["finished"], keys, "d")

    def effect(
        self, comparison: Comparison, response: str, part: str, value: float, formula: str, form: str = POINTS
    ) -> str:
        """Return any number of a comparison."""
        pair = comparison.pair
        against = "" if pair.reference == "reference" else f"/to {pair.reference}"
        name = "/".join(filter(None, ("effect", pair.arm + against, response, part)))
        trials = [*self.keys(pair.arm, comparison.seeds), *self.keys(pair.reference, comparison.seeds)]
        return self.number(value, name, formula, trials, form)

    def points(self, comparison: Comparison, response: str, part: str = "mean") -> str:
        """Return mean, low or high of the effect on a response, in points."""
        formula = f"100 * {_PARTS[part]} of {response}[arm] - {response}[reference]"
        return self.effect(comparison, response, part, 100 * getattr(comparison.effects[response], part), formula)

    def interval(self, comparison: Comparison, response: str) -> str:
        """Return mean and 95 % interval of the effect on a response, such as "-4.12 [-6.20, -2.04]"."""
        mean = self.points(comparison, response)
        if math.isnan(comparison.effects[response].low):
            return mean
        return f"{mean} [{self.points(comparison, response, 'low')}, {self.points(comparison, response, 'high')}]"

    def d_z(self, comparison: Comparison) -> str:
        """Return the standardised paired effect on test accuracy."""
        formula = "mean / standard deviation over seeds of test_accuracy[arm] - test_accuracy[reference]"
        return self.effect(comparison, "test_accuracy", "d_z", comparison.test.d_z, formula)

    def wider(self, comparison: Comparison) -> str:
        """Return the interval of the effect on test accuracy for new photographs."""
        effect = comparison.wider
        if math.isnan(effect.low):
            return NONE
        formula = (
            "100 * {} end of the 95 % interval of test_accuracy[arm] - test_accuracy[reference], seeds and "
            f"{self.analysis.unit}s random (variance components, Satterthwaite)"
        )
        low, high = (
            self.effect(comparison, "new_photographs", part, 100 * value, formula.format(word))
            for part, word, value in (("low", "lower", effect.low), ("high", "upper", effect.high))
        )
        return f"[{low}, {high}]"

    def p(self, comparison: Comparison, kind: str) -> str:
        """Return a p-value, adjusted by Holm over the planned family; a dash if nothing was tested."""
        verdict = comparison.verdict
        if not comparison.pair.tested:
            return NONE
        if kind == "sign_flip":
            value = verdict.flipped
        else:
            value = verdict.adjusted[kind] if verdict.adjusted and verdict.tested else None
        value = math.nan if value is None else value
        formula, form = (
            f"{_TESTS[kind]}; Holm over {self.analysis.family} arms",
            choose_form(value, self.analysis.alpha),
        )
        return self.effect(comparison, "test_accuracy", f"p_{kind}", value, formula, form)

    def seeds(self, comparison: Comparison) -> str:
        """Return how many seeds are paired."""
        return self.effect(comparison, "", "seeds", len(comparison.seeds), "number of seeds that are paired", "d")

    def failing(self, comparison: Comparison, of: str = "arm") -> str:
        """Return how many of the trials of arm or reference failed to train, such as "2 of 10"."""
        training = comparison.training if of == "arm" else comparison.reference_training
        name = getattr(comparison.pair, of)
        keys, path = self.keys(name), f"arm/{name}"
        if not comparison.pair.tested:  # it may stand at other seeds, and beside another reference at others again
            path = f"effect/{comparison.pair.arm}/to {comparison.pair.reference}/{of}"
        formula = "number of seeds whose trial diverged or stayed at chance"
        failing = self.number(len(training.failing), f"{path}/failing", formula, keys, "d")
        trials = self.number(training.trials, f"{path}/looked_at", "number of trials looked at", keys, "d")
        return f"{failing} of {trials}"

    def keys(self, arm: str, seeds: Iterable[int] | None = None) -> list[str]:
        """Return the keys of the trials of an arm that have a result, of these seeds or of those looked at."""
        wanted = set(self.analysis.seeds if seeds is None else seeds)
        return [trial.key for trial in self._trials_by_arm.get(arm, ()) if trial.seed in wanted]

    @cached_property
    def _trials_by_arm(self) -> dict[str, list[PlannedTrial]]:
        """The trials that have a result."""
        trials_by_arm: dict[str, list[PlannedTrial]] = {}
        for trial in self.sweep.plan.trials:
            if trial.key in self.sweep.results:
                trials_by_arm.setdefault(trial.arm, []).append(trial)
        return trials_by_arm


def percent_form(response: str) -> str:
    """Return the format of a response in per cent; the gap has a sign."""
    return "+z.1f" if response == "accuracy_gap" else PERCENT


def choose_form(value: float, alpha: float) -> str:
    """Return the format of a p-value: three digits, or more where it would read as alpha, whose side decides."""
    forms = (form for form in P_VALUES if format(value, form) != format(alpha, form))
    return next(forms, P_VALUES[0])
