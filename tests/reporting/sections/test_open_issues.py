"""What a reader is told beside a question's table."""

from dataclasses import replace

import pytest
from studies import POOLS

from bloodstudy.reporting.claims.ledger import unmark
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


def test_what_goes_on_with_open_arms_is_the_command_of_the_plan(analyse):
    analysis = analyse(outcomes={("reference", 5): "missing"})
    typed = "python -m bloodstudy.run -m study=x\npython -m bloodstudy.run -m study=x looks=[6]"
    analysis = replace(analysis, sweep=replace(analysis.sweep, plan=replace(analysis.sweep.plan, command=typed)))
    assert open_issues.settle(analysis.of("pools"), analysis) == typed
    assert open_issues.settle(analyse().of("pools"), analyse()) == ""


def test_what_is_open_is_counted_in_trainings_and_what_is_not_decided_is_named(claims_of):
    claims = claims_of(seeds=8, looks=[6, 8], planted={}, noise=2.0, outcomes={("pooling=none", 6): "missing"})
    lines = [unmark(line) for line in open_issues.describe_open(claims.sweep.plan.questions[0], claims)]
    assert lines[0] == "`pooling=average` and `pooling=none` are open."
    assert lines[1].startswith("The next look, at 8 seeds, takes 1 more training:")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"seeds": 4}, "Under 6 seeds a study stays a pilot"),
        ({"planted": {}, "noise": 2.0}, "More seeds of this study would be exploratory"),
        ({"seeds": 2, "folds": 3, "planted": {}, "noise": 2.0}, "with `first_repetition` after those"),
    ],
)
def test_what_a_further_verdict_takes_is_said(claims_of, more, said):
    claims = claims_of(**more)
    assert said in open_issues.describe_extension(claims.analysis.of("pools"), claims)


def test_an_arm_that_waits_for_a_failed_trial_says_how_to_train_it_again(claims_of):
    claims = claims_of(outcomes={("pooling=none", 2): "failed"})
    lines = open_issues.describe_open(claims.sweep.plan.questions[0], claims)
    assert any("`pooling=none`: Its next look waits for seed 2" in line and "`retry=failed`" in line for line in lines)
