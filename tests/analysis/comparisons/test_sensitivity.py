"""What a study could show, from its plan and the spread of what has finished."""

import numpy as np
import pytest

from bloodstudy.analysis.comparisons.sensitivity import Foresight, limit_spread
from bloodstudy.analysis.statistics.paired import estimate
from bloodstudy.analysis.statistics.power import power_difference, power_equivalence, upper_spread

TWENTY = Foresight(seeds=10, family=20, alpha=0.05 / 20, margin=0.02, spread=None, pairs=0)


def test_ten_seeds_and_twenty_arms_detect_what_a_noncentral_t_says():
    assert TWENTY.ratio == pytest.approx(1.64, abs=0.005)
    assert power_difference(10, 1.0, TWENTY.ratio, TWENTY.alpha) == pytest.approx(0.8)
    assert TWENTY.bearable == pytest.approx(0.012, abs=0.0005)
    assert power_equivalence(10, TWENTY.bearable, 0.02, TWENTY.alpha) == pytest.approx(0.8)
    assert "4.9 points where they spread by 3" in TWENTY.describe()


def test_a_known_spread_is_told_in_points():
    told = Foresight(10, 20, 0.05 / 20, 0.02, 0.01, 7).describe()
    assert "an effect of 1.6 points on test accuracy" in told
    assert "from 7 pairs" in told


def test_few_seeds_conclude_nothing():
    assert "the only word is pilot" in Foresight(5, 4, 0.01, 0.02, None, 0).describe()


def test_the_spread_is_the_upper_limit_of_what_has_finished():
    assert upper_spread(1.0, 3) > upper_spread(1.0, 30) > 1.0


@pytest.mark.parametrize(("arms", "seeds"), [(16, 3), (4, 4), (1, 5)])
def test_the_limit_holds_though_all_arms_share_the_trials_of_their_reference(arms, seeds):
    rng, above = np.random.default_rng(3), []
    for _ in range(600):
        trials = rng.normal(0, 0.02, (arms + 1, seeds))
        above.append(limit_spread([estimate(own - trials[0]) for own in trials[1:]]) >= 0.02 * 2**0.5)
    assert 0.75 < np.mean(above) < 0.88, "wanted 0.80, and 600 studies tell that to 0.016"


def test_a_single_pair_of_differences_limits_nothing():
    assert limit_spread([]) is None
    assert limit_spread([estimate([0.01, 0.02])]) is None
