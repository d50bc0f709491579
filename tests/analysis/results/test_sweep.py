import math

import numpy as np
import pandas as pd
import pytest
from records import plan_of, result_of

from bloodstudy.analysis import Confusion, StudyResults, summarise_arms


def sweep_of(rows, photographs=None, test_counts=(50, 50)):
    """Build a sweep from (arm, seed, test accuracy or outcome)."""
    trials = []
    for position, (arm, seed, test) in enumerate(rows):
        done = not isinstance(test, str)
        trial = {"key": str(position), "arm": arm, "seed": seed, "outcome": "finished" if done else test}
        trial |= {"train_accuracy": 0.9, "test_accuracy": test, "accuracy_gap": 0.9 - test} if done else {}
        trials.append(trial)
    data = {"counts": {"test": dict(zip("AB", test_counts, strict=True))}}
    frame = pd.DataFrame(
        trials, columns=["key", "arm", "seed", "outcome", "train_accuracy", "test_accuracy", "accuracy_gap"]
    ).assign(judged="official")
    examined = Confusion(pd.DataFrame(np.diag(test_counts)), photographs, None)
    keys = [trial["key"] for trial in trials]
    return StudyResults(
        plan_of({}), frame, {key: result_of({"data": data}) for key in keys}, {}, dict.fromkeys(keys),
        {(key, "official"): examined for key in keys},
    )  # fmt: skip


def test_means_are_over_the_finished_seeds_of_an_arm():
    sweep = sweep_of([("b", 0, 0.6), ("b", 1, 0.8), ("b", 2, "diverged"), ("a", 0, 0.5)])
    b, a = summarise_arms(sweep)
    assert (b.name, b.planned, b.finished, b.whole) == ("b", 3, 2, False)
    assert (b.test, b.test_low, b.test_high) == (pytest.approx(0.7), 0.6, 0.8)
    assert b.gap == pytest.approx(0.2)
    assert (a.name, a.whole) == ("a", True)


def test_an_arm_without_a_finished_trial_has_no_numbers_and_is_not_clear_of_chance():
    (arm,) = summarise_arms(sweep_of([("a", 0, "failed")]))
    assert math.isnan(arm.test)
    assert math.isnan(arm.gap)
    assert not arm.clear


def test_chance_is_the_share_of_the_largest_test_class():
    (arm,) = summarise_arms(sweep_of([("a", 0, 0.9)], test_counts=(30, 10)))
    assert arm.chance == 0.75


@pytest.mark.parametrize(("test", "photographs", "clear"), [
    (0.59, None, False), (0.61, None, True),  # 100 images: one standard error is 0.05
    (0.74, 16, False), (0.76, 16, True),  # their 16 photographs: 0.125
])  # fmt: skip
def test_clear_of_chance_means_two_standard_errors_over_photographs(test, photographs, clear):
    (arm,) = summarise_arms(sweep_of([("a", 0, test)], photographs))
    assert arm.clear is clear
