"""Splits compared without pairing, on simulated values."""

import math

import numpy as np
import pandas as pd
import pytest
from records import plan_of
from scipy import stats

from bloodstudy.analysis import StudyResults, compare_splits, list_points
from bloodstudy.analysis.results.predictions import TestCells
from bloodstudy.analysis.results.scores import Score


def points_of(**values):
    """Return points of one seed each: {"random": [0.9, 0.8]}."""
    rows = [("reference", split, str(k), "seed", v) for split, own in values.items() for k, v in enumerate(own)]
    return pd.DataFrame(rows, columns=["rest", "split", "unit", "of", "test_accuracy"]).assign(stuck=False)


def test_means_intervals_and_differences_are_those_of_the_textbook():
    random, grouped = [0.95, 0.93, 0.97, 0.96], [0.7, 0.8, 0.75]
    first, second = compare_splits(points_of(random=random, grouped=grouped)).to_dict("records")
    assert (first["n"], first["mean"]) == (4, pytest.approx(np.mean(random)))
    low, high = stats.t.interval(0.95, 3, np.mean(random), stats.sem(random))
    assert (first["low"], first["high"]) == (pytest.approx(low), pytest.approx(high))
    assert math.isnan(first["difference"])
    a, b = np.var(grouped, ddof=1) / 3, np.var(random, ddof=1) / 4
    freedom = (a + b) ** 2 / (a**2 / 2 + b**2 / 3)  # Welch and Satterthwaite
    half = stats.t.ppf(0.975, freedom) * math.sqrt(a + b)
    assert second["difference"] == pytest.approx(0.75 - np.mean(random))
    assert second["difference_low"] == pytest.approx(second["difference"] - half)
    assert second["difference_high"] == pytest.approx(second["difference"] + half)


def test_the_intervals_cover_the_truth_if_splits_differ_in_spread_and_number():
    rng = np.random.default_rng(5)
    rounds, covered = 1500, np.zeros(2)
    for _ in range(rounds):
        points = points_of(random=rng.normal(0.95, 0.01, 10), grouped=rng.normal(0.8, 0.05, 5))
        grouped = compare_splits(points).iloc[1]
        apart = grouped["difference_low"], grouped["difference_high"]
        covered += (grouped["low"] <= 0.8 <= grouped["high"], apart[0] <= -0.15 <= apart[1])
    assert covered / rounds == pytest.approx([0.95, 0.95], abs=0.017)  # three Monte-Carlo errors


def test_one_unit_has_no_interval_and_no_spread_an_empty_one():
    one, other = compare_splits(points_of(random=[0.9], grouped=[0.8, 0.7])).to_dict("records")
    assert all(math.isnan(one[name]) for name in ("low", "high"))
    assert other["difference"] == pytest.approx(-0.15)
    assert all(math.isnan(other[name]) for name in ("difference_low", "difference_high"))
    for constant in (0.3, 0.9 - 0.6):  # the same up to rounding
        compared = compare_splits(points_of(random=[0.5, 0.5, 0.5], grouped=[constant, constant, 0.3]))
        row = compared.iloc[1]
        assert row["low"] == pytest.approx(0.3) == row["high"]
        assert row["difference_low"] == pytest.approx(-0.2) == row["difference_high"]


def test_the_order_of_the_units_changes_nothing():
    points = points_of(random=[0.9, 0.8, 0.95], grouped=[0.7, 0.8, 0.6])
    turned = pd.concat([part.iloc[::-1] for _, part in points.groupby("split", sort=False)])
    pd.testing.assert_frame_equal(compare_splits(points), compare_splits(turned))


