"""What a study could show, from its looks and the spread of what has finished."""

import dataclasses
import math
import time

import numpy as np
import pytest

from bloodstudy.analysis import foresee_study
from bloodstudy.analysis.comparisons.cheapest import find_cheapest, find_paid, try_looks
from bloodstudy.analysis.comparisons.comparison import collect_blocks
from bloodstudy.analysis.comparisons.pairs import list_pairs
from bloodstudy.analysis.comparisons.pilot import Spread, guess_spread, limit_spread
from bloodstudy.analysis.comparisons.sensitivity import foresee
from bloodstudy.analysis.statistics.blocks import BlockEffect
from bloodstudy.analysis.statistics.power import draw_arms, play, upper_spread
from bloodstudy.analysis.statistics.sequential import plan_bounds
from bloodstudy.study.design import DesignName, Repetitions
from bloodstudy.study.outcome import Outcome

FOLDS = Repetitions(DesignName.FOLDS, tuple(range(40)), 5, (2, 3, 5, 8))
FIXED = Repetitions(DesignName.FIXED, tuple(range(25)), 1, (6, 10, 16, 25))
FIVE = Spread(0.05, 20)


def effect_of(values):
    spread = float(np.var(values, ddof=1))
    return BlockEffect(float(np.mean(values)), len(values), 2, spread, spread / len(values), 0.0, ())


def test_a_known_spread_is_told_in_points_and_trainings():
    foreseen = foresee(FOLDS, 16, 0.03, FIVE)
    assert [effect for effect, _ in foreseen.power] == [0.01, 0.02, 0.03, 0.05]
    chances = [chance for _, chance in foreseen.power]
    assert chances == sorted(chances)
    assert chances[2] == pytest.approx(0.70, abs=0.04)
    assert chances[3] > 0.97
    assert foreseen.equivalent < foreseen.not_worse
    assert foreseen.trainings_apart < foreseen.trainings <= foreseen.most == 5 * 8 * 17
    told = foreseen.describe()
    for words in (
        "Looks at 2, 3, 5 and 8 repetitions of 5 trainings, 16 tested arms, margin 3 points.",
        "spreads by up to 5 points (upper 80 % limit, from 20 values)",
        f"{100 * chances[2]:.0f} % for 3 points and",
        f"{foreseen.trainings:.0f} where nothing differs, {foreseen.trainings_apart:.0f} where 5 of the arms are 5",
        "all looks take 680.",
    ):
        assert words in told


def test_the_same_question_has_the_same_answer_within_a_second():
    begun = time.process_time()
    first = foresee(FOLDS, 16, 0.03, FIVE)
    assert time.process_time() - begun < 3, "about 0.3 s of an idle core"
    assert foresee(FOLDS, 16, 0.03, FIVE) == first


def test_where_no_arm_can_be_closed_all_trainings_are_expected():
    foreseen = foresee(FIXED, 3, 0.001, Spread(0.5, 10), beside=2)
    assert foreseen.trainings == pytest.approx(foreseen.most, rel=1e-3), "but for false differences"
    assert foreseen.most == 25 * 5
    quiet = foresee(FIXED, 3, 0.02, Spread(0.001, 10))
    assert quiet.trainings == pytest.approx(6 * 4, rel=0.01), "nearly all are equivalent at the first look"
    assert (quiet.equivalent, quiet.not_worse, quiet.apart) == (1, 1, 1)
    assert "1 of the arms is 5 points off" in quiet.describe()


def test_more_arms_or_scenes_show_less():
    one, many, scenes = (
        foresee(FOLDS, arms, 0.03, spread).power[2][1]
        for arms, spread in ((1, FIVE), (30, FIVE), (30, Spread(0.05, 20, 0.01)))
    )
    assert one > many > scenes


def test_questions_that_simplify_take_fewer_trainings():
    plain, simple = (foresee(FOLDS, 8, 0.03, Spread(0.03, 20), simplify=simplify) for simplify in (False, True))
    assert simple.trainings <= plain.trainings
    assert simple.trainings_apart <= plain.trainings_apart


