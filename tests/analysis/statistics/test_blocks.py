"""The effect of an arm from blocks: its arithmetic, and how often its interval holds the truth."""

import numpy as np
import pytest
from scipy import special, stats

from bloodstudy.analysis.statistics.blocks import Cells, Prior, fit_prior, measure

SCENES = (40, 24, 15, 60)  # of four classes
K = 5


def make_cells(generator, scenes=SCENES):
    classes = np.repeat(np.arange(len(scenes)), scenes)
    sizes = generator.integers(5, 60, len(classes)).astype(float)
    weights = sizes / (np.eye(len(scenes))[classes].T @ sizes)[classes]
    return Cells(classes, np.arange(len(classes)), weights)


def divide(generator, cells, repetitions):
    """Return the fold of each cell in each repetition: each class in equal parts."""
    folds = np.empty((repetitions, len(cells.classes)), int)
    for r in range(repetitions):
        for k in range(cells.count):
            where = np.flatnonzero(cells.classes == k)
            folds[r, where] = generator.permutation(np.arange(len(where)) % K)
    return folds


def draw(generator, cells, folds, effect=0.0, scene=0.05, block=0.02, inside=0.1):
    """Return differences: an effect, one of each scene, one of each block and class, and one of each cell."""
    repetitions = len(folds)
    of_scene = generator.normal(0, scene, len(cells.classes))
    of_block = generator.normal(0, block, (repetitions, K, cells.count))
    where = of_block[np.arange(repetitions)[:, None], folds, cells.classes]
    return effect + of_scene + where + generator.normal(0, inside, folds.shape)


def test_the_effect_is_the_mean_in_which_each_class_weighs_alike():
    generator = np.random.default_rng(1)
    cells = make_cells(generator)
    folds = divide(generator, cells, 3)
    differences = draw(generator, cells, folds, 0.03)
    found = measure(differences, folds, cells)
    by_hand = np.mean(
        [[(differences[r] * cells.weights)[cells.classes == k].sum() for k in range(4)] for r in range(3)]
    )
    assert found.effect == pytest.approx(by_hand, rel=1e-12)
    assert (found.blocks, found.repetitions) == (15, 3)


def test_the_order_of_cells_and_of_repetitions_changes_nothing():
    generator = np.random.default_rng(2)
    cells = make_cells(generator)
    folds = divide(generator, cells, 3)
    differences = draw(generator, cells, folds)
    found = measure(differences, folds, cells)
    turn, back = generator.permutation(len(cells.classes)), [2, 0, 1]
    other = Cells(cells.classes[turn], cells.scenes[turn], cells.weights[turn])
    again = measure(differences[back][:, turn], folds[back][:, turn], other)
    assert again.effect == pytest.approx(found.effect, rel=1e-12)
    assert again.variance() == pytest.approx(found.variance(), rel=1e-9)


def test_one_fold_a_repetition_is_a_paired_comparison_over_seeds():
    generator = np.random.default_rng(3)
    cells = make_cells(generator)
    differences = generator.normal(0, 0.1, (7, len(cells.classes)))
    found = measure(differences, np.zeros(differences.shape, int), cells)
    seeds = cells.sum_by_class(differences * cells.weights).mean(axis=1)
    assert found.effect == pytest.approx(seeds.mean(), rel=1e-12)
    assert found.variance() == (pytest.approx(seeds.var(ddof=1) / 7, rel=1e-12), 6)
    assert found.scenes == 0


def test_no_difference_has_no_variance():
    cells = make_cells(np.random.default_rng(4))
    folds = divide(np.random.default_rng(4), cells, 2)
    found = measure(np.zeros(folds.shape), folds, cells)
    assert (found.effect, found.spread, found.scenes) == (0, 0, 0)
    assert found.variance() == (0, 9)


