import math

import pytest

from bloodstudy.analysis.effect import Effect, estimate
from bloodstudy.analysis.mechanism import direction, name_mechanism

UP, DOWN, UNCLEAR = (Effect(m, 0.01, 9, m - 0.02, m + 0.02, 10) for m in (0.05, -0.05, 0.0))


@pytest.mark.parametrize(("train", "test", "phrase"), [
    (DOWN, UP, "regularises"), (DOWN, DOWN, "underfits"), (UP, UP, "learns better"), (UP, DOWN, "memorises"),
    (DOWN, UNCLEAR, "narrows the gap without a shown test effect"),
    (UP, UNCLEAR, "widens the gap without a shown test effect"),
    (UNCLEAR, UP, "test only"), (UNCLEAR, DOWN, "test only"), (UNCLEAR, UNCLEAR, None),
])  # fmt: skip
def test_each_pair_of_directions_has_its_phrase(train, test, phrase):
    assert name_mechanism(train, test) == phrase


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
