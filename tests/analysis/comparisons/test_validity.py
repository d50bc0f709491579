import dataclasses

import pytest
from records import result_of

from bloodstudy.analysis.comparisons.pairs import list_pairs
from bloodstudy.analysis.comparisons.validity import Training, find_faults, look_at_training, split_apart

ARMS = {"reference": 0.7, "arm": 0.8}
SEEDS = range(6)


@pytest.fixture
def sweep(study_of):
    return study_of(ARMS, seeds=SEEDS)


def faults_of(sweep, seeds=SEEDS):
    (pair,) = list_pairs(sweep.plan)
    return find_faults(sweep, pair, seeds, look_at_training(sweep, pair.reference, seeds))


def test_a_whole_study_has_no_faults(sweep):
    assert faults_of(sweep) == []


@pytest.mark.parametrize("arm", ["arm", "reference"])
def test_a_missing_seed_is_told(sweep, arm):
    trials = sweep.trials[sweep.trials["key"] != f"{arm} 3"]
    who = "it" if arm == "arm" else "the reference"
    assert faults_of(dataclasses.replace(sweep, trials=trials)) == [f"{who} has no trial of seed 3"]


def test_predictions_that_are_gone_are_told(sweep):
    for key in ("arm 1", "arm 2"):
        del sweep.predictions[key]
    assert faults_of(sweep) == ["the predictions of it are missing for seeds 1, 2"]


def test_trials_that_died_are_told_by_arm_and_outcome(study_of):
    outcomes = {("arm", 1): "failed", ("arm", 2): "out_of_memory", ("reference", 0): "failed", ("arm", 5): "failed"}
    assert faults_of(study_of(ARMS, seeds=SEEDS, outcomes=outcomes)) == [
        "the reference failed on seed 0", "it failed on seeds 1, 5", "it ran out of memory on seed 2",
    ]  # fmt: skip


def test_what_happened_beyond_the_seeds_that_are_looked_at_is_no_fault(study_of):
    sweep = study_of(ARMS, seeds=SEEDS, outcomes={("arm", 5): "failed"})
    assert faults_of(sweep, range(5)) == []


def mix(**levels):
    """Return an edit that gives one trial of the arm other data, or another precision."""

    def edit(planned, result):
        if planned["key"] == "arm 2" and "precision" in levels:
            result["factors"] = levels
        elif planned["key"] == "arm 2":
            planned["data"] = planned["data"] | levels
            result["data"] = result["data"] | {k: v for k, v in levels.items() if k == "fingerprint"}

    return edit


@pytest.mark.parametrize(("levels", "fault"), [
    ({"fingerprint": "e" * 16}, f"the data differ (fingerprints {'e' * 16}, {'f' * 16})"),
    ({"split_seed": 1}, "the splits differ (name=smear, split=official; name=smear, split=official, split_seed=1)"),
    ({"precision": "bfloat16"}, "the precisions differ (bfloat16, float32)"),
])  # fmt: skip
def test_what_is_mixed_is_told(study_of, levels, fault):
    assert faults_of(study_of(ARMS, seeds=SEEDS, edit=mix(**levels))) == [fault]


def test_results_of_other_data_than_the_plan_names_are_told(sweep):
    elsewhere = result_of({"data": {"fingerprint": "e" * 16}}).data
    sweep.results["arm 2"] = dataclasses.replace(sweep.results["arm 2"], data=elsewhere)
    assert "fingerprints" in faults_of(sweep)[0]


def test_precision_may_differ_if_it_is_what_the_question_varies(study_of):
    sweep = study_of(ARMS, seeds=SEEDS, edit=mix(precision="bfloat16"))
    sweep.plan.arms["arm"].levels["precision"] = "bfloat16"
    assert faults_of(sweep) == []


def test_images_that_differ_are_told_although_nothing_else_does(sweep, study_of):
    sweep.predictions["arm 1"] = study_of(ARMS, seeds=[1], photographs=(12, 12, 12, 11)).predictions["arm 1"]
    assert faults_of(sweep) == ["the images that were measured differ between trials"]


def test_arms_stand_apart_only_if_the_question_is_about_the_data(study_of):
    sweep = study_of(ARMS, seeds=SEEDS, edit=mix(split_seed=1))
    (pair,) = list_pairs(sweep.plan)
    assert not split_apart(sweep, pair)
    sweep.plan.arms["arm"].levels["data.split_seed"] = 1
    assert split_apart(sweep, pair)


def test_divergence_and_chance_are_told_apart_and_counted(study_of):
    share = {"reference": 0.7, "arm": lambda seed: -1 if seed in (1, 4) else 0.8}
    sweep = study_of(share, seeds=SEEDS, outcomes={("arm", 3): "diverged", ("arm", 5): "failed"})
    found = look_at_training(sweep, "arm", SEEDS)
    assert found == Training(6, diverged=(3,), chance=(1, 4))
    assert found.failing == (1, 3, 4)
    assert look_at_training(sweep, "arm", range(3)) == Training(3, (), (1,))
    assert look_at_training(sweep, "reference", SEEDS).failing == ()
