"""The numbers of a comparison as claims, against the comparison."""

import pytest

from bloodstudy.analysis.comparisons.course import dead_interval
from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.claims.pair_claims import PairClaims
from bloodstudy.reporting.claims.study_claims import form_points


@pytest.fixture
def pair(claims_of):
    claims = claims_of(seeds=8, looks=[6, 8], planted={}, noise=2.0, outcomes={("pooling=none", 3): "chance"})
    return PairClaims(claims, claims.analysis.find("pooling=none"))


def test_intervals_and_bounds_are_those_of_the_last_look(pair):
    comparison, told = pair.comparison, pair.told
    mean, low, high = (100 * value for value in (comparison.test.mean, told.low, told.high))
    assert unmark(pair.interval("test_accuracy")) == f"{mean:+z.1f} [{low:+z.1f}, {high:+z.1f}]"
    assert unmark(pair.bound("at_least")) == f"{100 * told.at_least:+z.1f}"
    these = " ".join(f"{100 * end:+z.1f}" for end in comparison.these)
    assert unmark(pair.these()).strip("[]").replace(",", "") == these
    known = {claim.name: claim for claim in pair.claims.ledger.claims}
    low = known["effect/pooling=none/test_accuracy/low"]
    assert "repeated interval at look 2 of 2" in low.formula
    assert len(low.trials) == 2 * 7


@pytest.mark.parametrize(("high", "form"), [(0.0101, "+z.1f"), (0.01, "+z.2f"), (float("nan"), "+z.1f")])
def test_of_an_interval_of_at_most_a_point_two_decimals_are_told(high, form):
    assert form_points(0.0, high) == form


def test_the_size_of_an_effect_is_told_without_its_sign(pair):
    assert unmark(pair.size()) == f"{100 * abs(pair.comparison.test.mean):.1f}"


def test_dead_trials_stand_with_the_interval_of_their_share(pair):
    low, high = dead_interval(1, 8)
    assert unmark(pair.dead_share()) == f"1 of 8 [{100 * low:.0f}, {100 * high:.0f} %]"
    assert unmark(pair.dead("reference")) == "0 of 8"
    assert unmark(pair.blocks()) == "7"


def test_before_a_look_there_is_a_mean_and_no_interval(claims_of):
    claims = claims_of(seeds=3)
    pair = PairClaims(claims, claims.analysis.comparisons[0])
    assert "[" not in unmark(pair.interval("test_accuracy") + pair.interval("train_accuracy"))
    assert [pair.bound("at_least"), pair.these(), pair.scenes()] == ["–"] * 3
