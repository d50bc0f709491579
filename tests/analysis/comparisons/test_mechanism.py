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


NARROWS, WIDENS = "narrows the gap without a shown", "widens the gap without a shown"


@pytest.mark.parametrize(("train", "test", "gap", "phrase"), [
    (DOWN, UNCLEAR, DOWN, f"{NARROWS} test effect"), (UP, UNCLEAR, UP, f"{WIDENS} test effect"),
    (DOWN, UNCLEAR, UNCLEAR, "train only"), (UP, UNCLEAR, UNCLEAR, "train only"),
    (DOWN, UNCLEAR, UP, "train only"), (UP, UNCLEAR, DOWN, "train only"),
    (UNCLEAR, UP, DOWN, f"{NARROWS} train effect"), (UNCLEAR, DOWN, UP, f"{WIDENS} train effect"),
    (UNCLEAR, UP, UP, "test only"), (UNCLEAR, DOWN, DOWN, "test only"),
    (UNCLEAR, UP, UNCLEAR, "test only"), (UNCLEAR, DOWN, UNCLEAR, "test only"),
])  # fmt: skip
def test_the_gap_is_said_to_change_only_if_its_own_interval_shows_that(train, test, gap, phrase):
    assert name_mechanism(train, test, gap) == phrase


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
