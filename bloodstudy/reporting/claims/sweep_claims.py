"""The numbers of a sweep, told as claims.

In: a sweep and the ledger of its report. Out: the marked text of each number, with its name, formula and trials; the
same number told in a sentence and in a table is one claim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bloodstudy.analysis import ArmSummary, Leak, StudyResults
from bloodstudy.reporting.claims.ledger import Ledger

WriteNumber = Callable[[str, float, str], str]  # what it is, its value, its format; returns the text
FORMULAS = {
    "train_accuracy": "share of the train images whose largest p_* is that of their label",
    "test_accuracy": "share of the test images whose largest p_* is that of their label",
    "accuracy_gap": "train_accuracy - test_accuracy",
    "parameters": "number of weights of the network, trainable or not",
    "finished": "number of trials of the arm that finished",
    "at_chance": "number of finished trials that stayed at chance",
}
CLEAN = ", without the test images whose scene is in training"
OF_SPLIT = {
    "n": "number of units",
    "mean": "mean over the units of test_accuracy",
    "low": "mean - t(0.975, n - 1) * sd / sqrt(n), over the units, at least 0",
    "high": "mean + t(0.975, n - 1) * sd / sqrt(n), over the units, at most 1",
    "difference": "mean over the units of this split - mean over the units of the first",
    "difference_low": "lower end of Welch's 95 % interval of the difference",
    "difference_high": "upper end of Welch's 95 % interval of the difference",
}


def open_ledger(sweep: StudyResults) -> Ledger:
    """Return the empty ledger of the report of `sweep`."""
    results = sweep.results
    hashes = {key: results[key].stored_hash if key in results else None for key in sweep.plan.keys}
    return Ledger(sweep.plan.study, sweep.plan.hash, hashes)


@dataclass(frozen=True)
class SweepClaims:
    """A sweep whose numbers are told to a ledger."""

    sweep: StudyResults
    ledger: Ledger

    def trial(self, row: Mapping[str, Any], response: str, form: str) -> str:
        """Tell a response of one trial, given as a row of the trials' frame."""
        clean, value = row["judged"] == "official_clean", row[response]  # one trial may be judged in both ways
        return self.ledger.add(
            float("nan") if pd.isna(value) else float(value),
            form,
            name=f"trial/{row['key']}/{'official_clean/' if clean else ''}{response}",
            formula=FORMULAS[response] + (CLEAN if clean and response in ("test_accuracy", "accuracy_gap") else ""),
            trials=[row["key"]],
        )

    def arm(self, arm: ArmSummary, what: str, form: str) -> str:
        """Tell train, test, gap, test_low, test_high, chance, finished or planned of an arm."""
        known = {
            "train": ("train_accuracy/mean", "mean over the finished seeds of train_accuracy"),
            "test": ("test_accuracy/mean", "mean over the finished seeds of test_accuracy"),
            "gap": ("accuracy_gap/mean", "mean over the finished seeds of train_accuracy - test_accuracy"),
            "test_low": ("test_accuracy/lowest", "lowest test_accuracy of the finished seeds"),
            "test_high": ("test_accuracy/highest", "highest test_accuracy of the finished seeds"),
            "chance": ("chance", "share of the largest class among the test images"),
            "finished": ("finished", FORMULAS["finished"]),
            "planned": ("planned", "number of trials of the arm that are planned"),
        }
        path, formula = known[what]
        keys = self.sweep.of(arm.name, None if what == "planned" else "finished")["key"]
        return self.ledger.add(getattr(arm, what), form, name=f"arm/{arm.name}/{path}", formula=formula, trials=keys)

    def outcomes(self, outcome: str | None) -> str:
        """Tell how many trials ended with `outcome`, or how many there are; one judged in two ways counts once."""
        trials = self.sweep.trials.drop_duplicates(["key", "outcome"])
        keys = list(trials["key"] if outcome is None else trials["key"][trials["outcome"] == outcome])
        name = "study/planned" if outcome is None else f"study/outcome={outcome}"
        formula = "number of planned trials" if outcome is None else f"number of trials with the outcome {outcome}"
        return self.ledger.add(len(keys), ",d", name=name, formula=formula, trials=keys)

    def leak(self, leak: Leak, what: str) -> str:
        """Tell clean, all or left_out of the test images of an official split."""
        formulas = {
            "clean": "number of test images whose scene is known and not in training",
            "all": "number of test images",
            "left_out": "number of test images whose scene is in training, or not known",
        }
        trials = self.sweep.trials
        judged = (trials["outcome"] == "finished") & (trials["judged"] == leak.judged)
        same = (trials["test_images_clean"] == leak.clean) & (trials["test_images_all"] == leak.all)
        return self.ledger.add(
            getattr(leak, what),
            ",d",
            name=f"leak/{leak.judged}/{leak.clean}/{what}",
            formula=formulas[what],
            trials=trials["key"][judged & same],
        )

    def of(self, prefix: str, formulas: Mapping[str, str], trials: list[str]) -> WriteNumber:
        """Return a function that tells numbers of the same trials under one prefix."""

        def write(what: str, value: float, form: str) -> str:
            return self.ledger.add(value, form, name=f"{prefix}/{what}", formula=formulas[what], trials=trials)

        return write

    def split(self, points: pd.DataFrame, prefix: str) -> Callable[[Mapping[str, Any]], WriteNumber]:
        """Return a function that returns, for a row of the compared splits, how its numbers are told."""

        def describe_row(row: Mapping[str, Any]) -> WriteNumber:
            same_arms = points.loc[points["rest"] == row["rest"]]
            here = same_arms.loc[same_arms["split"] == row["split"]]
            keys = [key for unit in here["keys"] for key in unit]
            others = [
                key for unit in same_arms.loc[same_arms["split"] == same_arms["split"].iloc[0], "keys"] for key in unit
            ]
            path = f"{prefix}/{row['rest']}/{row['split']}"

            def write(what: str, value: float, form: str) -> str:
                trials = [*others, *keys] if what.startswith("difference") else keys
                return self.of(path, OF_SPLIT, trials)(what, value, form)

            return write

        return describe_row


def write_number(what: str, value: float, form: str) -> str:
    """Return a number that is no claim."""
    return format(value, form)
