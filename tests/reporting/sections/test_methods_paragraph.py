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
    for words in ("2 arms", "smear (official split)", "6 random seeds", "margin 2 points", "alpha = 0.05"):
        assert words in text


@pytest.mark.parametrize(
    ("photographs", "said"),
    [
        (3, "could not be judged: of one class the test set shows 3 scenes only."),
        (10, "was judged with seeds and scenes both random"),
    ],
)
def test_the_paragraph_claims_no_analysis_that_could_not_be_made(judge, photographs, said):
    text = write_paragraph(judge(photographs=photographs))
    assert f"Whether a decision holds for new photographs {said}" in text


def test_the_paragraph_says_which_test_images_of_the_clean_split_count(judge):
    clean = {"test_accuracy": 0.7, "test_images_clean": 16, "test_accuracy_clean": 0.7, "accuracy_gap_clean": 0.2}
    text = write_paragraph(judge(judged="official_clean", change=lambda result: result["responses"].update(clean)))
    assert "(official split, without the 8 of 24 test images whose scene is in training)" in text


def test_the_paragraph_of_a_pilot_says_that_nothing_was_tested(judge):
    assert "So far, with 4 seeds, no test was made" in write_paragraph(judge(seeds=4))
    assert "So far, with 1 seed, no test was made" in write_paragraph(judge(seeds=1))
    assert "no test was made" not in write_paragraph(judge())


def test_the_paragraph_of_comparisons_that_are_all_invalid_says_why_and_offers_no_estimates(judge):
    text = write_paragraph(judge(outcomes={("reference", 2): "chance"}))
    assert text.endswith(
        "No test was made, for no comparison is valid: the reference itself stayed at chance on seed 2."
    )
    assert "estimates" not in text
    assert "was tested for" not in text


def test_the_paragraph_names_the_arms_that_failed_and_were_not_tested(judge):
    text = write_paragraph(judge(outcomes={("pooling=none", 2): "chance", ("pooling=none", 3): "diverged"}))
    assert "are in no effect (pooling=none: 2 of 6); such an arm was not tested, and counts with p = 1. " in text
    assert "are in no effect" not in write_paragraph(judge())


def test_the_paragraph_of_a_study_whose_every_arm_failed_says_that_nothing_was_tested(judge):
    outcomes = {(f"pooling={level}", seed): "diverged" for level in ("average", "none") for seed in range(6)}
    text = write_paragraph(judge(outcomes=outcomes))
    assert "(pooling=average: 6 of 6 and pooling=none: 6 of 6)" in text
    assert text.endswith("such an arm was not tested, and counts with p = 1. So no test was made.")


def test_the_paragraph_says_how_the_reference_was_trained(judge):
    text = write_paragraph(judge())
    setting = "with adam at a learning rate of 0.0005 and batches of 100 on images of 60 x 80 pixels (rgb)"
    assert f"The reference (network: reference) was trained for 30 epochs {setting}." in text


def test_of_one_arm_nothing_is_said_of_others(judge):
    text = write_paragraph(judge(Question("pools", "Which pooling?", factor="pooling", levels=("none",))))
    assert "We compared 1 arm with a reference" in text
    assert "Holm" not in text


def test_the_paragraph_of_an_amended_plan_does_not_say_that_all_was_planned_before(judge):
    judged = judge()
    assert "with the decision planned at 6 seeds before any trial was run." in write_paragraph(judged)
    amended = replace(judged.sweep.plan, amendments=["looks: [4] became [6]"])
    text = write_paragraph(replace(judged, sweep=replace(judged.sweep, plan=amended)))
    assert "planned at 6 seeds and parts of the plan changed after trials had been run." in text
