"""Verdicts keep their promises on simulated studies: fewer of them than in docs/calibration.md, and of its rows some.

A rate fails if it misses its target by more than four standard errors, so a sound build fails once in 30,000.
"""

import json

import calibration
import numpy as np
import pandas as pd
import promised
import promises
import pytest
from promises import Study
from simulated import SCENES, Noise, draw_study, lay_out

from bloodstudy.analysis.comparisons.blocks import Blocks, Trained
from bloodstudy.analysis.comparisons.course import declare, follow
from bloodstudy.analysis.comparisons.verdict import Verdict, Word
from bloodstudy.analysis.results.predictions import TestCells
from bloodstudy.analysis.results.scores import Score
from bloodstudy.study.design import FOLDS, DesignName
from bloodstudy.study.outcome import Outcome

STUDIES = 250
FIXED = promised.FIXED


def rng(*parts):
    return np.random.default_rng([20, *parts])


def at_most(rate, studies=STUDIES):
    return promises.allowed(rate, studies, 4)


def at_least(rate, studies=STUDIES):
    return 1 - promises.allowed(1 - rate, studies, 4)


@pytest.mark.slow
@pytest.mark.parametrize("truth", promised.TRUTHS)
@pytest.mark.parametrize("name", [
    "scene effects of 5 points", "spreads from .6 to 2 times 5 points", "scenes of bccd", "10 % of all trials die",
    "fixed, looks 6, 10, 16, 25", "one arm",
])  # fmt: skip
def test_at_most_five_studies_of_a_hundred_hold_any_wrong_verdict(name, truth):
    rates = promises.measure_errors(promised.ERRORS[name], truth, STUDIES, rng(1))
    assert rates["any"] <= at_most(0.05)
    assert rates["arms decided"] > 0 or name.startswith("fixed")
    assert rates["any"] >= max(rates[kind] for kind in promises.KINDS)


@pytest.mark.slow
def test_trap_no_correction_for_the_number_of_arms_would_be_seen():
    """The simulation can fail: each arm at its own 5 % is wrong in far more than 5 % of the studies."""
    study, draw = Study(), rng(2)
    rules, effects, wrong = declare(study.repetitions, 1), np.full(16, -0.03), 0
    for _ in range(100):
        courses = follow(study.draw(effects, draw), [False] * 16, rules)
        wrong += any(promises.find_wrong(course.verdict, -0.03, 0.03) for course in courses)
    assert wrong / 100 > at_most(0.05, 100)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["kaggle", "bccd", "even"])
@pytest.mark.parametrize("scenes", [0.0, 0.05, 0.1])
def test_the_interval_for_new_photographs_covers(layout, scenes):
    study = Study(layout=layout, noise=Noise(scenes=scenes))
    rates = promises.measure_coverage(study, (2, 5, 8), 1000, rng(3))
    assert min(rates.values()) >= at_least(0.94, 1000)
    assert max(rates.values()) <= at_most(0.97, 1000)


@pytest.mark.slow
@pytest.mark.parametrize(("study", "studies"), [(Study(), 150), (Study(1), 1000), (FIXED, 150)])
def test_the_intervals_of_all_looks_together_cover(study, studies):
    rate = promises.measure_looks(study, studies, rng(4))["all looks"]
    assert rate >= at_least(1 - 0.05 / study.arms, studies * study.arms)


@pytest.mark.slow
def test_a_planted_effect_is_found_and_far_arms_save_trainings():
    assert promises.measure_power(Study(), 0.03, STUDIES, rng(5))["improves"] >= at_least(0.55)
    assert promises.measure_power(Study(), 0.05, STUDIES, rng(6))["improves"] >= at_least(0.97)
    assert promises.measure_trainings(Study(), 5, -0.2, 60, rng(7))["trainings"] <= 0.85


@pytest.mark.slow
@pytest.mark.parametrize("study", [Study(), FIXED], ids=lambda study: str(study.name))
def test_verdicts_in_the_wrong_direction_are_rare(study):
    assert promises.measure_directions(study, 0.0025, STUDIES, rng(8))["of arms"] <= at_most(0.005, STUDIES)


