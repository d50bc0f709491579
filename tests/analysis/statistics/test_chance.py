import numpy as np
import pytest
from scipy import stats

from bloodstudy.analysis.statistics.chance import at_chance, balanced_share, clearance

CLASSES = np.repeat([0, 1, 2, 3], [10, 9, 8, 8])
IMAGES = np.full(35, 10)


@pytest.mark.parametrize("named", [0, 1, 2, 3])
def test_a_trial_that_names_one_class_for_everything_is_at_chance(named):
    assert at_chance(IMAGES * (named == CLASSES), IMAGES, CLASSES)


def test_a_weak_learner_is_not_dead():
    right = np.random.default_rng(0).binomial(10, 0.35, 35)
    assert not at_chance(right, IMAGES, CLASSES)


def test_each_class_weighs_alike_whatever_its_images():
    """All of a large class and none of three small ones: most images are right, and nothing is learnt."""
    images = np.where(CLASSES == 0, 1000, 10)
    right = images * (CLASSES == 0)
    assert right.sum() / images.sum() > 0.9
    assert balanced_share(right, images, CLASSES) == (0.25, 0, 4)
    assert at_chance(right, images, CLASSES)


def test_a_class_of_one_scene_is_left_out_and_chance_is_that_of_the_others():
    classes, right = np.append(CLASSES, 4), np.append(IMAGES * (CLASSES == 1), 10)
    assert balanced_share(right, np.full(36, 10), classes) == (0.25, 0, 4)
    two = np.array([0, 0, 0, 1, 2])
    assert balanced_share(np.array([5, 6, 4, 10, 10]), np.full(5, 10), two)[2] == 1
    assert not at_chance(np.zeros(5, int), np.full(5, 10), two), "one class tells nothing of chance"
    assert not at_chance(np.zeros(3, int), np.full(3, 10), np.array([0, 1, 2]))


def test_the_bound_is_that_of_a_mean_of_means_if_scenes_are_equal():
    rng = np.random.default_rng(2)
    classes, right = np.repeat([0, 1], 15), rng.integers(0, 9, 30)
    shares = (right / 8).reshape(2, 15)
    se = np.sqrt((shares.var(axis=1, ddof=1) / 15).sum()) / 2
    mean, reach, known = balanced_share(right, np.full(30, 8), classes)
    assert (mean, reach, known) == (pytest.approx(shares.mean()), pytest.approx(stats.t.ppf(0.95, 28) * se), 2)
    assert clearance(right, np.full(30, 8), classes) == pytest.approx(mean - reach - 0.5)


def test_copies_make_no_bound_narrower():
    """26 % right: surely stuck by images, and open by scenes, of which all images are right or wrong together."""
    right = (np.random.default_rng(1).random(35) < 0.2).astype(int)
    many, one = balanced_share(right * 100, IMAGES * 10, CLASSES), balanced_share(right, np.full(35, 1), CLASSES)
    assert many == pytest.approx(one)


def test_the_bound_lies_above_the_truth_in_nineteen_of_twenty_test_sets():
    rng = np.random.default_rng(3)
    classes, images = np.repeat([0, 1, 2, 3], 20), np.full(80, 10)
    drawn = [balanced_share(rng.binomial(10, rng.beta(2, 6, 80)), images, classes) for _ in range(600)]
    assert np.mean([mean + reach >= 0.25 for mean, reach, _ in drawn]) == pytest.approx(0.95, abs=0.04)
    assert np.mean([mean - reach <= 0.25 for mean, reach, _ in drawn]) == pytest.approx(0.95, abs=0.04)


def test_row_order_changes_no_number():
    rng = np.random.default_rng(4)
    right, order = rng.integers(0, 11, 35), rng.permutation(35)
    shuffled = balanced_share(right[order], IMAGES, CLASSES[order])
    assert shuffled == pytest.approx(balanced_share(right, IMAGES, CLASSES), abs=1e-12)


def test_no_image_is_no_chance():
    nothing = np.zeros(0, dtype=int)
    assert not at_chance(nothing, nothing, nothing)
