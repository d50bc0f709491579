"""What looks can show, played: against known powers, and its own bookkeeping."""

import math

import numpy as np
import pytest
from scipy import stats

from bloodstudy.analysis.statistics.power import draw_arms, expect_repetitions, play, upper_spread
from bloodstudy.analysis.statistics.sequential import OF_VERDICTS, Bounds, plan_bounds

LOOKS = (2, 3, 5, 8)
ARMS = 4000


def rng(*parts):
    return np.random.default_rng([31, *parts])


def within(found, wanted, arms=ARMS):
    return abs(found - wanted) <= 4 * math.sqrt(max(wanted * (1 - wanted), 1 / arms) / arms)


@pytest.mark.parametrize(("n", "d", "arms"), [(6, 1.5, 1), (10, 1.0, 1), (10, 1.6, 16), (25, 0.8, 16)])
def test_one_look_at_seeds_has_the_power_of_the_noncentral_t(n, d, arms):
    (bounds,) = plan_bounds((n,), arms)
    assert bounds.two_sided == pytest.approx(OF_VERDICTS * 0.05 / arms / 2, rel=1e-6)
    found = play(draw_arms(rng(n), (n,), 1, 0.02, arms=ARMS), 0.02 * d, [bounds], margin=0.0).difference
    bound = stats.t.isf(OF_VERDICTS * 0.05 / arms / 2, n - 1)
    assert within(found, stats.nct.sf(bound, n - 1, d * math.sqrt(n)))


@pytest.mark.parametrize("truth", [0.0, 0.02])
def test_equivalence_and_not_worse_at_one_look_are_those_of_an_integral(truth):
    """Phillips (1990): given the estimated spread the mean is normal; integrated over the spread's chi-square."""
    n, sd, margin, level = 20, 0.03, 0.03, 0.01
    se, ratios = sd / math.sqrt(n), np.linspace(1e-4, 3, 20_000)
    density = stats.chi2.pdf((n - 1) * ratios**2, n - 1) * 2 * (n - 1) * ratios * (ratios[1] - ratios[0])
    room = np.maximum(margin - stats.t.isf(level, n - 1) * ratios * se, 0)
    passing = stats.norm.cdf((room - truth) / se) - stats.norm.cdf((-room - truth) / se)
    found = play(draw_arms(rng(3), (n,), 1, sd, arms=ARMS), truth, [Bounds(1e-9, level)], margin)
    assert within(found.equivalent, float((density * passing).sum()))
    shown = stats.nct.sf(stats.t.isf(level, n - 1), n - 1, (margin + truth) / se)
    assert within(found.not_worse, shown)


@pytest.mark.parametrize("folds", [1, 5])
def test_what_nothing_closes_goes_on_to_the_last_look(folds):
    sample = draw_arms(rng(4), LOOKS, folds, 0.05, arms=300)
    found = play(sample, 0.0, [Bounds(1e-200, 1e-200)] * 4, 0.03)
    assert (found.difference, found.equivalent, found.not_worse, found.closing) == (0, 0, 0, (0, 0, 0, 1))


def test_a_far_arm_is_closed_at_the_first_look_and_a_question_that_simplifies_closes_more():
    bounds = plan_bounds(LOOKS, 16)
    sample = draw_arms(rng(5), LOOKS, 5, 0.03, arms=500)
    assert play(sample, -0.5, bounds, 0.03).closing[0] == 1
    plain, simple = (play(sample, 0.02, bounds, 0.03, simplify) for simplify in (False, True))
    assert simple.closing[-1] < plain.closing[-1]
    assert simple.not_worse == pytest.approx(plain.not_worse, abs=0.02)


def test_looks_show_what_one_look_does_and_errors_stay_within_their_bounds():
    sample = draw_arms(rng(6), LOOKS, 5, 0.05, arms=ARMS)
    bounds = plan_bounds(LOOKS, 1)
    none = play(sample, 0.0, bounds, 0.0).difference
    assert within(min(none, OF_VERDICTS * 0.05), OF_VERDICTS * 0.05)
    once = draw_arms(rng(6), (8,), 5, 0.05, arms=ARMS)
    pairs = ((sample, bounds), (once, plan_bounds((8,), 1)))
    looks, one = (play(own, 0.02, bound, 0.0).difference for own, bound in pairs)
    assert one - 0.04 < looks <= one + 0.02
    assert play(sample, -0.03, bounds, 0.03).not_worse <= OF_VERDICTS * 0.05 + 4 * math.sqrt(0.05 / ARMS)


def test_scenes_that_all_repetitions_share_are_in_the_effect_and_in_its_variance():
    sample = draw_arms(rng(7), (1, 2, 8), 5, 0.05, scenes=0.01, arms=20_000)
    for look, repetitions in enumerate((1, 2, 8)):
        true = 0.05**2 / (5 * repetitions) + (1 - 1 / repetitions) * 0.01**2
        assert sample.effects[:, look].var() == pytest.approx(true, rel=0.04)
        assert sample.variances[:, look].mean() == pytest.approx(true, rel=0.05)
    assert play(sample, 0.0, plan_bounds((1, 2, 8), 1), 0.0).difference <= 0.05


def test_the_same_generator_draws_the_same_arms_and_another_one_others():
    one, same, other = (draw_arms(rng(seed), LOOKS, 5, 0.05, 0.01, arms=5) for seed in (1, 1, 2))
    assert np.array_equal(one.effects, same.effects)
    assert not np.array_equal(one.effects, other.effects)


def test_no_spread_leaves_nothing_to_chance():
    sample = draw_arms(rng(8), LOOKS, 5, 0.0, arms=3)
    assert play(sample, 0.0, plan_bounds(LOOKS, 16), 0.03).equivalent == 1
    assert play(sample, 0.05, plan_bounds(LOOKS, 16), 0.03).difference == 1


def test_repetitions_without_any_closing_are_all_and_of_two_arms_the_longer_counts():
    assert expect_repetitions(LOOKS, [(0, 0, 0, 1)] * 3) == (24, 8)
    assert expect_repetitions(LOOKS, [(1, 0, 0, 0)] * 3) == (6, 2)
    every, longest = expect_repetitions((2, 4), [(0.5, 0.5), (0.5, 0.5)])
    assert (every, longest) == (6, pytest.approx(0.25 * 2 + 0.75 * 4))


def test_four_of_five_upper_limits_lie_above_the_true_spread():
    pilots = np.random.default_rng(2).normal(0, 0.03, (4000, 5)).std(axis=1, ddof=1)
    above = np.mean([upper_spread(sd, 4) > 0.03 for sd in pilots])
    assert above == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / 4000))
    assert math.isnan(upper_spread(0.1, 0))