def test_a_block_that_does_not_count_is_left_out_of_all_sums():
    generator = np.random.default_rng(5)
    cells = make_cells(generator)
    folds = divide(generator, cells, 4)
    differences = draw(generator, cells, folds)
    differences[1, folds[1] == 2] = np.nan
    found = measure(differences, folds, cells)
    assert (found.blocks, found.repetitions) == (19, 3)
    left = ~np.isnan(differences)
    by_hand = [
        (np.where(left, differences, 0) * cells.weights)[:, cells.classes == k].sum()
        / (left * cells.weights)[:, cells.classes == k].sum()
        for k in range(4)
    ]
    assert found.effect == pytest.approx(np.mean(by_hand), rel=1e-12)


def test_too_little_left_is_no_effect():
    cells = make_cells(np.random.default_rng(6))
    folds = divide(np.random.default_rng(6), cells, 2)
    assert measure(np.full(folds.shape, np.nan), folds, cells) is None
    differences = np.zeros(folds.shape)
    differences[:, cells.classes == 1] = np.nan
    assert measure(differences, folds, cells) is None


def test_a_scene_of_several_classes_is_one_scene():
    """Two halves of each scene that move together are worth half as many scenes."""
    generator = np.random.default_rng(7)
    classes, weights = np.repeat([0, 1], 30), np.full(60, 1 / 30)
    folds = np.tile(np.arange(30) % K, (6, 2))
    of_scene = generator.normal(0, 0.1, 30)
    differences = np.tile(of_scene, 2) + generator.normal(0, 0.01, (6, 60))
    apart = measure(differences, folds, Cells(classes, np.arange(60), weights))
    together = measure(differences, folds, Cells(classes, np.tile(np.arange(30), 2), weights))
    assert together.scenes == pytest.approx(2 * apart.scenes, rel=0.05)


@pytest.mark.parametrize(("scene", "repetitions"), [(0.0, 2), (0.0, 5), (0.05, 3), (0.1, 8)])
def test_the_interval_holds_the_truth_about_new_photographs_as_often_as_it_says(scene, repetitions):
    generator = np.random.default_rng(8)
    studies, held = 600, 0
    for _ in range(studies):
        cells = make_cells(generator)
        folds = divide(generator, cells, repetitions)
        found = measure(draw(generator, cells, folds, 0.02, scene), folds, cells)
        variance, freedom = found.variance()
        held += abs(found.effect - 0.02) <= stats.t.isf(0.025, freedom) * np.sqrt(variance)
    assert 0.93 <= held / studies <= 0.985


def test_a_prior_is_found_again():
    generator = np.random.default_rng(9)
    variances = 4.0 * 12 / generator.chisquare(12, 4_000)
    prior = fit_prior(variances * generator.chisquare(9, 4_000) / 9, 9)
    assert prior.freedom == pytest.approx(12, rel=0.15)
    assert prior.variance == pytest.approx(4.0, rel=0.05)


def test_arms_of_one_spread_are_steadied_to_it():
    generator = np.random.default_rng(10)
    prior = fit_prior(generator.chisquare(9, 12) / 9 * 0 + 2.0, 9)
    assert np.isinf(prior.freedom)
    assert prior.variance == pytest.approx(2.0 * np.exp(np.log(4.5) - special.digamma(4.5)), rel=1e-9)
    assert fit_prior([1.0, 2.0, 3.0, 0.0], 9) is None


def test_an_arm_is_never_taken_for_less_noisy_than_it_shows():
    generator = np.random.default_rng(11)
    cells = make_cells(generator)
    folds = divide(generator, cells, 3)
    found = measure(draw(generator, cells, folds), folds, cells)
    low, high = Prior(20.0, found.spread / 10), Prior(20.0, found.spread * 10)
    assert found.steadied(low) == (found.training, 14)
    variance, freedom = found.steadied(high)
    assert variance > found.training
    assert freedom == 34
    assert found.steadied(Prior(np.inf, found.spread * 4)) == (pytest.approx(found.spread * 4 / 15), 112)
