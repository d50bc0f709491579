"""The statistics keep their promises on simulated studies: fewer of them than in docs/calibration.md, the same rows.

A rate fails if it misses its target by more than four standard errors, so a sound build fails once in 30,000.
"""

from pathlib import Path

import calibration
import numpy as np
import promises
import pytest
from simulated import EVEN, KAGGLE, UNEVEN, Spread, draw_crossed, draw_trial

from bloodstudy.analysis.statistics.chance import majority

STUDIES = 500
PAGE = Path(__file__).parent.parent.parent / "docs" / "calibration.md"


def rng(*parts):
    return np.random.default_rng([20, *parts])


def at_most(rate, studies=STUDIES):
    return promises.allowed(rate, studies, 4)


def at_least(rate, studies=STUDIES):
    return 1 - promises.allowed(1 - rate, studies, 4)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [6, 10, 30])
@pytest.mark.parametrize("shape", ["normal", "heavy"])
def test_family_wise_error_is_at_most_five_percent_for_each_kind(shape, seeds):
    errors = promises.measure_errors(shape, seeds, STUDIES, rng(seeds))
    assert set(errors) == {"difference", "equivalence", "not_worse", "beyond"}
    assert max(errors.values()) <= at_most(0.05)
    if shape == "normal":
        assert min(errors[kind] for kind in ("difference", "equivalence", "not_worse")) > 0.005  # it is not asleep


@pytest.mark.slow
def test_trap_no_correction_for_the_number_of_arms_would_be_seen():
    """The simulation can fail: each arm at its own 5 % is wrong in far more than 5 % of the studies."""
    draw = rng(1)
    wrong = 0
    for _ in range(STUDIES):
        verdicts = promises.judge(promises.draw_family(promises.ARMS, 10, promises.SD, 0.0, draw))
        wrong += any(verdict.p["difference"] < 0.05 for verdict in verdicts)
    assert wrong / STUDIES > at_most(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [6, 10, 20, 30])
def test_the_interval_over_seeds_covers(seeds):
    normal = promises.measure_coverage("normal", seeds, 2000, rng(seeds))
    assert at_least(0.935, 2000) <= normal <= at_most(0.965, 2000)
    assert promises.measure_coverage("heavy", seeds, 2000, rng(seeds)) >= at_least(0.935, 2000)


SPREADS = [Spread(0.01), Spread(0.01, 0.03), Spread(0.01, 0.08, 0.03), Spread(0.02, 0.08, 0.08)]


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [6, 30])
@pytest.mark.parametrize("design", [KAGGLE, EVEN, UNEVEN], ids=lambda design: design.name)
@pytest.mark.parametrize("spread", SPREADS)
def test_the_interval_for_new_photographs_covers(design, spread, seeds):
    covered = promises.measure_wider(design, spread, seeds, STUDIES, rng(seeds))["ours"]
    assert at_least(0.935) <= covered <= at_most(0.965)


@pytest.mark.slow
def test_an_interval_over_seeds_alone_does_not_cover_new_photographs_and_bootstraps_fall_short():
    measured = promises.measure_wider(KAGGLE, Spread(0.01, 0.08, 0.03), 30, 200, rng(0), others=True)
    assert measured["seeds alone"] < 0.5
    assert measured["ours"] >= at_least(0.935, 200)
    assert measured["percentile bootstrap"] <= measured["ours"]
    assert measured["crossed bootstrap"] >= measured["percentile bootstrap"]


@pytest.mark.slow
@pytest.mark.parametrize("design", [KAGGLE, UNEVEN], ids=lambda design: design.name)
def test_a_collapse_is_caught_and_learning_is_not(design):
    assert promises.measure_stuck(design, "one class", 0.0, 300, rng(1)) == 1
    assert promises.measure_stuck(design, "learnt", 0.35, 300, rng(2)) <= at_most(0.01, 300)
    assert promises.measure_stuck(design, "learnt", 0.8, 300, rng(3)) == 0


