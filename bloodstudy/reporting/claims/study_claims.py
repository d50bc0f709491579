"""The numbers of an analysed study as claims.

In: a `StudyAnalysis` and the ledger of its report. Out: the marked text of each number, with its name, formula and
trials; the same number in a sentence and in a table is one claim.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from bloodstudy.analysis import ArmSummary, StudyAnalysis, StudyResults
from bloodstudy.reporting.claims.ledger import Ledger, WriteNumber
from bloodstudy.study.planned import PlannedTrial

POINTS = "+z.2f"
WIDE = 0.01  # an interval whose ends are told with one decimal
PERCENT = ".1f"
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
    "largest": ("largest_class", "share of the largest class among the test images"),
    "balanced": (
        "test_accuracy/balanced",
        "mean over the finished seeds of the mean share of right images of each class",
    ),
    "planned": ("planned", "number of trials of the arm that are planned"),
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

    @property
    def response(self) -> str:
        """What verdicts are about, as a sentence has it."""
        return self.sweep.plan.response_words

    @property
    def block(self) -> str:
        """The word for what the reference and an arm share: a block of a study by folds, else a seed."""
        return "block" if self.analysis.by_folds else "seed"

    @property
    def repetition(self) -> str:
        """The word for what looks are counted in."""
        return "repetition" if self.analysis.by_folds else "seed"

    @property
    def scope(self) -> str:
        """What a verdict is about, as a sentence goes on."""
        return "for new photographs" if self.analysis.by_folds else "on these test images"

    @cached_property
    def responses(self) -> dict[str, str]:
        """What is told of each trial, by title: accuracies, and the metrics of the user's own."""
        lower = {False: " (lower is better)"}
        metrics = self.sweep.plan.metrics.values()
        return RESPONSES | {f"`{one.name}`{lower.get(one.higher_is_better, '')}": one.name for one in metrics}

    def formula(self, response: str) -> str:
        """Return what a number of one trial is."""
        own = self.sweep.plan.metrics.get(response)
        if own is None:
            return FORMULAS[response]
        return (
            f"{response} of the extension {own.extension}, of the stored p_* of the test images, rows made to sum to 1"
        )

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
        """Return train, test, gap, test_low, test_high, largest, balanced or planned of an arm."""
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


def form_points(low: float, high: float) -> str:
    """Return the format of an effect in points: two decimals if its interval, in accuracy, is at most a point wide."""
    return POINTS if high - low <= WIDE else "+z.1f"  # of a pilot there is no interval: one decimal


def percent_form(response: str) -> str:
    """Return the format of a response in per cent; the gap has a sign."""
    return "+z.1f" if response == "accuracy_gap" else PERCENT
