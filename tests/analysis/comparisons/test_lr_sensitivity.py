"""The best learning rate of a grid is found on validation images."""

import numpy as np
import pandas as pd
import pytest
from records import plan_of

from bloodstudy.analysis import StudyResults, tune
from bloodstudy.analysis.results.predictions import TestCells
from bloodstudy.analysis.results.scores import Score

ARMS = {
    "reference": ({}, 0.001, (0.7, 0.6)), "lr=0.01": ({"lr": 0.01}, 0.01, (0.8, 0.9)),
    "wide": ({"width": 2.0}, 0.001, (0.9, 0.9)), "wide, lr=0.01": ({"width": 2.0, "lr": 0.01}, 0.01, (0.5, 0.5)),
}  # fmt: skip


def sweep_of(validated=True):
    rows, arms = [], {}
    for name, (levels, lr, accuracies) in ARMS.items():
        role = "exploratory" if "lr" in levels else "confirmatory" if levels else "reference"
        arms[name] = {"role": role, "levels": levels}
        for seed, accuracy in enumerate(accuracies):
            row = {"key": name, "arm": name, "seed": seed, "outcome": "finished", "lr": lr, "judged": "official"}
            row |= {"validation_accuracy": accuracy} if validated else {}
            rows.append(row | {"test_accuracy": 1 - accuracy})
    question = {"name": "size", "reference": "reference", "arms": list(ARMS), "lr_strip": [0.01]}
    return StudyResults(plan_of({"questions": [question], "arms": arms}), pd.DataFrame(rows), {}, {}, {})


def test_the_best_rate_is_that_of_the_highest_validation_accuracy_never_of_the_test():
    reference, wide = tune(sweep_of(), range(2))
    assert (reference.arm, reference.best) == ("reference", 0.01)
    assert (wide.arm, wide.best) == ("wide", 0.001)
    assert reference.rates["lr"].tolist() == [0.001, 0.01]
    assert reference.rates["validation_accuracy"].tolist() == pytest.approx([0.65, 0.85])


@pytest.mark.parametrize("lr", [0.01, 0.0001])
def test_in_a_tie_the_arm_s_own_rate_is_its_best(lr):
    sweep = sweep_of()
    sweep.trials.loc[sweep.trials["arm"] == "lr=0.01", "lr"] = lr
    sweep.trials["validation_accuracy"] = 0.25
    assert [tuned.best for tuned in tune(sweep, range(2))] == [0.001, 0.001]


def test_a_rate_that_lost_trials_is_not_the_best_on_those_that_it_kept():
    sweep = sweep_of()
    lost = (sweep.trials["arm"] == "lr=0.01") & (sweep.trials["seed"] == 0)
    sweep.trials.loc[lost, "outcome"] = "diverged"
    reference, _ = tune(sweep, range(2))
    assert reference.rates["seeds"].tolist() == [2, 1]
    assert reference.best == 0.001


def test_a_rate_at_which_every_trial_stayed_at_chance_is_not_the_best():
    sweep = sweep_of()
    cells = TestCells(np.repeat([0, 1], 3), tuple("abcdef"), np.full(6, 10), np.zeros(0, int))
    sweep.predictions.update(dict.fromkeys(ARMS))
    for name in ARMS:
        sweep.scores[name, "official"] = Score(cells, np.full(6, 9), 0.9, dead=name == "lr=0.01")
    reference, _ = tune(sweep, range(2))
    assert reference.rates["at_chance"].tolist() == [0, 2]
    assert reference.best == 0.001


def test_a_rate_at_which_no_trial_finished_keeps_its_place():
    sweep = sweep_of()
    sweep.trials.loc[sweep.trials["arm"] == "lr=0.01", "outcome"] = "diverged"
    reference, _ = tune(sweep, range(2))
    assert (reference.rates["lr"].tolist(), reference.rates["seeds"].tolist()) == ([0.001, 0.01], [2, 0])
    assert reference.best == 0.001


def test_without_validation_images_no_rate_is_the_best():
    assert [tuned.best for tuned in tune(sweep_of(validated=False), range(2))] == [None, None]


def test_a_question_without_a_grid_tuned_nothing():
    assert tune(StudyResults(plan_of({"questions": [{"name": "q"}]}), pd.DataFrame(), {}, {}, {}), [0]) == []


def test_a_question_with_a_reference_of_its_own_rate_has_its_grid_too():
    sweep = sweep_of()
    for arm, lr in (("reference", 0.001), ("wide", 0.001)):
        sweep.plan.arms[arm].levels["lr"] = lr
    reference, wide = tune(sweep, range(2))
    assert (reference.best, wide.best) == (0.01, 0.001)