@pytest.mark.slow
def test_verdicts_in_the_wrong_direction_are_rare():
    for seeds in (6, 10, 30):
        measured = promises.measure_directions(0.005, seeds, STUDIES, rng(seeds))
        assert max(measured.values()) <= at_most(0.005)


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "family"), [(6, 1), (10, 8), (30, 8)])
def test_a_planted_effect_is_found_at_the_power_promised(seeds, family):
    measured = promises.measure_power(seeds, family, STUDIES, rng(seeds))
    for kind in ("difference", "equivalence"):
        promised, share = measured[kind]
        assert promised == pytest.approx(0.8, abs=1e-6)
        assert at_least(promised - 0.05) <= share <= at_most(promised + 0.05)
    assert measured["difference, all arms"][1] >= at_least(0.8)  # Holm may find more than the promise, never less


@pytest.mark.slow
def test_adding_seeds_until_it_looks_good_is_what_looks_prevent():
    measured = promises.measure_looks(2000, rng(4))
    assert measured["looks declared at 10, 20 and 30"] <= at_most(0.05, 2000)
    assert measured["three more seeds until it shows"] > 0.09


@pytest.mark.slow
def test_the_simulation_draws_what_it_says():
    """Truth and spread of the simulated effects, over many studies: a mistake here would flatter every row."""
    draw = rng(5)
    for spread, truth in ((Spread(0.02, 0.05, 0.03), 0.03), (Spread(0.01, 0.1, discord=0.5, sparse=0.1), 0.0)):
        drawn = [draw_crossed(UNEVEN, spread, 6, draw, truth) for _ in range(1500)]
        effects = np.array([crossed.parts.sum() / 6 for crossed in drawn])
        variance = spread.seed**2 / 6 + (spread.photograph**2 + spread.interaction**2 / 6) * np.sum(UNEVEN.weights**2)
        variance += spread.discord / (6 * UNEVEN.sizes.sum())  # of single images, each -1, 0 or 1
        assert effects.mean() == pytest.approx(truth, abs=4 * np.sqrt(variance / 1500))
        assert effects.std() == pytest.approx(np.sqrt(variance), rel=0.1)
    for shape in ("normal", "heavy", "skewed", "collapsed"):
        drawn = promises.draw_family(4, 20_000, 0.02, 0.01, draw, shape)
        assert drawn.mean() == pytest.approx(0.01, abs=2e-3)
        assert drawn.std() == pytest.approx(0.02 if shape != "collapsed" else np.hypot(0.02, 0.3 * 0.218), rel=0.15)


def test_the_kaggle_design_has_the_images_and_photographs_of_the_real_test_set():
    assert [len(counts) for counts in KAGGLE.copies] == [13, 6, 4, 48]
    assert [sum(counts) for counts in KAGGLE.copies] == [623, 620, 620, 624]
    right, classes, clusters = draw_trial(KAGGLE, "one class", 0.0, rng(6))
    assert (len(right), len(set(clusters))) == (2487, 71)
    assert majority(classes) == 624 / 2487
    assert right.mean() in {share / 2487 for share in (623, 620, 624)}


def test_the_page_holds_every_row_that_is_simulated_today():
    page = PAGE.read_text(encoding="utf-8")
    assert calibration.WHY in page
    for table in calibration.list_tables():
        assert f"## {table.title}" in page
        assert table.note.strip() in page
        assert [cell.row for cell in table.cells if f"| {cell.row} |" not in page] == []


@pytest.mark.parametrize(("target", "percent", "met"), [
    (calibration.ERROR, 5.0, True), (calibration.ERROR, 6.4, True), (calibration.ERROR, 6.6, False),
    (calibration.COVERAGE, 91.7, False), (calibration.COVERAGE, 93.0, True), (calibration.COVERAGE, 98.0, False),
    (calibration.HEAVY, 99.0, True), (calibration.ANY, 40.0, True),
])  # fmt: skip
def test_a_target_is_missed_beyond_three_standard_errors(target, percent, met):
    assert target.met(percent, 2000) is met
