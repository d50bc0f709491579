"""A whole sweep as it lies on disk, and its arms.

In: the run folder. Out: a frozen `Sweep`: plan, trials, results, histories and what the test predictions say; and an
`Arm` for each arm, with the means over its seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from bloodstudy.analysis.results.confusion import Confusion, examine
from bloodstudy.analysis.results.predictions import Predictions, Reader
from bloodstudy.analysis.results.trials import read_trials
from bloodstudy.study.arms import BLOCK_KEYS
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.plan import Plan
from bloodstudy.study.predictions import check_stored
from bloodstudy.study.redact import hide_folders, make_portable
from bloodstudy.study.result import Result
from bloodstudy.study.run_folder import RETRAIN, StudyFolder, read_plan, read_result, readable
from bloodstudy.study.trial_files import read_history, read_predictions

RESPONSES = ("train_accuracy", "test_accuracy", "accuracy_gap")
NOISE_TIMES = 2.0  # how far above chance level, in standard errors, an accuracy counts as clear of it


@dataclass(frozen=True)
class StudyResults:
    """One sweep; the dictionaries are keyed by trial key and hold what is there."""

    plan: Plan
    trials: pd.DataFrame  # of `read_trials`
    results: dict[str, Result]
    histories: dict[str, pd.DataFrame]
    predictions: dict[str, Predictions]
    _examined: dict[tuple[str, str], Confusion] = field(default_factory=dict)

    @property
    def arms(self) -> list[str]:
        return list(dict.fromkeys(self.trials["arm"]))

    @property
    def factors(self) -> list[str]:
        """The swept factors, in the order typed; seeds are replicates, not a factor."""
        return [key for key in self.plan.swept if key not in BLOCK_KEYS]

    @property
    def seeds(self) -> list[int]:
        return sorted(set(self.trials["seed"]))

    @property
    def levels(self) -> dict[str, Mapping[str, Any]]:
        """The swept levels of each arm."""
        return {planned.arm: planned.levels for planned in self.plan.trials}

    @property
    def data(self) -> list[dict[str, Any]]:
        """The different data that the planned trials are judged on, in order."""
        different: list[dict[str, Any]] = []
        for planned in self.plan.trials:
            judged_on = {**planned.data, "split": planned.evaluated_on}
            if judged_on not in different:
                different.append(judged_on)
        return different

    def of(self, arm: str, outcome: str | None = None) -> pd.DataFrame:
        """Return the trials of `arm`, those with `outcome` alone if one is named."""
        wanted = self.trials["arm"] == arm
        if outcome is not None:
            wanted &= self.trials["outcome"] == outcome
        return self.trials.loc[wanted]

    def result_of(self, arm: str) -> Result | None:
        """Return the first result of an arm, which says what its trials share; None if none has one."""
        return next((self.results[key] for key in self.of(arm)["key"] if key in self.results), None)

    def levels_of(self, arm: str) -> Mapping[str, Any]:
        """Return what sets an arm apart."""
        if arm in self.plan.arms:
            return self.plan.arms[arm].levels
        return {key: level for key, level in self.levels.get(arm, {}).items() if key not in BLOCK_KEYS}

    def examine(self, key: str, judged: str) -> Confusion:
        """Return what the test predictions of a trial say, on the images that `judged` leaves."""
        if (key, judged) not in self._examined:
            self._examined[key, judged] = examine(self.predictions[key], judged)
        return self._examined[key, judged]

    def examined(self, arm: str) -> list[Confusion]:
        """Return what the test predictions of the finished trials of `arm` say, on the images it is judged on."""
        done = self.of(arm, Outcome.FINISHED)
        rows = zip(done["key"], done["judged"], strict=True)
        return [self.examine(key, judged) for key, judged in rows if key in self.predictions]


def load_study(runs_dir: Path, study: str, plan: Plan | None = None) -> StudyResults:
    """Return the sweep that `plan` (None: the study's own) describes; raises UserError if nothing was run yet.

    It names no folder of the machine, and a trial without a result is missing whether it was begun or not: a report
    made from it is the same wherever the trials were moved.
    """
    plan = plan or read_plan(runs_dir, study)
    results, histories, predictions, reader = {}, {}, {}, Reader()
    for key in plan.keys:
        trial = StudyFolder(runs_dir / study).trial(key)
        result = read_result(runs_dir, study, key)
        if result is None:
            continue
        results[key] = Result.from_dict(make_portable(result.to_dict()))
        if (history := read_history(trial)) is not None:
            histories[key] = history
        if result.outcome == Outcome.FINISHED and (table := read_predictions(trial)) is not None:
            with readable(trial.predictions, RETRAIN):
                if result.stored_hash and not result.files:  # of an older version, which knew no other hash
                    check_stored(table, result.stored_hash)
                predictions[key] = reader.read(table)
                if list(predictions[key].shown.classes) != list(result.data.classes):
                    raise ValueError("its classes are not those of the result beside it")
    trials = _measure(read_trials(runs_dir, study, plan), predictions)
    trials["reason"] = [hide_folders(reason) if isinstance(reason, str) else reason for reason in trials["reason"]]
    trials.loc[~trials["key"].isin(list(results)), ["outcome", "reason"]] = Outcome.MISSING, "not trained yet"
    return StudyResults(Plan.from_dict(make_portable(plan.to_dict())), trials, results, histories, predictions)


def _measure(trials: pd.DataFrame, predictions: dict[str, Predictions]) -> pd.DataFrame:
    """Return `trials` with accuracies as the stored predictions give them: results are not taken at their word."""
    done = trials[(trials["outcome"] == Outcome.FINISHED) & trials["key"].isin(list(predictions))]
    known = {
        row: predictions[key].measure(judged)
        for row, key, judged in zip(done.index, done["key"], done["judged"], strict=True)
    }
    measured = pd.DataFrame.from_dict(known, orient="index")
    kept = trials.reindex(columns=measured.columns).astype(float)
    kept.loc[measured.index] = measured
    return trials.drop(columns=measured.columns, errors="ignore").join(kept)


@dataclass(frozen=True)
class ArmSummary:
    """One arm over its seeds. Responses are means over the finished trials, NaN if there is none."""

    name: str
    planned: int  # trials
    finished: int
    train: float
    test: float
    gap: float
    test_low: float  # over the seeds
    test_high: float
    chance: float  # share of the largest class among the test images
    clear_from: float  # mean test accuracy above which an arm counts as clear of chance

    @property
    def whole(self) -> bool:
        return self.finished == self.planned

    @property
    def clear(self) -> bool:
        """Tell whether it is clear of chance: no test, but no arm that learnt nothing is named a winner."""
        return self.test > self.clear_from


def summarise_arms(sweep: StudyResults) -> list[ArmSummary]:
    """Return the arms in the order of the sweep."""
    return [_summarise(sweep, name) for name in sweep.arms]


def _summarise(sweep: StudyResults, name: str) -> ArmSummary:
    done = sweep.of(name, Outcome.FINISHED)
    train, test, gap = (done[column].to_numpy(dtype=float) for column in RESPONSES)
    if not len(test):
        nan = float("nan")
        return ArmSummary(name, len(sweep.of(name)), 0, nan, nan, nan, nan, nan, nan, nan)
    examined = sweep.examined(name)
    counts = list(sweep.results[done["key"].iloc[0]].data.counts["test"].values())
    if examined:
        counts = examined[0].confusion.sum(axis=1).to_list()
    chance = max(counts) / sum(counts)
    # Copies of a photograph are no further evidence, so it is the photographs that count, if they are known.
    photographs = examined[0].photographs if examined else None
    noise = (chance * (1 - chance) / (photographs or sum(counts))) ** 0.5
    return ArmSummary(
        name,
        planned=len(sweep.of(name)),
        finished=len(done),
        train=float(train.mean()),
        test=float(test.mean()),
        gap=float(gap.mean()),
        test_low=float(test.min()),
        test_high=float(test.max()),
        chance=chance,
        clear_from=chance + NOISE_TIMES * noise,
    )
