import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestPower

from bloodstudy.analysis.statistics.paired import estimate, p_equivalence
from bloodstudy.analysis.statistics.power import (
    MOST_SEEDS,
    detectable,
    power_difference,
    power_equivalence,
    seeds_for_difference,
    seeds_for_equivalence,
    upper_spread,
)


@pytest.mark.parametrize("n", [3, 6, 10, 30])
@pytest.mark.parametrize("d", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 16, 0.025])
def test_power_for_a_difference_is_that_of_statsmodels(n, d, alpha):
    assert power_difference(n, 1.0, d, alpha) == pytest.approx(TTestPower().power(d, n, alpha), abs=2e-4)
    assert power_difference(n, 0.02, -0.02 * d, alpha) == pytest.approx(power_difference(n, 1.0, d, alpha))


@pytest.mark.parametrize(("df", "shift", "truth"), [(2, 7.9, 0.9547), (5, 7.0, 0.8422), (5, 6.65, 0.8)])
def test_power_is_a_number_if_scipys_noncentral_distribution_function_is_none(df, shift, truth):
    alpha = 0.05 if df == 2 else 0.05 / 16
    assert power_difference(df + 1, 1.0, shift / math.sqrt(df + 1), alpha) == pytest.approx(truth, abs=5e-3)


def test_power_far_out_is_certain():
    assert [power_difference(n, 0.001, 0.05, 0.05 / 16) for n in (6, 30, 200)] == pytest.approx([1, 1, 1])


@pytest.mark.parametrize(("n", "sd", "truth", "alpha"), [
    (6, 0.02, 0.0, 0.05), (10, 0.02, 0.0, 0.05 / 5), (20, 0.03, 0.0, 0.05), (10, 0.015, 0.01, 0.05),
    (10, 0.02, 0.02, 0.05),
])  # fmt: skip
def test_power_for_equivalence_is_that_of_simulated_studies(n, sd, truth, alpha):
    studies = 4000
    draws = np.random.default_rng(8).normal(truth, sd, (studies, n))
    found = np.mean([p_equivalence(estimate(draw), 0.02) < alpha for draw in draws])
    promised = power_equivalence(n, sd, 0.02, alpha, truth)
    assert promised == pytest.approx(found, abs=4 * math.sqrt(0.25 / studies))


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 16])
def test_equivalence_at_the_margin_is_shown_at_most_at_alpha(alpha):
    powers = [power_equivalence(n, sd, 0.02, alpha, 0.02) for n in (2, 6, 10, 30) for sd in (0.001, 0.01, 0.1)]
    assert max(powers) <= alpha + 1e-6
    assert min(powers) >= 0


@settings(deadline=None, max_examples=40)  # imports and root finding take their time on a busy machine
@given(st.floats(0.001, 0.2), st.floats(0.005, 0.1), st.sampled_from([0.05, 0.01, 0.05 / 16]))
def test_the_seeds_named_suffice_and_one_fewer_do_not(sd, margin, alpha):
    for found, power in (
        (seeds_for_equivalence(sd, margin, alpha), lambda n: power_equivalence(n, sd, margin, alpha)),
        (seeds_for_difference(sd, margin, alpha), lambda n: power_difference(n, sd, margin, alpha)),
    ):
        if found is None:
            assert power(MOST_SEEDS) < 0.8
        else:
            assert power(found) >= 0.8
            assert found == 2 or power(found - 1) < 0.8


@settings(deadline=None, max_examples=40)  # imports and root finding take their time on a busy machine
@given(st.integers(2, 60), st.floats(0.001, 0.3), st.sampled_from([0.05, 0.05 / 16]))
def test_the_detectable_effect_is_found_at_eighty_percent(n, sd, alpha):
    effect = detectable(n, sd, alpha)
    assert power_difference(n, sd, effect, alpha) == pytest.approx(0.8, abs=1e-6)


@settings(deadline=None, max_examples=40)  # imports and root finding take their time on a busy machine
@given(st.integers(6, 40), st.floats(0.005, 0.05))
def test_power_rises_with_seeds_and_falls_with_spread(n, sd):
    assert power_difference(n + 1, sd, 0.02, 0.01) >= power_difference(n, sd, 0.02, 0.01) - 1e-9
    few, more = (power_equivalence(seeds, sd, 0.02, 0.01) for seeds in (n, n + 1))
    assert more >= few - 1e-6 or few < 0.05  # two one-sided tests are not monotonic where they hardly ever pass
    assert power_equivalence(n, 1.2 * sd, 0.02, 0.01) <= power_equivalence(n, sd, 0.02, 0.01) + 1e-6


def test_without_spread_or_without_seeds():
    assert power_difference(1, 0.1, 1.0, 0.05) == power_equivalence(1, 0.1, 1.0, 0.05) == 0
    assert (power_difference(5, 0.0, 0.01, 0.05), power_difference(5, 0.0, 0.0, 0.05)) == (1, 0)
    assert (power_equivalence(5, 0.0, 0.02, 0.05), power_equivalence(5, 0.0, 0.02, 0.05, 0.02)) == (1, 0)
    assert (detectable(1, 0.1, 0.05), detectable(5, 0.0, 0.05)) == (math.inf, 0)
    assert (seeds_for_difference(0.0, 0.02, 0.05), seeds_for_equivalence(0.0, 0.02, 0.05)) == (2, 2)
    assert math.isnan(upper_spread(0.1, 0))


def test_four_of_five_upper_limits_lie_above_the_true_spread():
    pilots = np.random.default_rng(2).normal(0, 0.03, (4000, 5)).std(axis=1, ddof=1)
    above = np.mean([upper_spread(sd, 4) > 0.03 for sd in pilots])
    assert above == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / 4000))
