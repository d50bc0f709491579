import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from bloodstudy.analysis.statistics.paired import estimate, estimate_share

counts = st.lists(st.integers(-300, 300), min_size=2, max_size=30).map(lambda n: np.array(n) / 2487)


@settings(deadline=None)
@given(counts)
def test_the_interval_is_that_of_scipys_paired_t_test(values):
    assume(np.ptp(values) > 0)
    effect, theirs = estimate(values), stats.ttest_1samp(values, 0.0)
    interval = theirs.confidence_interval(0.95)
    assert effect.mean == pytest.approx(values.mean(), abs=1e-12)
    assert (effect.low, effect.high) == pytest.approx((interval.low, interval.high), abs=1e-11)
    assert effect.d_z == pytest.approx(values.mean() / values.std(ddof=1), rel=1e-6, abs=1e-9)


def test_the_interval_of_a_mean_of_shares_ends_where_a_share_does():
    shares = [0.996, 0.993, 0.97]
    plain, cut = estimate(shares), estimate_share(shares)
    assert plain.high > 1
    assert (cut.mean, cut.low, cut.high) == (plain.mean, plain.low, 1.0)
    assert estimate_share([0.01, 0.0, 0.02]).low == 0.0
    assert math.isnan(estimate_share([0.5]).high)


@settings(deadline=None)
@given(counts, st.randoms(use_true_random=False))
def test_trap_row_order_changes_no_number(values, shuffler):
    shuffled = list(values)
    shuffler.shuffle(shuffled)
    first, second = estimate(values), estimate(shuffled)
    assert (first.mean, first.low, first.high) == pytest.approx((second.mean, second.low, second.high), abs=1e-12)


@settings(deadline=None)
@given(counts)
def test_swapping_arm_and_reference_turns_the_effect_round(values):
    there, back = estimate(values), estimate(-values)
    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low), abs=1e-12)


def test_trap_a_fixed_1_96_at_small_n():
    values = [0.01, 0.03, 0.02, 0.05, 0.00, 0.04]
    effect = estimate(values)
    half = (effect.high - effect.low) / 2
    assert half == pytest.approx(2.5706 * np.std(values, ddof=1) / math.sqrt(6), rel=1e-4)


def test_trap_a_pooled_d_for_paired_data():
    rng = np.random.default_rng(3)
    seeds = rng.normal(0, 0.1, 12)  # what both arms share
    reference, arm = 0.7 + seeds, 0.72 + seeds + rng.normal(0, 0.01, 12)
    pooled = (arm.mean() - reference.mean()) / math.sqrt((arm.var(ddof=1) + reference.var(ddof=1)) / 2)
    effect = estimate(arm - reference)
    assert effect.d_z == pytest.approx((arm - reference).mean() / (arm - reference).std(ddof=1))
    assert effect.d_z > 5 * pooled


@pytest.mark.parametrize("value", [0.0, 0.01, -0.03])
def test_trap_zero_variance_aborts_if_all_differences_are_equal(value):
    effect = estimate([value] * 8)
    assert (effect.mean, effect.low, effect.high, effect.se) == (value, value, value, 0)
    assert math.isnan(effect.d_z)


def test_differences_that_are_equal_on_paper_have_no_spread_left_by_subtraction():
    reference = np.array([0.1, 0.2, 0.3, 0.7, 0.9, 0.4])
    assert np.ptp((reference + 0.1) - reference) > 0
    effect = estimate((reference + 0.1) - reference)
    assert (effect.mean, effect.se) == (0.1, 0)


@pytest.mark.parametrize("values", [[], [0.3]])
def test_fewer_than_two_blocks_decide_nothing(values):
    effect = estimate(values)
    assert math.isnan(effect.low)
    assert not effect.testable
