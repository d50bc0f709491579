"""What the plan declared, and which trials are in no effect."""

import pytest

from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.sections import declared
from bloodstudy.study.question import Question

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"), exploratory=("strided",))


@pytest.fixture
def judge(claims_of):
    return lambda **more: claims_of(POOLS, photographs=3, **more)


def test_what_was_declared_is_the_plan(judge):
    analysis = judge().analysis
    lines = declared.list_declared(analysis)
    assert "arms: 2 tested against their reference, 1 only shown" in lines
    assert any(line.startswith("seeds: 0 to 5, the same") for line in lines)
    assert "decision: 1 look, at 6 seeds; alpha 0.05 for the study over all its verdicts" in lines
    assert f"plan: hash `{analysis.sweep.plan.digest}`" in lines


def test_blocks_of_folds_are_one_line_and_their_data_too(judge):
    lines = declared.list_declared(judge(seeds=2, folds=3).analysis)
    assert any(line.startswith("blocks: 2 repetitions of 3 folds, seeds 0 to 5") for line in lines)
    (data,) = (line for line in lines if line.startswith("data: "))
    assert data.count("`smear`") == 1
    assert "split_seed" not in data


def test_without_a_design_it_is_said_that_no_looks_were_declared(judge):
    lines = declared.list_declared(judge(design=None).analysis)
    assert any("no looks were declared; judged afterwards as one look at 6 seeds" in line for line in lines)
    assert any("a pilot, since under 6 seeds" in line for line in declared.list_declared(judge(seeds=4).analysis))


def test_dead_trials_are_said_to_be_left_out_and_failed_ones_to_be_trained_again(judge):
    outcomes = {("pooling=none", 2): "diverged", ("pooling=none", 4): "chance", ("pooling=average", 3): "failed"}
    assert declared.list_excluded(judge(outcomes=outcomes)) == [
        "`pooling=none`, seed 2: diverged, in no effect",
        "`pooling=none`, seed 4: learnt nothing, in no effect",
        "`pooling=average`, seed 3: failed, which says nothing of the arm: `retry=failed` trains it again",
    ]


def test_a_dead_reference_is_in_no_effect_of_any_arm(judge):
    assert declared.list_excluded(judge(outcomes={("reference", 1): "chance"})) == [
        "`reference`, seed 1: learnt nothing, in no effect of any arm"
    ]


def test_results_beyond_the_repetitions_that_are_looked_at_are_counted(judge):
    outcomes = {("pooling=none", 6): "missing", ("pooling=average", 7): "missing"}
    (line,) = declared.list_excluded(judge(seeds=8, outcomes=outcomes))
    assert unmark(line).startswith("4 trials beyond the first 6 seeds: in no effect of a tested arm")


def test_if_every_trial_counts_none_was_left_out(judge):
    assert declared.list_excluded(judge()) == ["no planned trial that has a result was left out"]
