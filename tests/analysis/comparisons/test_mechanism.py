import math

import pytest

from bloodstudy.analysis.comparisons.mechanism import direction, name_mechanism
from bloodstudy.analysis.statistics.paired import Effect, estimate

UP, DOWN, UNCLEAR = (Effect(m, 0.01, 9, m - 0.02, m + 0.02, 10) for m in (0.05, -0.05, 0.0))


@pytest.mark.parametrize("gap", [UP, DOWN, UNCLEAR])
@pytest.mark.parametrize(("train", "test", "phrase"), [
    (DOWN, UP, "regularises"), (DOWN, DOWN, "underfits"), (UP, UP, "learns better"), (UP, DOWN, "memorises"),
    (UNCLEAR, UNCLEAR, None),
])  # fmt: skip
def test_each_pair_of_directions_has_its_phrase(train, test, gap, phrase):
    assert name_mechanism(train, test, gap) == phrase


@pytest.mark.parametrize(("train", "gap", "phrase"), [
    (DOWN, DOWN, "narrows the gap without a shown test effect"), (UP, UP, "widens the gap without a shown test effect"),
    (DOWN, UNCLEAR, "train only"), (UP, UNCLEAR, "train only"), (DOWN, UP, "train only"), (UP, DOWN, "train only"),
])  # fmt: skip
def test_the_gap_is_said_to_change_only_where_its_own_interval_shows_that(train, gap, phrase):
    assert name_mechanism(train, UNCLEAR, gap) == phrase


@pytest.mark.parametrize(("test", "gap", "phrase"), [
    (UP, DOWN, "narrows the gap without a shown train effect"),
    (DOWN, UP, "widens the gap without a shown train effect"),
    (UP, UP, "test only"), (DOWN, DOWN, "test only"), (UP, UNCLEAR, "test only"), (DOWN, UNCLEAR, "test only"),
])  # fmt: skip
def test_the_same_where_train_is_the_unclear_one(test, gap, phrase):
    assert name_mechanism(UNCLEAR, test, gap) == phrase


@pytest.mark.parametrize(("low", "high", "named"), [
    (0.0, 0.1, "unclear"), (-0.1, 0.0, "unclear"), (1e-9, 0.1, "up"), (-0.1, -1e-9, "down"),
    (math.nan, math.nan, "unclear"), (0.0, 0.0, "unclear"),
])  # fmt: skip
def test_an_interval_that_contains_zero_has_no_direction(low, high, named):
    assert direction(Effect(0.0, 0.1, 9, low, high, 10)) == named


def test_the_direction_agrees_with_the_paired_t_test_at_five_percent():
    assert direction(estimate([0.1, 0.2, 0.1, 0.3])) == "up"
    assert direction(estimate([0.1, -0.2, 0.1, 0.3])) == "unclear"
    assert direction(estimate([])) == "unclear"
