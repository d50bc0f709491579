"""What a reader is told beside a question's table."""

import pytest
from studies import fabricate_study

from bloodstudy.analysis import judge_sweep, read_sweep
from bloodstudy.design import Question
from bloodstudy.reporting.remarks import tell_untuned

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"))
RATES = Question("rates", "Which rate?", factor="lr", levels=(0.01, 0.0001))


@pytest.fixture
def untuned(tmp_path):
    """Return a function that tells of a study of one question what was never tuned."""

    def told(question):
        fabricate_study(tmp_path, (question,), 6, photographs=5, copies=2)
        judged = judge_sweep(read_sweep(tmp_path, "five_questions"))
        return tell_untuned(judged.sweep.plan["questions"][0], judged)

    return told


def test_arms_at_the_rate_of_the_reference_were_never_tuned(untuned):
    assert untuned(POOLS).startswith("None of these arms was tuned: each has the reference's learning rate (`lr=")


def test_one_arm_is_named(untuned):
    one = Question("pools", "Which pooling?", factor="pooling", levels=("none",))
    assert untuned(one).startswith("`pooling=none` was never tuned: it has the reference's learning rate")


def test_nothing_is_said_where_the_rate_is_the_question(untuned):
    assert untuned(RATES) == ""