def points_over(swept, planned):
    """Return the points of a sweep of (levels, judged, fold, seed, key, test accuracy)."""
    trials, plan, scores = [], [], {}
    for levels, judged, fold, seed, key, accuracy in planned:
        data = {"split_seed": None if judged == "official" else 0, "test_share": None, "folds": None, "fold": fold}
        plan.append({"key": key, "judged": judged, "seed": seed, "levels": levels, "data": data})
        outcome = "finished" if accuracy else "failed"
        trials.append({"outcome": outcome, "test_accuracy": accuracy, "arm": "a", "seed": 0})
        trials[-1] |= {"key": key, "judged": judged}
        if accuracy:
            share = np.repeat(round(10 * accuracy), 40)
            cells = TestCells(np.repeat([0, 1], 20), tuple(map(str, range(40))), np.full(40, 10), np.zeros(0, int))
            scores[key, judged] = Score(cells, share + np.tile([-1, 1], 20), 0.9, dead=False)
    plan = plan_of({"swept": swept, "trials": plan})
    predictions = dict.fromkeys(key for key, _ in scores)
    return list_points(StudyResults(plan, pd.DataFrame(trials), {}, {}, predictions, scores=scores))


def test_seeds_are_the_units_and_a_failed_trial_is_none():
    planned = [({"data.split": s, "seed": k}, s, None, k, f"{s}{k}", v) for s, k, v in
               (("official", 0, 0.8), ("official", 1, 0.7), ("random", 0, 0.9), ("random", 1, None))]  # fmt: skip
    points = points_over({"data.split": ["official", "random"], "seed": [0, 1]}, planned)
    assert points["split"].tolist() == ["official", "official", "random"]
    assert points["unit"].tolist() == ["0", "1", "0"]
    assert set(points["of"]) == {"seed"}


def test_folds_are_the_units_of_grouped_kfold_each_the_mean_over_its_seeds():
    planned = [({"data.fold": f, "seed": k}, "grouped_kfold", f, k, f"{f}{k}", 0.5 + f / 10 + k / 100)
               for f in (0, 1, 2) for k in (0, 1)]  # fmt: skip
    points = points_over({"data.fold": [0, 1, 2], "seed": [0, 1]}, planned)
    assert points["of"].tolist() == ["division"] * 3
    assert points["test_accuracy"].tolist() == pytest.approx([0.505, 0.605, 0.705])


def test_a_trial_that_several_folds_share_counts_once():
    planned = [({"data.split": s, "data.fold": f}, s, f if s == "grouped_kfold" else None, 0, key, 0.5)
               for s, f, key in (("random", 0, "r"), ("random", 1, "r"), ("grouped_kfold", 0, "g0"),
                                 ("grouped_kfold", 1, "g1"))]  # fmt: skip
    points = points_over({"data.split": ["random", "grouped_kfold"], "data.fold": [0, 1]}, planned)
    assert points["split"].tolist() == ["random", "grouped_kfold", "grouped_kfold"]
    assert points["of"].tolist() == ["seed", "division", "division"]


def test_splits_are_compared_within_what_else_was_swept():
    planned = [({"lr": lr, "data.split": s}, s, None, 0, f"{lr}{s}", 0.5 + lr) for lr in (0.1, 0.2)
               for s in ("official", "random")]  # fmt: skip
    points = points_over({"lr": [0.1, 0.2], "data.split": ["official", "random"]}, planned)
    assert points["rest"].tolist() == ["lr=0.1", "lr=0.1", "lr=0.2", "lr=0.2"]
    assert compare_splits(points)["difference"].isna().tolist() == [True, False, True, False]


def test_a_trial_that_is_not_clear_of_chance_is_stuck():
    planned = [({"data.split": s, "seed": k}, s, None, k, f"{s}{k}", v) for s, k, v in
               (("official", 0, 0.8), ("official", 1, 0.5), ("random", 0, 0.6))]  # fmt: skip
    points = points_over({"data.split": ["official", "random"], "seed": [0, 1]}, planned)
    assert points["stuck"].tolist() == [False, True, False]


def test_a_sweep_on_one_split_has_no_points():
    points = points_over({"lr": [0.1]}, [({"lr": 0.1}, "random", None, 0, "k", 0.5)])
    assert points.empty
    assert compare_splits(points).empty