@pytest.mark.parametrize(("verdict", "effect", "wrong"), [
    (Verdict(Word.EQUIVALENT), -0.03, {"equivalent"}), (Verdict(Word.EQUIVALENT, not_worse=True), 0.02, set()),
    (Verdict(Word.EQUIVALENT, detectable=True), 0.0, {"improves or harms"}),
    (Verdict(Word.HARMS), 0.0, {"improves or harms"}), (Verdict(Word.HARMS, beyond=True), -0.03, {"beyond"}),
    (Verdict(Word.IMPROVES), -0.01, {"improves or harms"}), (Verdict(Word.IMPROVES, beyond=True), 0.04, set()),
    (Verdict(Word.INCONCLUSIVE, not_worse=True), -0.03, {"not worse"}), (Verdict(Word.INVALID), 0.0, set()),
    (Verdict(Word.FAILS), 0.0, {"fails to train"}),
])  # fmt: skip
def test_what_is_wrong(verdict, effect, wrong):
    assert promises.find_wrong(verdict, effect, 0.03) == wrong


def as_trials(drawn):
    """Return drawn blocks as the scores of trials: those of the arm stand above those of the reference by as much."""
    arm, reference = {}, {}
    for repetition, folds in enumerate(drawn.folds):
        for fold in range(drawn.number):
            own, seed = np.flatnonzero(folds == fold), drawn.number * repetition + fold
            sizes = drawn.cells.weights[own]  # images, but for a factor
            scenes = tuple(f"{scene:04d}" for scene in drawn.cells.scenes[own])
            cells = TestCells(drawn.cells.classes[own], scenes, sizes, np.zeros(0, int))
            above = drawn.differences[repetition, own] * sizes
            scores = [Score(cells, right, 0.9, bool(died[repetition, fold]))
                      for right, died in ((above, drawn.died), (0 * above, drawn.reference_died))]  # fmt: skip
            arm[seed], reference[seed] = (Trained(Outcome.FINISHED, score) for score in scores)
    return arm, reference


@pytest.mark.parametrize("study", [
    Study(5), Study(5, layout="even", noise=Noise(deaths=0.1)), Study(5, FIXED.looks, name=DesignName.FIXED),
], ids=["folds", "deaths", "fixed"])  # fmt: skip
def test_drawn_blocks_are_judged_as_trials_with_the_same_numbers_are(study):
    drawn = study.draw(np.array([-0.2, -0.1, 0.0, 0.05, 0.3]), rng(9))
    trials = [Blocks(own.pair, study.repetitions, *as_trials(own)) for own in drawn]
    rules = declare(study.repetitions, 5)
    for one, other in zip(follow(drawn, [False] * 5, rules), follow(trials, [False] * 5, rules), strict=True):
        assert one.verdict == other.verdict
        for step, same in zip(one.steps, other.steps, strict=True):
            assert (step.dead, step.reference_dead) == (same.dead, same.reference_dead)
            assert step.effect.effect == pytest.approx(same.effect.effect, abs=1e-12)
            assert step.effect.variance() == pytest.approx(same.effect.variance())


def test_the_scenes_are_those_of_the_data_that_are_shipped_with_the_package():
    table = pd.read_csv(SCENES)
    shipped = pd.read_csv(SCENES.parent.parent / "bloodstudy/data/tables/kaggle.csv.gz", keep_default_na=False)
    shipped = shipped[shipped["scene"] != ""].assign(label=shipped["image"].str.split("/").str[1])
    counted = shipped.groupby(["label", "scene"]).size().rename("images").reset_index()
    own = table[table["data"] == "kaggle"].drop(columns="data").reset_index(drop=True)
    pd.testing.assert_frame_equal(own, counted)
    assert table.groupby(["data", "label"]).size().unstack().to_numpy().tolist() == [[83, 29, 18, 191]] * 2


