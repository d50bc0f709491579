"""The exact sign-flip test, against all patterns counted by hand and against its definition."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloodstudy.analysis.statistics.sign_flip import MOST_FLIPS, flip_signs

differences = st.lists(st.integers(-60, 60).map(lambda n: n / 1000), min_size=2, max_size=8)


@settings(deadline=None, max_examples=40)
@given(differences)
def test_it_is_the_share_of_all_patterns_of_signs_whose_mean_is_as_far_from_zero(values):
    totals = np.abs([np.dot(signs, values) for signs in itertools.product((1, -1), repeat=len(values))])
    share = np.mean(totals >= abs(sum(values)) - 1e-9)
    assert flip_signs(values) == pytest.approx(share)


def test_ten_of_ten_on_one_side_reach_the_floor():
    assert flip_signs(np.linspace(0.01, 0.1, 10)) == 2 / 2**10
    assert flip_signs([0.0] * 8) == 1
    assert flip_signs([0.1]) == flip_signs([]) == 1


def test_of_many_seeds_patterns_are_drawn_and_always_the_same_ones():
    values = np.random.default_rng(3).normal(0.01, 0.05, 40)
    assert flip_signs(values) == flip_signs(values)
    assert flip_signs(np.full(40, 0.01) + values / 100) == pytest.approx(2 / MOST_FLIPS, abs=2 / MOST_FLIPS)


def test_it_holds_its_level_if_differences_are_symmetric_and_far_from_normal():
    rng = np.random.default_rng(5)
    found = [flip_signs(rng.standard_t(1, 8)) for _ in range(400)]
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
