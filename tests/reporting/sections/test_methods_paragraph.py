"""The paragraph for a paper, against the study it is about."""

from dataclasses import replace

import pytest
from studies import POOLS

from bloodstudy.reporting.sections.methods_paragraph import write_paragraph
from bloodstudy.study.question import Question


@pytest.fixture
def judge(analyse):
    return lambda question=POOLS, **more: analyse(question, **{"photographs": 3} | more)


def test_the_paragraph_names_data_seeds_and_tests(judge):
    text = write_paragraph(judge())
    for words in (
        "2 arms",
        "smear (official split)",
        "6 random seeds",
        "margin 2 points",
        "a joint alpha of 0.05",
        "Bonferroni",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "Verdicts are about new trainings on these test images."),
        ({"seeds": 2, "folds": 3}, "Verdicts are about new trainings and new photographs (variance by training and by"),
    ],
)
def test_the_paragraph_says_what_verdicts_are_about(judge, more, said):
    assert said in write_paragraph(judge(**more))


def test_the_paragraph_says_which_test_images_of_the_clean_split_count(judge):
    clean = {"test_accuracy": 0.7, "test_images_clean": 16, "test_accuracy_clean": 0.7, "accuracy_gap_clean": 0.2}
    text = write_paragraph(judge(judged="official_clean", change=lambda result: result["responses"].update(clean)))
    assert "(official split, without the 8 of 24 test images whose scene is in training)" in text


def test_the_paragraph_of_a_pilot_says_that_nothing_was_decided(judge):
    assert "So far, with 4 seeds, nothing was decided" in write_paragraph(judge(seeds=4))
    assert "So far, with 1 seed, nothing was decided" in write_paragraph(judge(seeds=1))
    assert "nothing was decided" not in write_paragraph(judge())


def test_the_paragraph_of_comparisons_that_are_all_invalid_says_why_and_offers_no_estimates(judge):
    text = write_paragraph(judge(outcomes={("reference", 2): "chance"}))
    assert text.endswith("No test was made, for no comparison is valid: 1 of 6 trials of the reference learnt nothing.")
    assert "estimates" not in text
    assert "was tested for" not in text


def test_the_paragraph_names_the_arms_that_lost_trials(judge):
    text = write_paragraph(judge(outcomes={("pooling=none", 2): "chance", ("pooling=none", 3): "diverged"}))
    assert text.endswith("Trials that diverged or learnt nothing are in no effect (pooling=none: 2 of 6).")
    assert "are in no effect" not in write_paragraph(judge())


def test_the_paragraph_of_a_study_judged_afterwards_does_not_say_that_it_was_declared(judge):
    text = write_paragraph(judge(design=None))
    assert "one look at 6 seeds set afterwards" in text
    assert "before any trial was run" not in text


def test_the_paragraph_says_how_the_reference_was_trained(judge):
    text = write_paragraph(judge())
    setting = "with adam at a learning rate of 0.0005 and batches of 100 on images of 60 x 80 pixels (rgb)"
    assert f"The reference (network: reference) was trained for 30 epochs {setting}. Its further levels were " in text
    assert "on training and test images alike. " in text


def test_the_paragraph_leaves_out_no_level_of_the_training(judge):
    own = {"early_stopping": 3, "schedule": "cosine", "warmup": 0.1, "augment": "flip", "ema": 0.9}
    text = write_paragraph(judge(change=lambda result: result["factors"].update(own)))
    assert "for 30 epochs at most, until 3 epochs brought no lower validation loss, with adam at" in text
    for level in ("augment=flip", "schedule=cosine", "warmup=0.1", "ema=0.9", "pooling=max"):
        assert level in text


def test_the_paragraph_says_on_what_part_of_the_training_images_networks_were_trained_and_measured(judge):
    analysis = judge(seeds=2, folds=2)
    assert write_paragraph(analysis).endswith("of networks trained on 1/2 of this pool.")
    sweep, shares = analysis.sweep, {"validation_share": 0.25, "measured_share": 0.1}
    trials = tuple(replace(trial, data=trial.data | shares) for trial in sweep.plan.trials)
    text = write_paragraph(replace(analysis, sweep=replace(sweep, plan=replace(sweep.plan, trials=trials))))
    assert text.endswith("of networks trained on 1/2 of this pool, less a share of 0.25 for validation.")
    assert "on training and test images alike, of the training images on a share of 0.1. " in text


def test_of_one_arm_nothing_is_said_of_others(judge):
    text = write_paragraph(judge(Question("pools", "Which pooling?", factor="pooling", levels=("none",))))
    assert "We compared 1 arm with a reference" in text
    assert "Bonferroni" not in text


def test_the_paragraph_of_an_amended_plan_does_not_say_that_all_was_planned_before(judge):
    judged = judge()
    assert "with one look at 6 seeds declared before any trial was run" in write_paragraph(judged)
    amended = replace(judged.sweep.plan, amendments=["looks: [4] became [6]"])
    text = write_paragraph(replace(judged, sweep=replace(judged.sweep, plan=amended)))
    assert "declared before, though parts of the plan changed after trials had been run" in text


def test_the_paragraph_counts_arms_and_references_and_not_their_pairs_alone(analyse):
    both = {"lr": 0.02, "pooling": "none"}
    beside = Question("both", "Both?", arms={"both": both})
    high = Question("high", "At a high rate?", reference={"lr": 0.02}, arms={"both": both})
    text = write_paragraph(analyse(beside, high, photographs=3))
    assert "We compared 1 arm with 2 references, in 2 comparisons, on smear" in text


def test_an_arm_that_is_only_shown_does_not_hide_that_every_tested_one_is_invalid(judge):
    shown = Question("pools", "Which pooling?", factor="pooling", levels=("average",), exploratory=("none",))
    text = write_paragraph(judge(shown, outcomes={("reference", 2): "chance"}))
    assert text.endswith("No test was made, for no comparison is valid: 1 of 6 trials of the reference learnt nothing.")
