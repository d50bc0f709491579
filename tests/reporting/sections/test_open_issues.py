"""What a reader is told beside a question's table."""

from dataclasses import replace

import pytest
from studies import POOLS

from bloodstudy.reporting.sections import open_issues
from bloodstudy.reporting.sections.levels import describe_brought
from bloodstudy.reporting.sections.open_issues import describe_named, describe_untuned
from bloodstudy.study.question import Question

RATES = Question("rates", "Which rate?", factor="lr", levels=(0.01, 0.0001))


@pytest.fixture
def write(analyse):
    """Return a function that describes the first of a study's questions."""

    def written(describe, *questions, **more):
        analysis = analyse(*questions, **more)
        return describe(analysis.sweep.plan.questions[0], analysis)

    return written


def test_the_rate_is_that_of_the_reference_even_if_another_question_changes_it(write):
    assert "(`lr=0.0005`)" in write(describe_untuned, POOLS, RATES)


def test_an_arm_with_a_name_of_its_own_is_explained(write):
    text = write(describe_named, "simplification")
    assert "`half width` is `width=0.5`; `three blocks, averaged` is `depth=3 head=average`;" in text
    assert write(describe_named, POOLS) == ""


def test_arms_at_the_rate_of_the_reference_were_never_tuned(write):
    assert write(describe_untuned).startswith(
        "None of these arms was tuned: each has the reference's learning rate (`lr="
    )


def test_one_arm_is_named(write):
    one = Question("pools", "Which pooling?", factor="pooling", levels=("none",))
    assert write(describe_untuned, one).startswith(
        "`pooling=none` was never tuned: it has the reference's learning rate"
    )


def test_nothing_is_said_if_the_rate_is_the_question(write):
    assert write(describe_untuned, RATES) == ""


def test_an_arm_whose_model_brings_a_rate_of_its_own_has_not_that_of_the_reference(analyse):
    def change(result):
        if result["model"] == "compact":
            result["factors"] |= {"lr": 0.001, "batch_size": 32}

    smaller = Question("m", "Compact?", arms={"small": {"model": "compact"}})
    analysis = analyse(smaller, POOLS, change=change)
    text = describe_untuned(analysis.sweep.plan.questions[0], analysis)
    assert text.startswith("`small` has the learning rate that its model brings (`lr=0.001`)")
    assert "never tuned" not in text
    assert describe_brought(analysis.sweep, "reference") == "The model of `small` brings `lr=0.001`, `batch_size=32`."


def test_the_command_of_a_study_put_together_from_several_is_one_that_runs(analyse):
    analysis = analyse(outcomes={("reference", 5): "missing"})
    typed = "python -m bloodstudy.run -m study=x\npython -m bloodstudy.run -m study=x seeds=8"
    plan = replace(analysis.sweep.plan, command=typed)
    analysis = replace(analysis, sweep=replace(analysis.sweep, plan=plan))
    assert open_issues.settle(analysis.of("pools"), analysis) == "python -m bloodstudy.run -m study=x seeds=6"


@pytest.mark.parametrize(("arguments", "longer"), [
    ("study=a data=kaggle", "study=a data=kaggle seeds=13"),
    ("study=a seeds=5 lr=0.1", "study=a lr=0.1 seeds=13"),
    ("'data.root=my images'", "'data.root=my images' seeds=13"),
])  # fmt: skip
def test_the_settling_command_asks_for_a_total(arguments, longer):
    command = "python -m bloodstudy.run -m"
    assert open_issues._with_seeds(f"{command} {arguments}", 13) == f"{command} {longer}"
