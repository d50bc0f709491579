import dataclasses

import pandas as pd
import pytest
from records import result_of

from bloodstudy.analysis import analyse_study
from bloodstudy.analysis.comparisons.pairs import list_pairs
from bloodstudy.analysis.comparisons.validity import Training, find_faults, look_at_training, split_apart

ARMS = {"reference": 0.7, "arm": lambda seed: 0.75 + 0.002 * seed, "other": lambda seed: 0.76 + 0.001 * seed}
SEEDS = range(6)
FIXED = {"design": "fixed", "looks": (6,)}
FOLDS = {"design": "folds", "folds": 3, "looks": (2,), "photographs": (6, 6, 6, 6), "copies": 5}
DESIGNS = pytest.mark.parametrize("design", [FIXED, FOLDS], ids=["fixed", "folds"])


def faults_of(sweep, seeds=SEEDS):
    pair, _ = list_pairs(sweep.plan)
    return find_faults(sweep, pair, seeds)


def told(sweep):
    """Return verdict and reason of the arm, and the verdict of the other one."""
    judged = analyse_study(sweep)
    arm, other = judged.find("arm"), judged.find("other")
    if arm.verdict.word == "invalid":
        assert arm.seeds == ()
        assert not arm.test.testable, "nothing can be read off it"
        assert arm.mechanism is None
        assert all(step.effect is step.told is None for step in arm.course.steps)
    return str(arm.verdict.word), arm.verdict.reason, str(other.verdict.word)


@DESIGNS
def test_a_whole_study_has_no_faults(study_of, design):
    sweep = study_of(ARMS, **design)
    assert faults_of(sweep) == []
    assert [c.verdict.tested for c in analyse_study(sweep).comparisons] == [True, True]


@DESIGNS
def test_trap_a_missing_seed_silently_dropped(study_of, design):
    """One trial is gone from the plan of one arm: there is no verdict on the others of it."""
    sweep = study_of(ARMS, **design)
    gone = sweep.trials[sweep.trials["key"] != "arm 4"]
    plan = dataclasses.replace(sweep.plan, trials=tuple(t for t in sweep.plan.trials if t.key != "arm 4"))
    word, reason, other = told(dataclasses.replace(sweep, trials=gone, plan=plan))
    assert (word, reason) == ("invalid", "it has no trial of seed 4")
    assert other not in ("invalid", "open"), "and it holds nobody up"


def test_a_trial_of_the_reference_that_is_not_planned_is_told(study_of):
    sweep = study_of(ARMS, **FIXED)
    trials = sweep.trials[sweep.trials["key"] != "reference 3"]
    assert faults_of(dataclasses.replace(sweep, trials=trials)) == ["the reference has no trial of seed 3"]


@DESIGNS
def test_a_doubled_trial_is_invalid(study_of, design):
    sweep = study_of(ARMS, **design)
    again = sweep.trials[sweep.trials["key"] == "arm 4"].assign(key="arm 4 again", prediction_hash="another")
    predictions = sweep.predictions | {"arm 4 again": sweep.predictions["arm 4"]}
    trials = pd.concat([sweep.trials, again], ignore_index=True)
    word, reason, other = told(dataclasses.replace(sweep, trials=trials, predictions=predictions))
    assert (word, reason) == ("invalid", "it has several trials of seed 4")
    assert other not in ("invalid", "open")


def test_predictions_that_are_gone_are_told(study_of):
    sweep = study_of(ARMS, **FIXED)
    for key in ("arm 1", "arm 2"):
        del sweep.predictions[key]
    assert faults_of(sweep) == ["the predictions of it are missing for seeds 1, 2"]
    assert told(sweep)[::2] == ("invalid", "improves")


def test_what_happened_beyond_the_seeds_that_are_looked_at_is_no_fault(study_of):
    sweep = study_of(ARMS, **FIXED)
    del sweep.predictions["arm 5"]
    assert faults_of(sweep, range(5)) == []


def test_a_failed_trial_is_no_fault_of_its_arm(study_of):
    outcomes = {("arm", 1): "failed", ("arm", 2): "out_of_memory", ("arm", 3): "diverged"}
    assert faults_of(study_of(ARMS, outcomes=outcomes, **FIXED)) == []


def mix(**levels):
    """Return an edit that gives one trial of the arm other data, or another precision or engine."""

    def edit(planned, result):
        if planned["key"] == "arm 2" and levels.keys() & {"precision", "engine"}:
            result["factors"] = result["factors"] | levels
        elif planned["key"] == "arm 2":
            planned["data"] = planned["data"] | levels
            result["data"] = result["data"] | {k: v for k, v in levels.items() if k == "fingerprint"}

    return edit


@pytest.mark.parametrize(("levels", "fault"), [
    ({"fingerprint": "e" * 16}, f"the data differ (fingerprints {'e' * 16}, {'f' * 16})"),
    ({"split_seed": 1}, "the splits differ (name=smear, split=official; name=smear, split=official, split_seed=1)"),
    ({"precision": "bfloat16"}, "the precisions differ (bfloat16, float32)"),
    ({"engine": "jax"}, "the engines differ (jax, tensorflow)"),
])  # fmt: skip
def test_what_is_mixed_is_told(study_of, levels, fault):
    sweep = study_of(ARMS, edit=mix(**levels), **FIXED)
    assert faults_of(sweep) == [fault]
    assert told(sweep) == ("invalid", fault, "improves")


