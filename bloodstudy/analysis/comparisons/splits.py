"""How much the choice of the split is worth: arms on different splits, which cannot be paired.

In: one test accuracy a split and unit (a seed, or where a split was drawn anew a division). Out: a tidy frame with the
mean of each split, its interval, and its difference to the first split by Welch. No verdict.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bloodstudy.analysis.statistics.paired import CONFIDENCE, estimate_share
from bloodstudy.study.arms import name_arm
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.planned import PlannedQuestion, PlannedTrial

if TYPE_CHECKING:
    from bloodstudy.analysis.results.sweep import StudyResults

SPLIT_KEYS = ("data.split", "data.split_seed", "data.test_share", "data.folds", "data.fold")


def take_question(sweep: StudyResults, question: PlannedQuestion) -> StudyResults:
    """Return the part of a study that one of its questions is about, swept over whatever sets its arms apart."""
    arms = {name: sweep.plan.arms[name].levels for name in question.arms}
    own = [place for place, planned in enumerate(sweep.plan.trials) if planned.arm in arms]
    planned = [sweep.plan.trials[place] for place in own]
    swept = {key: [] for levels in arms.values() for key in levels}
    trials = [replace(trial, levels={**arms[trial.arm], "seed": trial.seed}) for trial in planned]
    plan = replace(sweep.plan, swept=swept, trials=tuple(trials))
    return replace(sweep, plan=plan, trials=sweep.trials.iloc[own].reset_index(drop=True))


def list_points(sweep: StudyResults) -> pd.DataFrame:
    """Return the test accuracies to compare: rest, split, unit (seed or division), of, test_accuracy, stuck, keys.

    `rest` names what else was swept. If a split was drawn several times (other folds, another split_seed), these
    divisions are the units, each the mean over its seeds; otherwise the seeds are. A trial that several combinations
    share, since a key has no part in its split, counts once. A unit is stuck if one of its trials is not clear of
    chance: that says something of the optimisation and nothing of the split. `keys` are those of its trials. Empty if
    no key of the split was swept.
    """
    rows = []
    if set(SPLIT_KEYS) & set(sweep.factors):
        for planned, trial in zip(sweep.plan.trials, sweep.trials.to_dict("records"), strict=True):
            if trial["outcome"] == Outcome.FINISHED:
                own = sweep.score(trial["key"], trial["judged"])
                measured = {"test_accuracy": trial["test_accuracy"], "stuck": own is not None and not own.clearance > 0}
                rows.append(_place(sweep, planned) | {"key": planned.key} | measured)
    columns = ["rest", "split", "unit", "of"]
    if not rows:
        return pd.DataFrame(columns=[*columns, "test_accuracy", "stuck", "keys"])
    frame = pd.DataFrame(rows).drop_duplicates(["rest", "split", "key"])
    divided = np.asarray(frame.groupby(["rest", "split"])["division"].transform("nunique")) > 1
    frame["of"] = np.where(divided, "division", "seed")
    frame["unit"] = np.where(divided, frame["division"], frame["seed"].astype(str))
    units = frame.groupby(columns, sort=False, as_index=False)
    return units.agg(test_accuracy=("test_accuracy", "mean"), stuck=("stuck", "any"), keys=("key", tuple))


def _place(sweep: StudyResults, planned: PlannedTrial) -> dict[str, Any]:
    data = planned.data
    split = [planned.evaluated_on]
    for key in ("test_share", "folds"):
        if f"data.{key}" in sweep.factors and data[key] is not None:
            split.append(f"{key}={data[key]:g}")
    drawn = [f"{key}={data[key]}" for key in ("split_seed", "fold") if data[key] is not None]
    rest = {key: level for key, level in planned.levels.items() if key not in SPLIT_KEYS}
    return {
        "rest": name_arm(rest),
        "split": ", ".join(split),
        "division": ", ".join(drawn),
        "seed": planned.seed,
    }


def compare_splits(points: pd.DataFrame) -> pd.DataFrame:
    """Return one row a split, within each `rest`, in the order of `points`.

    Args:
        points: columns rest, split, of and test_accuracy; one row a unit.

    Returns:
        rest, split, of, n, mean, low and high (t interval over the units), difference (of means, to the first split
        of the same rest), difference_low and difference_high (Welch). NaN if fewer than two units leave no
        interval, and for the difference of the first split to itself.
    """
    rows = []
    for rest, group in points.groupby("rest", sort=False):
        first: np.ndarray | None = None
        for split, own in group.groupby("split", sort=False):
            values = own["test_accuracy"].to_numpy(dtype=float)
            row = {"rest": rest, "split": split, "of": own["of"].iloc[0], "n": len(values), "mean": values.mean()}
            over_units = estimate_share(values)
            row |= {"low": over_units.low, "high": over_units.high}
            difference = (math.nan,) * 3 if first is None else (values.mean() - first.mean(), *_welch(values, first))
            row |= dict(zip(("difference", "difference_low", "difference_high"), difference, strict=True))
            rows.append(row)
            first = values if first is None else first
    columns = ["rest", "split", "of", "n", "mean", "low", "high", "difference", "difference_low", "difference_high"]
    return pd.DataFrame(rows, columns=columns)


def _welch(values: np.ndarray, first: np.ndarray) -> tuple[float, float]:
    if min(len(values), len(first)) < 2:
        return math.nan, math.nan
    if np.ptp(values) == 0 == np.ptp(first):  # no spread: scipy would divide by it
        return (values.mean() - first.mean(),) * 2
    from scipy import stats

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Precision loss", category=RuntimeWarning)
        interval = stats.ttest_ind(values, first, equal_var=False).confidence_interval(CONFIDENCE)
    return float(interval.low), float(interval.high)
