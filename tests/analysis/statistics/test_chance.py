import numpy as np
import pytest
from scipy import stats

from bloodstudy.analysis.statistics.chance import at_chance, majority, upper_bound

CLASSES = np.repeat([0, 1, 2, 3], [100, 90, 80, 80])
CLUSTERS = np.arange(350) // 10


def test_majority_is_the_share_of_the_largest_class():
    assert majority(CLASSES) == 100 / 350
    assert np.isnan(majority(CLASSES[:0]))


@pytest.mark.parametrize("named", [0, 1, 2, 3])
def test_a_trial_that_names_one_class_for_everything_is_at_chance(named):
    assert at_chance(named == CLASSES, CLASSES, CLUSTERS)


def test_a_trial_that_learnt_is_not_at_chance():
    learnt = np.random.default_rng(0).random(350) < 0.6
    assert not at_chance(learnt, CLASSES, CLUSTERS)


def test_a_bound_that_only_copies_narrow_does_not_call_a_trial_stuck():
    """26 % right against a largest class of 28.6 %: surely stuck by images, and open by photographs."""
    rng = np.random.default_rng(1)
    right = (rng.random(35) < 0.26)[CLUSTERS]  # all copies of a photograph are right or wrong together
    single = np.arange(350)
    assert right.mean() < majority(CLASSES)
    assert upper_bound(right, CLASSES, CLUSTERS) > upper_bound(right, CLASSES, single)


def test_the_bound_is_that_of_a_stratified_mean_if_clusters_are_equal():
    rng = np.random.default_rng(2)
    classes, clusters = np.repeat([0, 1], 120), np.arange(240) // 8
    right = rng.random(240) < rng.random(30)[clusters]
    shares = right.reshape(30, 8).mean(axis=1).reshape(2, 15)
    se = np.sqrt((shares.var(axis=1, ddof=1) / 15).sum() / 4)
    assert upper_bound(right, classes, clusters) == pytest.approx(right.mean() + stats.t.ppf(0.95, 28) * se)


def test_the_bound_lies_above_the_truth_in_nineteen_of_twenty_test_sets():
    rng = np.random.default_rng(3)
    classes, clusters = np.repeat([0, 1, 2, 3], 200), np.arange(800) // 10
    covered = []
    for _ in range(400):
        likely = rng.beta(2, 6, 80)[clusters]  # mean 0.25
        covered.append(upper_bound(rng.random(800) < likely, classes, clusters) >= 0.25)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.04)


def test_row_order_changes_no_number():
    rng = np.random.default_rng(4)
    right, order = rng.random(350) < 0.27, rng.permutation(350)
    shuffled = upper_bound(right[order], CLASSES[order], CLUSTERS[order])
    assert shuffled == pytest.approx(upper_bound(right, CLASSES, CLUSTERS), abs=1e-12)


def test_no_image_is_no_chance():
    assert not at_chance(np.zeros(0, dtype=bool), CLASSES[:0], CLUSTERS[:0])