@pytest.mark.parametrize("levels", [{"split_seed": 1}, {"fold": 1}, {"test_share": 0.3}])
def test_trap_blocks_whose_folds_come_from_different_divisions(study_of, levels):
    sweep = study_of(ARMS, edit=mix(**levels), **FOLDS)
    assert "division" in faults_of(sweep)[0] or "splits differ" in faults_of(sweep)[0]
    assert told(sweep)[0] == "invalid"


def test_trap_images_of_another_division_although_the_plan_says_nothing_of_it(study_of):
    """The last fold of a repetition tests what the first one did, in arm and reference alike."""
    sweep = study_of(ARMS, **FOLDS)
    for arm in ARMS:
        sweep.predictions[f"{arm} 2"] = sweep.predictions[f"{arm} 0"]
    assert told(sweep)[:2] == ("invalid", "the images that were measured differ between trials")


def test_results_of_other_data_than_the_plan_names_are_told(study_of):
    sweep = study_of(ARMS, **FIXED)
    elsewhere = result_of({"data": {"fingerprint": "e" * 16}}).data
    sweep.results["arm 2"] = dataclasses.replace(sweep.results["arm 2"], data=elsewhere)
    assert "fingerprints" in faults_of(sweep)[0]


def test_precision_may_differ_if_it_is_what_the_question_varies(study_of):
    sweep = study_of(ARMS, edit=mix(precision="bfloat16"), **FIXED)
    sweep.plan.arms["arm"].levels["precision"] = "bfloat16"
    assert faults_of(sweep) == []


@pytest.mark.parametrize("photographs", [(12, 12, 12, 11), (12, 12, 12, 13)])
def test_images_that_differ_are_told_although_nothing_else_does(study_of, photographs):
    sweep = study_of(ARMS, **FIXED)
    sweep.predictions["arm 1"] = study_of(ARMS, seeds=[1], photographs=photographs).predictions["arm 1"]
    assert told(sweep) == ("invalid", "the images that were measured differ between trials", "improves")


def test_images_that_differ_after_the_look_that_closed_an_arm_take_nothing_back(study_of):
    sweep = study_of(ARMS, design="fixed", looks=(6, 10))
    before = told(sweep)
    for seed in (7, 8):
        key = f"arm {seed}"
        sweep.predictions[key] = study_of(ARMS, seeds=[seed], photographs=(12, 12, 12, 11)).predictions[key]
    assert told(dataclasses.replace(sweep, scores={})) == before
    assert before[0] == "improves"


def test_a_cell_with_other_images_in_another_repetition_is_told(study_of):
    sweep, more = study_of(ARMS, **FOLDS), study_of(ARMS, **FOLDS | {"copies": 6})
    for seed in (3, 4, 5):
        for arm in ARMS:
            sweep.predictions[f"{arm} {seed}"] = more.predictions[f"{arm} {seed}"]
    assert told(sweep)[:2] == ("invalid", "the images that were measured differ between trials")


@pytest.mark.parametrize("unknown", [(), ("arm 3", "arm 4")])
def test_a_seed_that_does_nothing_is_no_replicate(study_of, unknown):
    """Two blocks with one hash are told, also where that of two others is not known."""
    sweep = study_of(ARMS, **FIXED)
    hashes = sweep.trials["prediction_hash"].where(~sweep.trials["key"].isin(unknown), None)
    hashes[sweep.trials["key"].isin(["arm 1", "arm 5"])] = "same"
    word, reason, other = told(dataclasses.replace(sweep, trials=sweep.trials.assign(prediction_hash=hashes)))
    assert (word, other) == ("invalid", "improves")
    assert reason == "it predicts the same to the last digit on seeds 1, 5, so the seed does nothing"
    unhashed = dataclasses.replace(sweep, trials=sweep.trials.assign(prediction_hash=None))
    assert told(unhashed)[0] == "improves"


def test_arms_stand_apart_only_if_the_question_is_about_the_data(study_of):
    sweep = study_of(ARMS, edit=mix(split_seed=1), **FIXED)
    pair, _ = list_pairs(sweep.plan)
    assert not split_apart(sweep, pair)
    sweep.plan.arms["arm"].levels["data.split_seed"] = 1
    assert split_apart(sweep, pair)


def test_divergence_and_chance_are_told_apart_and_counted(study_of):
    share = ARMS | {"arm": lambda seed: -1 if seed in (1, 4) else 0.8}
    sweep = study_of(share, outcomes={("arm", 3): "diverged", ("arm", 5): "failed"}, **FIXED)
    found = look_at_training(sweep, "arm", SEEDS)
    assert found == Training(6, diverged=(3,), chance=(1, 4))
    assert found.failing == (1, 3, 4)
    assert look_at_training(sweep, "arm", range(3)) == Training(3, (), (1,))
    assert look_at_training(sweep, "reference", SEEDS).failing == ()


def test_trials_of_one_arm_with_different_numbers_of_parameters_are_no_arm(study_of):
    """Whatever has changed the network between two trials of an arm."""
    sweep = study_of(ARMS, **FIXED)
    sizes = {key: 12_332 if key == "arm 3" else 24_660 for key in sweep.results}
    results = {key: dataclasses.replace(one, parameters=sizes[key]) for key, one in sweep.results.items()}
    word, reason, other = told(dataclasses.replace(sweep, results=results))
    assert (word, other) == ("invalid", "improves")
    assert reason == "the trials of it are of different networks, with 12,332 and 24,660 parameters"
