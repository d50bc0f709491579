"""What dependent images are worth: against scipy, against brute force, and in simulated test sets."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from bloodstudy.data.quality.effective_size import ACCURACY, combine_classes, effective_number, interval, weigh_test

SIZES = st.lists(st.integers(1, 200), min_size=1, max_size=40)


@given(SIZES)
def test_a_test_set_is_worth_between_one_scene_and_all_of_them(sizes):
    assert 1 - 1e-9 <= effective_number(sizes) <= len(sizes) + 1e-9


@given(st.integers(1, 50), st.integers(1, 50))
def test_equal_scenes_count_one_each(scenes, copies):
    assert effective_number([copies] * scenes) == pytest.approx(scenes)


@given(SIZES, st.integers(1, 9))
def test_more_copies_of_everything_are_worth_nothing(sizes, times):
    assert effective_number([times * n for n in sizes]) == pytest.approx(effective_number(sizes))


def test_nothing_is_worth_an_unknown_number():
    assert math.isnan(effective_number([]))


@given(st.lists(SIZES, min_size=1, max_size=5))
def test_classes_combined_are_worth_what_all_their_scenes_are(classes):
    images, worth = [sum(sizes) for sizes in classes], [effective_number(sizes) for sizes in classes]
    together = effective_number([n for sizes in classes for n in sizes])
    assert combine_classes(images, worth) == pytest.approx(together)


@given(st.integers(1, 3000), st.floats(0, 1))
def test_the_interval_is_wilsons(number, share):
    right = round(share * number)
    low, high = interval(number, right / number)
    expected = binomtest(right, number).proportion_ci(0.95, method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def simulate(classes, rng):
    """Return the accuracies of test sets whose scenes are right or wrong as a whole; `classes`: images by scene."""
    sizes = np.concatenate(classes)
    return (rng.random((4000, len(sizes))) < ACCURACY) @ sizes / sizes.sum()


KAGGLE_LIKE = [[48] * 12 + [47], [100, 110, 120, 80, 150, 60], [155, 155, 155, 155], [13] * 48]


IMAGES = [sum(sizes) for sizes in KAGGLE_LIKE]
WORTH = combine_classes(IMAGES, [effective_number(sizes) for sizes in KAGGLE_LIKE])


def test_if_scenes_are_right_or_wrong_as_a_whole_the_spread_is_that_of_the_effective_number():
    measured = simulate(KAGGLE_LIKE, np.random.default_rng(1))
    assert measured.std() == pytest.approx(math.sqrt(ACCURACY * (1 - ACCURACY) / WORTH), rel=0.04)


def test_the_honest_interval_covers_the_truth_and_the_naive_one_does_not():
    measured = simulate(KAGGLE_LIKE, np.random.default_rng(2))

    def coverage(number):
        ends = np.array([interval(number, accuracy) for accuracy in measured])
        return float(((ends[:, 0] <= ACCURACY) & (ends[:, 1] >= ACCURACY)).mean())

    assert 0.93 <= coverage(WORTH) <= 0.98
    assert coverage(sum(IMAGES)) < 0.4


def weigh(*rows):
    return weigh_test(pd.DataFrame(rows, columns=["class", "scene"]), ("A", "B"), "scene")


def test_the_table_counts_images_and_scenes_by_class_and_in_all():
    table = weigh(("A", "s1"), ("A", "s1"), ("A", "s2"), ("B", "s3"))
    assert table["class"].tolist() == ["A", "B", "all"]
    assert table["images"].tolist() == [3, 1, 4]
    assert table["units"].tolist() == [2, 1, 3]
    assert table["effective"].tolist() == pytest.approx([9 / 5, 1, 16 / 6])
    assert (table["naive_high"] - table["naive_low"] <= table["honest_high"] - table["honest_low"]).all()


def test_a_scene_under_two_classes_is_one_scene():
    table = weigh(("A", "s1"), ("A", "s2"), ("B", "s1"))
    assert table["units"].tolist() == [2, 1, 2]


def test_unknown_scenes_leave_the_naive_interval_alone():
    table = weigh(("A", ""), ("A", ""), ("B", "s1"), ("B", "s2"))
    assert table["units"].isna().tolist() == [True, False, True]
    assert table["honest_low"].isna().tolist() == [True, False, True]
    assert table["naive_low"].notna().all()


def test_a_class_without_test_images_does_not_hide_what_the_others_are_worth():
    table = weigh(("A", "s1"), ("A", "s2"))
    assert table["images"].tolist() == [2, 0, 2]
    assert table["effective"].iloc[-1] == pytest.approx(2)