@pytest.mark.parametrize("repetitions", [FOLDS, FIXED], ids=lambda own: own.name)
def test_without_a_spread_all_is_told_in_units_of_it(repetitions):
    foreseen = foresee(repetitions, 16, 0.03, None)
    bounds = plan_bounds(repetitions.looks, 16)
    sample = draw_arms(np.random.default_rng(3), repetitions.looks, repetitions.folds, 0.05, arms=3000)
    assert play(sample, foreseen.ratio * 0.05, bounds, 0.0).difference == pytest.approx(0.8, abs=0.05)
    sample = draw_arms(np.random.default_rng(3), repetitions.looks, repetitions.folds, foreseen.bearable, arms=3000)
    assert play(sample, 0.0, bounds, 0.03).equivalent == pytest.approx(0.8, abs=0.05)
    assert f"{foreseen.ratio:.2g} times that spread" in foreseen.describe()
    assert "trainings_apart" not in foreseen.describe()


def test_the_cheapest_looks_suffice_and_one_repetition_less_does_not():
    found = find_cheapest(FOLDS, 16, 0.03, FIVE, 1, 0.03)
    assert found.looks == try_looks(found.looks[-1], 2)
    power = {
        last: play(
            draw_arms(np.random.default_rng(9), looks := try_looks(last, 2), 5, 0.05, arms=4000),
            0.03, plan_bounds(looks, 16), 0.03,
        ).difference
        for last in (found.looks[-1] - 2, found.looks[-1])
    }  # fmt: skip
    below, enough = power.values()
    assert enough > 0.77
    assert below < 0.8
    assert 5 * found.looks[0] * 17 < found.trainings <= 5 * found.looks[-1] * 17
    told = foresee(FOLDS, 16, 0.03, FIVE, detect=0.03).describe()
    assert f"{found.trainings:.0f} trainings where nothing differs." in told


def test_a_difference_out_of_reach_has_no_looks():
    foreseen = foresee(FIXED, 16, 0.02, Spread(0.3, 20), detect=0.01)
    assert foreseen.cheapest is None
    assert "A difference of 1 point is not shown" in foreseen.describe()


@pytest.mark.parametrize(("last", "least", "looks"), [
    (8, 2, (2, 3, 5, 8)), (12, 2, (3, 5, 8, 12)), (3, 2, (2, 3)), (6, 6, (6,)), (25, 6, (6, 9, 16, 25)),
])  # fmt: skip
def test_looks_that_are_tried_rise_and_none_is_before_the_least(last, least, looks):
    assert try_looks(last, least) == looks


@pytest.mark.parametrize(("arms", "blocks"), [(16, 5), (4, 10), (1, 5)])
def test_the_limit_holds_though_all_arms_share_the_trials_of_their_reference(arms, blocks):
    rng, above = np.random.default_rng(3), []
    for _ in range(600):
        trials = rng.normal(0, 0.02, (arms + 1, blocks))
        above.append(limit_spread([effect_of(own - trials[0]) for own in trials[1:]]).limit >= 0.02 * 2**0.5)
    assert 0.75 < np.mean(above) < 0.88, "wanted 0.80, and 600 studies tell that to 0.016"


def test_a_single_pair_of_differences_limits_nothing():
    assert limit_spread([]) is None
    assert limit_spread([effect_of([0.01, 0.02])]) is None


def wobble(share, size=0.02):
    return lambda seed: share + size * np.sin(3.0 * seed + 1)


def test_a_study_is_foreseen_by_the_blocks_of_its_tested_arms(study_of):
    sweep = study_of({"reference": 0.7, "arm": wobble(0.72), "other": wobble(0.6, 0.03)}, looks=(6, 10))
    foreseen = foresee_study(sweep)
    assert (foreseen.looks, foreseen.folds, foreseen.arms, foreseen.margin) == ((10,), 1, 2, 0.02)
    effects = [collect_blocks(sweep, pair).measure(10) for pair in list_pairs(sweep.plan)]
    assert foreseen.spread == limit_spread(effects)
    assert foreseen.spread.values == 20
    declared = dataclasses.replace(sweep.plan, design=DesignName.FIXED)
    assert foresee_study(dataclasses.replace(sweep, plan=declared)).looks == (6, 10)


def test_a_study_whose_reference_alone_has_finished_is_foreseen_by_its_seeds(study_of):
    missing = {("arm", seed): Outcome.MISSING for seed in range(10)}
    sweep = study_of({"reference": wobble(0.7), "arm": 0.7}, outcomes=missing)
    foreseen = foresee_study(sweep)
    scores = [sweep.score(f"reference {seed}", "official") for seed in range(10)]
    wanted = upper_spread(math.sqrt(2) * np.std([score.test for score in scores], ddof=1), 9)
    assert foreseen.spread == Spread(pytest.approx(wanted), 10)
    assert guess_spread(scores[:2]) is None


