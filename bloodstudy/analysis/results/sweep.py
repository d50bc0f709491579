"""A whole sweep as it lies on disk.

In: the run folder. Out: a frozen `StudyResults`: plan, trials, results, histories and what the test predictions say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from bloodstudy.analysis.results.confusion import Confusion, examine
from bloodstudy.analysis.results.predictions import Predictions, Reader
from bloodstudy.analysis.results.scores import Score, score
from bloodstudy.analysis.results.trials import read_trials, take_metrics
from bloodstudy.study.arms import BLOCK_KEYS
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.plan import Plan
from bloodstudy.study.predictions import check_stored
from bloodstudy.study.question import SCRATCH
from bloodstudy.study.redact import hide_folders, make_portable
from bloodstudy.study.result import Result
from bloodstudy.study.run_folder import RETRAIN, StudyFolder, read_plan, read_result, readable
from bloodstudy.study.said import Said, read_said
from bloodstudy.study.trial_files import read_history, read_predictions

LASTING = (Outcome.FINISHED, Outcome.DIVERGED)  # outcomes that a study trains no trial again for


@dataclass(frozen=True)
class StudyResults:
    """One sweep; the dictionaries are keyed by trial key and hold what is there."""

    plan: Plan
    trials: pd.DataFrame  # of `read_trials`
    results: dict[str, Result]
    histories: dict[str, pd.DataFrame]
    predictions: dict[str, Predictions]
    _examined: dict[tuple[str, str], Confusion] = field(default_factory=dict)
    reader: Reader = field(default_factory=Reader)
    scores: dict[tuple[str, str], Score] = field(default_factory=dict)  # of the trials that were asked for
    said: tuple[Said, ...] = ()  # by the looks that were held so far

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

    def score(self, key: str, judged: str) -> Score | None:
        """Return what a finished trial got right on the images that `judged` leaves; None without its predictions."""
        if key not in self.predictions:
            return None
        if (key, judged) not in self.scores:
            number, name = None, self.plan.responds_by
            if self.plan.response is not None:
                number = take_metrics(self.results[key], self.plan, judged).get(name, math.nan)
            self.scores[key, judged] = replace(score(self.predictions[key], judged), number=number)
        return self.scores[key, judged]

    def examined(self, arm: str) -> list[Confusion]:
        """Return what the test predictions of the finished trials of `arm` say, on the images it is judged on."""
        done = self.of(arm, Outcome.FINISHED)
        rows = zip(done["key"], done["judged"], strict=True)
        return [self.examine(key, judged) for key, judged in rows if key in self.predictions]


def load_study(
    runs_dir: Path, study: str, plan: Plan | None = None, before: StudyResults | None = None
) -> StudyResults:
    """Return the sweep that `plan` (None: the study's own) describes; raises UserError if nothing was run yet.

    What was read `before` is not read again, unless its trial may have been trained again since. It names no folder of
    the machine, and a trial without a result is missing whether it was begun or not: a report made from it is the same
    wherever the trials were moved.
    """
    plan = plan or read_plan(runs_dir, study)
    results, histories, predictions, reader = {}, {}, {}, before.reader if before else Reader()
    if before is not None:
        results |= {key: own for key, own in before.results.items() if own.outcome in LASTING}
        histories |= {key: own for key, own in before.histories.items() if key in results}
        predictions |= {key: own for key, own in before.predictions.items() if key in results}
    for key in plan.keys:
        if key in results:
            continue
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
    # A package brings nothing of a trial that was interrupted, and its report is the same as the one made here.
    trials.loc[~trials["key"].isin(list(results)), ["outcome", "reason"]] = Outcome.MISSING, "no result yet"
    portable = Plan.from_dict(make_portable(plan.to_dict()))
    scores = before.scores if before else {}
    said = read_said(runs_dir / study) if study != SCRATCH else ()
    return StudyResults(portable, trials, results, histories, predictions, reader=reader, scores=scores, said=said)


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