@pytest.mark.parametrize("name", ["kaggle", "bccd", "even"])
def test_divisions_keep_scenes_whole_and_show_each_class_in_each_fold(name):
    layout = lay_out(name)
    for folds in layout.divisions:
        assert len(set(zip(layout.cells.scenes, folds, strict=True))) == len(set(layout.cells.scenes))
        assert len(set(zip(layout.cells.classes, folds, strict=True))) == layout.cells.count * FOLDS


def test_the_simulation_draws_what_it_says():
    """Truth and spread of the simulated effects, over many studies: a mistake here would flatter every row."""
    draw, layout, study = rng(10), lay_out("kaggle"), Study(8)
    powers = (layout.cells.sum_by_class(layout.cells.weights**2)).sum() / 16
    for noise, number in ((Noise(0.05, 0.05), 5), (Noise(0.03, 0.1, sparse=0.1), 5), (Noise(0.05, 0.0), 1)):
        repetitions = study.repetitions if number == 5 else FIXED.repetitions
        found = []
        for _ in range(150):
            found += [own.measure(8) for own in draw_study(layout, noise, np.full(8, 0.02), 0.03, repetitions, draw)]
        effects = np.array([effect.effect for effect in found])
        variance = noise.spread**2 / (8 * number) + noise.scenes**2 * powers
        assert effects.mean() == pytest.approx(0.02, abs=5 * np.sqrt(variance / 300))
        assert effects.var() == pytest.approx(variance, rel=0.2)
        spread = np.mean([effect.spread for effect in found])
        assert spread == pytest.approx(noise.spread**2 + number * noise.scenes**2 * powers, rel=0.1)


@pytest.mark.parametrize("first", ["skewed", "collapsed"])
def test_losses_of_the_first_arm_are_part_of_its_effect(first):
    study, draw = Study(2, noise=Noise(first=first, scenes=0.0)), rng(11)
    effects = np.array([[own.measure(8).effect for own in study.draw(np.zeros(2), draw)] for _ in range(300)])
    assert effects.mean(axis=0) == pytest.approx([0, 0], abs=3e-3)
    assert effects[:, 0].std() > effects[:, 1].std()


def test_deaths_and_effects_of_the_pool_are_drawn():
    draw = rng(12)
    drawn = [own for _ in range(30) for own in Study(4, noise=Noise(deaths=0.1)).draw(np.zeros(4), draw)]
    assert np.mean([own.died.mean() for own in drawn]) == pytest.approx(0.1, abs=0.01)
    assert any(own.dead(2) for own in drawn)
    pooled = [
        own.measure(8).effect for _ in range(100) for own in Study(4, noise=Noise(pool=0.1)).draw(np.zeros(4), draw)
    ]
    assert np.std(pooled) == pytest.approx(0.1, rel=0.15)


def test_the_page_says_what_was_measured_of_every_row_that_is_simulated_today():
    kept = json.loads(calibration.MEASURED.read_text(encoding="utf-8"))
    assert list(kept["rates"]) == [table.key(row) for table in promised.list_tables() for row in table.rows]
    assert calibration.PAGE.read_text(encoding="utf-8") == calibration.read_page()


def test_a_row_is_repeated_alone_from_its_own_seed():
    (table,) = calibration.choose(promised.list_tables(), "kaggle; scene effects of 5")
    (row,) = table.rows
    assert calibration.measure(table, row, 20) == calibration.measure(table, row, 20)


@pytest.mark.parametrize(("target", "rate", "met"), [
    (promised.ERROR, 0.05, True), (promised.ERROR, 0.064, True), (promised.ERROR, 0.066, False),
    (promised.COVERAGE, 0.92, False), (promised.COVERAGE, 0.93, True), (promised.COVERAGE, 0.985, False),
    (promised.Target(0.55), 0.9, True), (promised.Target(0.55), 0.5, False),
])  # fmt: skip
def test_a_target_is_missed_beyond_three_standard_errors(target, rate, met):
    assert target.met(rate, 2000) is met