def test_a_study_of_which_nothing_has_finished_is_told_in_spreads_and_one_that_tests_nothing_is_not(study_of):
    missing = {(arm, seed): Outcome.MISSING for seed in range(10) for arm in ("reference", "arm")}
    assert foresee_study(study_of({"reference": 0.7, "arm": 0.7}, outcomes=missing)).spread is None
    assert foresee_study(study_of({"reference": 0.7, "arm": 0.7}, roles={"arm": "exploratory"})) is None


@pytest.mark.parametrize("paid", [169, 170, 339, 400, 679])
def test_a_budget_is_told_the_looks_that_it_pays_whatever_they_find(paid):
    foreseen = foresee(FOLDS, 16, 0.03, FIVE, paid=paid)
    told = foreseen.describe()
    assert f"The budget pays {paid} trainings, and all looks take 680" in told
    if paid < 2 * 5 * 17:
        assert foreseen.affordable is None
        assert "No look that could decide fits it for certain." in told
        return
    last = foreseen.affordable[-1]
    assert 5 * 17 * last <= paid < 5 * 17 * (last + 1)
    sample = draw_arms(np.random.default_rng(20), foreseen.affordable, 5, 0.05)
    assert foreseen.chance == play(sample, 0.03, plan_bounds(foreseen.affordable, 16), 0.03).difference
    looks = ",".join(map(str, foreseen.affordable))
    assert f"looks=[{looks}] fit it: at most {5 * 17 * last} trainings, with a chance of " in told
    assert "looks=[" in foresee(FOLDS, 16, 0.03, None, paid=paid).describe()


def test_once_a_trial_has_finished_the_budget_is_told_and_no_looks_are_proposed():
    told = foresee(FOLDS, 16, 0.03, FIVE, paid=400, begun=True).describe()
    assert told.endswith("The budget pays 400 trainings, and all looks take 680: it may end the study before.")


@pytest.mark.parametrize("paid", [None, 680, 1000])
def test_a_budget_that_pays_all_looks_proposes_none(paid):
    assert "budget" not in foresee(FOLDS, 16, 0.03, FIVE, paid=paid).describe()


def test_the_looks_of_a_budget_keep_to_the_fewest_repetitions_of_the_design():
    assert find_paid(FIXED, 4, 4 * FIXED.least) == (FIXED.least,)
    assert find_paid(FIXED, 4, 4 * FIXED.least - 1) is None
    assert find_paid(FIXED, 4, 100) == try_looks(25, FIXED.least) == (FIXED.least, 9, 16, 25)


@pytest.mark.parametrize("spread", [None, FIVE])
@pytest.mark.parametrize(("design", "folds", "looks"), [("folds", 5, (1,)), ("fixed", 1, (2, 3))])
def test_looks_that_can_decide_nothing_are_called_a_pilot(design, folds, looks, spread):
    repetitions = Repetitions(DesignName(design), tuple(range(40)), folds, looks)
    told = foresee(repetitions, 2, 0.03, spread).describe()
    assert told.startswith(f"A pilot: nothing is decided under {repetitions.least} ")
    assert f"the last look is at {looks[-1]}. All looks take {3 * folds * looks[-1]} trainings." in told
    assert "chance" not in told


def test_looks_that_a_budget_pays_are_told_by_the_difference_that_is_asked_for():
    asked = foresee(FOLDS, 16, 0.03, FIVE, paid=400, detect=0.05)
    assert asked.chance > foresee(FOLDS, 16, 0.03, FIVE, paid=400).chance
    assert f"a chance of {100 * asked.chance:.0f} % to show a difference of 5 points." in asked.describe()


@pytest.mark.parametrize("role", ["confirmatory", "exploratory"])
def test_all_looks_take_the_trials_of_all_arms_also_of_those_that_are_only_shown(study_of, role):
    roles = {"arm": "confirmatory", "beside": role}
    sweep = study_of({"reference": 0.7, "arm": wobble(0.72), "beside": wobble(0.6, 0.03)}, looks=(6, 10), roles=roles)
    foreseen = foresee_study(sweep)
    assert foreseen.arms == 1 + (role == "confirmatory")
    assert foreseen.most == len(sweep.plan.trials) == 30
    assert foreseen.trainings <= 30
