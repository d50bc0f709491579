"""What a reader is told beside a question's table."""

from dataclasses import replace

import pytest
from studies import fabricate_study

from bloodstudy.analysis import analyse_study, load_study
from bloodstudy.reporting.sections.data import describe_brought
from bloodstudy.reporting.sections.open_issues import describe_named, describe_untuned, settle
from bloodstudy.study.question import Question

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"))
RATES = Question("rates", "Which rate?", factor="lr", levels=(0.01, 0.0001))


@pytest.fixture
def write(tmp_path):
    """Return a function that tells of the first of a study's questions."""

    def told(remark, *questions):
        fabricate_study(tmp_path, questions, 6, photographs=5, copies=2)
        judged = analyse_study(load_study(tmp_path, "five_questions"))
        return remark(judged.sweep.plan.questions[0], judged)

    return told


@pytest.fixture
def untuned(write):
    return lambda *questions: write(describe_untuned, *questions)


def test_the_rate_is_that_of_the_reference_where_another_question_changes_it(untuned):
    assert "(`lr=0.0005`)" in untuned(POOLS, RATES)


def test_an_arm_with_a_name_of_its_own_is_explained(write):
    text = write(describe_named, "simplification")
    assert "`half width` is `width=0.5`; `three blocks, averaged` is `depth=3 head=average`;" in text
    assert write(describe_named, POOLS) == ""


def test_arms_at_the_rate_of_the_reference_were_never_tuned(untuned):
    assert untuned(POOLS).startswith("None of these arms was tuned: each has the reference's learning rate (`lr=")


def test_one_arm_is_named(untuned):
    one = Question("pools", "Which pooling?", factor="pooling", levels=("none",))
    assert untuned(one).startswith("`pooling=none` was never tuned: it has the reference's learning rate")


def test_nothing_is_said_where_the_rate_is_the_question(untuned):
    assert untuned(RATES) == ""


def test_an_arm_whose_model_brings_a_rate_of_its_own_has_not_that_of_the_reference(tmp_path):
    def change(result):
        if result["model"] == "compact":
            result["factors"] |= {"lr": 0.001, "batch_size": 32}

    smaller = Question("m", "Compact?", arms={"small": {"model": "compact"}})
    fabricate_study(tmp_path, (smaller, POOLS), 6, photographs=5, copies=2, change=change)
    judged = analyse_study(load_study(tmp_path, "five_questions"))
    text = describe_untuned(judged.sweep.plan.questions[0], judged)
    assert text.startswith("`small` has the learning rate that its model brings (`lr=0.001`)")
    assert "never tuned" not in text
    assert describe_brought(judged.sweep, "reference") == "The model of `small` brings `lr=0.001`, `batch_size=32`."


def test_the_command_of_a_study_put_together_from_several_is_one_that_runs(tmp_path):
    fabricate_study(tmp_path, (POOLS,), 6, photographs=5, copies=2, outcomes={("reference", 5): "missing"})
    judged = analyse_study(load_study(tmp_path, "five_questions"))
    typed = "python -m bloodstudy.run -m study=x\npython -m bloodstudy.run -m study=x seeds=8"
    judged = replace(judged, sweep=replace(judged.sweep, plan=replace(judged.sweep.plan, command=typed)))
    assert settle(judged.of("pools"), judged) == "python -m bloodstudy.run -m study=x seeds=6"
