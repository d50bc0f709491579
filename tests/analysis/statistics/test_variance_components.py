import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloodstudy.analysis.statistics.paired import estimate
from bloodstudy.analysis.statistics.variance_components import Crossed, cross, estimate_crossed


def draw(seed, seeds=8, classes=(5, 7, 4), copies=(3, 20), photograph=0.2):
    """Draw differences (seeds, images) of -1, 0 and 1 with effects of the photograph; classes; clusters."""
    rng = np.random.default_rng(seed)
    strata = np.repeat(np.arange(len(classes)), classes)
    sizes = rng.integers(*copies, size=len(strata))
    clusters = np.repeat(np.arange(len(strata)), sizes)
    chance = np.clip(0.5 + rng.normal(0, photograph, len(strata)), 0, 1)[clusters]
    won, lost = (rng.random((seeds, len(clusters))) < p for p in (chance, 0.5))
    return won.astype(int) - lost.astype(int), strata[clusters], clusters


def columns(crossed):
    return sorted(zip(crossed.strata, crossed.weights.round(12), crossed.parts[0].round(12), strict=True))


def test_parts_are_the_sums_over_the_images_of_each_cluster():
    differences, classes, clusters = draw(0)
    crossed = cross(differences, classes, clusters)
    for column in range(crossed.parts.shape[1]):
        members = clusters == column
        assert crossed.parts[:, column] == pytest.approx(differences[:, members].sum(axis=1) / len(clusters))
        assert crossed.weights[column] == pytest.approx(members.mean())
        assert set(classes[members]) == {crossed.strata[column]}
    assert crossed.parts.sum(axis=1) == pytest.approx(differences.mean(axis=1))


@settings(deadline=None)
@given(st.integers(0, 50))
def test_trap_row_order_of_images_seeds_or_cluster_numbers_changes_no_number(seed):
    differences, classes, clusters = draw(seed)
    rng = np.random.default_rng(seed)
    images, rows = rng.permutation(len(clusters)), rng.permutation(len(differences))
    names = rng.permutation(1000)[clusters]
    first = cross(differences, classes, clusters)
    second = cross(differences[rows][:, images], classes[images], names[images])
    assert columns(cross(differences[:, images], classes[images], names[images])) == columns(first)
    one, other = estimate_crossed(first), estimate_crossed(second)
    assert (one.mean, one.se, one.df) == pytest.approx((other.mean, other.se, other.df))


def test_equal_clusters_give_the_textbook_components_of_a_crossed_design():
    rng = np.random.default_rng(5)
    seeds, photographs = 7, 12
    table = rng.normal(size=(seeds, photographs)) + rng.normal(size=photographs) + rng.normal(size=(seeds, 1))
    crossed = Crossed(table / photographs, np.full(photographs, 1 / photographs), np.zeros(photographs, dtype=int))
    effect = estimate_crossed(crossed)
    rows, columns_, grand = table.mean(axis=1), table.mean(axis=0), table.mean()
    ms_seed = photographs * rows.var(ddof=1)
    ms_photograph = seeds * columns_.var(ddof=1)
    rest = table - rows[:, None] - columns_ + grand
    ms_rest = (rest**2).sum() / ((seeds - 1) * (photographs - 1))
    variance = (ms_seed + ms_photograph - ms_rest) / (seeds * photographs)
    df = (ms_seed + ms_photograph - ms_rest) ** 2 / (
        ms_seed**2 / (seeds - 1) + ms_photograph**2 / (photographs - 1) + ms_rest**2 / ((seeds - 1) * (photographs - 1))
    )
    assert effect.mean == pytest.approx(grand)
    assert effect.se == pytest.approx(math.sqrt(variance))
    assert effect.df == pytest.approx(df)


def test_trap_seed_counted_as_an_extra_sample():
    differences, classes, clusters = draw(1, photograph=0.3)
    once = estimate_crossed(cross(differences, classes, clusters))
    often = estimate_crossed(cross(np.tile(differences, (30, 1)), classes, clusters))
    assert often.se > 0.9 * once.se  # the photographs are as few as before, however many seeds look at them
    assert often.se > 3 * differences.std() / math.sqrt(differences.size * 30)


def test_the_standard_error_is_never_below_that_over_seeds():
    for seed in range(30):
        differences, classes, clusters = draw(seed, photograph=0.02 * (seed % 10))
        wider, this = estimate_crossed(cross(differences, classes, clusters)), estimate(differences.mean(axis=1))
        assert wider.mean == pytest.approx(this.mean)
        assert wider.se >= this.se * (1 - 1e-9)


def test_copies_of_a_photograph_are_no_further_evidence():
    differences, classes, clusters = draw(2, photograph=0.4)
    crossed, copied = (
        estimate_crossed(cross(np.repeat(differences, n, axis=1), np.repeat(classes, n), np.repeat(clusters, n)))
        for n in (1, 5)
    )
    assert (copied.mean, copied.se, copied.df) == pytest.approx((crossed.mean, crossed.se, crossed.df))


def test_arms_that_agree_on_every_image_have_an_effect_of_zero_without_spread():
    differences, classes, clusters = draw(0)
    effect = estimate_crossed(cross(0 * differences, classes, clusters))
    assert (effect.mean, effect.low, effect.high, effect.testable) == (0, 0, 0, True)


@pytest.mark.parametrize(("seeds", "classes"), [(1, (5, 5)), (8, (5, 1))])
def test_a_single_seed_or_a_class_of_a_single_photograph_leaves_no_interval(seeds, classes):
    effect = estimate_crossed(cross(*draw(0, seeds=seeds, classes=classes)))
    assert math.isnan(effect.low)
    assert not effect.testable
