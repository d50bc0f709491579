"""What a report says of how it was made, against the plan."""

import pytest

from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.render.markdown import template
from bloodstudy.reporting.sections import methods
from bloodstudy.study.question import Question

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"), exploratory=("strided",))


@pytest.fixture
def judge(claims_of):
    return lambda **more: claims_of(POOLS, photographs=3, **more)


def test_what_was_fixed_is_the_plan(judge):
    analysis = judge().analysis
    lines = methods.list_fixed(analysis)
    assert "arms: 2 tested against their reference, 1 only shown" in lines
    assert any(line.startswith("seeds: 0 to 5, the same") for line in lines)
    assert "decision: at 6 seeds, alpha 0.05" in lines
    assert f"plan: hash `{analysis.sweep.plan.digest}`" in lines


def test_looks_divide_alpha(judge):
    lines = methods.list_fixed(judge(seeds=10, looks=[6, 10]).analysis)
    assert "decision: at 6 and 10 seeds, alpha 0.025 (0.05 divided by 2 looks)" in lines


def test_limits_say_the_floor_and_what_cannot_be_told(judge):
    text = unmark(template("methods.md.j2").render(methods.describe_methods(judge(), [])))
    assert "could reach here is 0.0625; above alpha" in text
    assert "The class with the fewest scenes in the test has 3: under 10" in text


def test_failing_trials_are_said_to_be_left_out(judge):
    outcomes = {("pooling=none", 2): "diverged", ("pooling=none", 4): "chance"}
    lines = methods.list_excluded(judge(outcomes=outcomes))
    assert lines[0].startswith("`pooling=none`, seed 2: diverged")
    assert lines[1].startswith("`pooling=none`, seed 4: stayed at chance")


def test_a_reference_at_chance_and_a_trial_that_died_are_said_too(judge):
    outcomes = {("reference", 1): "chance", ("pooling=none", 3): "failed"}
    assert methods.list_excluded(judge(outcomes=outcomes)) == [
        "`reference`, seed 1: stayed at chance, nothing is compared with it",
        "`pooling=none`, seed 3: failed, nothing is concluded on the arm",
    ]


def test_results_beyond_the_seeds_that_are_looked_at_are_counted(judge):
    outcomes = {("pooling=none", 6): "missing", ("pooling=average", 7): "missing"}
    (line,) = methods.list_excluded(judge(seeds=8, outcomes=outcomes))
    assert unmark(line).startswith("4 trials of seeds beyond the first 6: in no effect of a tested arm")


def test_if_every_trial_counts_none_was_left_out(judge):
    assert methods.list_excluded(judge()) == ["no trial that has a result was left out"]
