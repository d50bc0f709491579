"""Error spent over several looks: published boundaries, and paths that were drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bloodstudy.analysis.statistics.spending import nominal_levels, spent


def test_five_equal_looks_give_the_published_boundaries():
    levels = nominal_levels(0.025, (0.2, 0.4, 0.6, 0.8, 1.0))
    assert [round(float(stats.norm.isf(level)), 3) for level in levels] == [4.877, 3.357, 2.680, 2.290, 2.031]


def test_sixteen_arms_with_looks_at_two_three_five_and_eight():
    shares = (2 / 8, 3 / 8, 5 / 8, 1.0)
    both = [2 * level for level in nominal_levels(0.05 / 16 / 2, shares)]
    assert both == pytest.approx([5.04e-10, 4.81e-7, 1.26e-4, 3.08e-3], rel=5e-3)
    one = nominal_levels(0.05 / 16, shares)
    assert one == pytest.approx([3.41e-9, 1.39e-6, 1.85e-4, 3.06e-3], rel=5e-3)


def test_one_look_spends_all_of_it():
    assert nominal_levels(0.01, (1.0,)) == pytest.approx([0.01])
    assert spent(0.01, 1.0) == pytest.approx(0.01)


@settings(deadline=None, max_examples=60)
@given(error=st.floats(1e-4, 0.2), steps=st.lists(st.floats(0.1, 1.0), min_size=1, max_size=6))
def test_each_look_may_err_by_what_it_spends_and_all_of_them_by_no_more(error, steps):
    shares = [*(np.cumsum(steps) / np.sum(steps))[:-1], 1.0]
    levels = nominal_levels(error, shares)
    spends = np.diff([0.0, *(spent(error, share) for share in shares)])
    assert all(level >= spend * (1 - 1e-6) for level, spend in zip(levels, spends, strict=True))
    assert max(levels) <= error * (1 + 1e-6)


def test_paths_without_an_effect_leave_as_often_as_is_allowed():
    shares = np.array([0.25, 0.375, 0.625, 1.0])
    generator = np.random.default_rng(11)
    paths = np.cumsum(generator.normal(size=(200_000, 4)) * np.sqrt(np.diff(shares, prepend=0)), axis=1)
    bounds = stats.norm.isf(nominal_levels(0.05, tuple(shares)))
    left = (paths / np.sqrt(shares) > bounds).any(axis=1).mean()
    assert left == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 200_000))
