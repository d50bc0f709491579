import math

import numpy as np
import pandas as pd
import pytest
from records import plan_of, result_of

from bloodstudy.analysis import Confusion, StudyResults, summarise_arms
from bloodstudy.analysis.results.predictions import TestCells
from bloodstudy.analysis.results.scores import Score


def sweep_of(rows, test_counts=(50, 50)):
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
    examined = Confusion(pd.DataFrame(np.diag(test_counts)), None, None)
    keys = [trial["key"] for trial in trials]
    return StudyResults(
        plan_of({}), frame, {key: result_of({"data": data}) for key in keys}, {}, dict.fromkeys(keys),
        {(key, "official"): examined for key in keys}, scores={(key, "official"): right_of(0.9, 0.9) for key in keys},
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


def test_the_largest_class_is_counted_among_the_test_images():
    (arm,) = summarise_arms(sweep_of([("a", 0, 0.9)], test_counts=(30, 10)))
    assert arm.largest == 0.75


def right_of(*shares):
    """Return what a trial got right of twenty scenes a class: 9 images each of the first class, one of the others."""
    classes = np.repeat(np.arange(len(shares)), 20)
    images = np.where(classes == 0, 9, 1)
    places = np.tile(np.arange(20), len(shares))
    right = np.where(places < 20 * np.repeat(shares, 20), images, 0)
    return Score(
        TestCells(classes, tuple(map(str, range(len(classes)))), images, np.zeros(0, int)), right, 0.9, dead=False
    )


@pytest.mark.parametrize(("shares", "clear"), [
    ((0.95, 0.95), True),
    ((0.85, 0.9), True),  # fewer images are right than if all were named the first class, and it learnt all the same
    ((1.0, 0.0), False), ((1.0, 0.05), False), ((0.5, 0.6), False),
])  # fmt: skip
def test_clear_of_chance_is_judged_with_each_class_weighing_alike(shares, clear):
    sweep, own = sweep_of([("a", 0, 0.8)], test_counts=(90, 10)), right_of(*shares)
    sweep.scores["0", "official"] = own
    (arm,) = summarise_arms(sweep)
    assert arm.clear is clear
    assert arm.balanced == pytest.approx(np.mean(shares))


def test_one_dead_seed_of_three_does_not_hide_an_arm_that_learnt():
    sweep = sweep_of([("a", seed, 0.8) for seed in range(3)])
    for seed, shares in enumerate([(0.95, 0.9), (0.9, 0.9), (1.0, 0.0)]):
        sweep.scores[str(seed), "official"] = right_of(*shares)
    (arm,) = summarise_arms(sweep)
    assert arm.clear
    assert arm.balanced == pytest.approx((0.925 + 0.9 + 0.5) / 3)
