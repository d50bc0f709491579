"""The answers at a glance: each tested arm once, its verdict beside it."""

import pytest
from studies import fabricate_study

from bloodstudy.analysis import analyse_study, load_study
from bloodstudy.reporting.figures import forest, style
from bloodstudy.reporting.sections import summary_figure
from bloodstudy.study.question import Question

SMALL = {"photographs": 5, "copies": 2}
POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"))
RATES = Question("rates", "Which rate?", factor="lr", levels=(0.01,), exploratory=(0.001,))
BOTH = Question("both", "And both?", arms={"pooled": {"pooling": "average"}, "slow": {"lr": 0.0001}})


@pytest.fixture
def judge(tmp_path):
    def judged(*questions, seeds=6, **more):
        fabricate_study(tmp_path / "runs", questions, seeds, **SMALL | more)
        return analyse_study(load_study(tmp_path / "runs", "five_questions"))

    return judged


def test_an_arm_stands_under_the_first_question_that_asks_for_it_and_one_not_tested_nowhere(judge):
    answers = summary_figure.list_answers(judge(POOLS, RATES, BOTH))
    assert {name: [c.pair.arm for c in own] for name, own in answers.items()} == {
        "pools": ["pooling=average", "pooling=none"], "rates": ["lr=0.01"], "both": ["slow"],
    }  # fmt: skip


def test_the_figure_holds_a_row_for_each_arm_under_its_question_and_its_word_beside(judge):
    judged = judge(POOLS, RATES, outcomes={("lr=0.01", seed): "chance" for seed in range(6)})
    figure = summary_figure.draw_answers(judged, style.style_study(judged.sweep.arms, ["reference"]))
    first, *_, last = figure.axes
    ticks = [(tick.get_text(), tick.get_fontweight()) for tick in first.get_yticklabels()]
    assert ticks == [("pools", "bold"), ("pooling=average", "normal"), ("pooling=none", "normal"), ("rates", "bold"),
                     ("lr=0.01", "normal")]  # fmt: skip
    heading, *own = last.texts
    assert heading.get_text() == "verdict on test accuracy"
    words = {round(text.get_position()[1]): text.get_text() for text in own}
    assert words == {row: summary_figure.describe_verdict(judged.find(ticks[row][0])) for row in (1, 2, 4)}
    assert words[4] == "fails to train"


def test_an_arm_whose_effects_leave_trials_out_says_how_many_are_drawn(judge):
    judged = judge(RATES, outcomes={("lr=0.01", seed): "chance" for seed in (1, 4)})
    figure = summary_figure.draw_answers(judged, style.style_study(judged.sweep.arms, ["reference"]))
    assert figure.axes[-1].texts[-1].get_text() == "fails to train (4 of 6 drawn)"


def test_until_the_look_the_word_says_how_far_it_is(judge):
    waiting = {(arm, 5): "missing" for arm in ("reference", "pooling=average", "lr=0.01")}
    judged = judge(POOLS, RATES, outcomes=waiting)
    assert summary_figure.describe_verdict(judged.find("lr=0.01")) == "pending 5/6"


def test_an_interval_of_two_seeds_widens_the_axis_no_farther_than_these_lie(judge):
    arms = ("reference", "pooling=average", "pooling=none")
    judged = judge(POOLS, outcomes={(arm, seed): "missing" for arm in arms for seed in range(2, 6)})
    points = max(100 * c.points[response].abs().max() for c in judged.comparisons for response in forest.PANELS)
    wide = max(100 * abs(c.effects["test_accuracy"].high) for c in judged.comparisons)
    left, right = (
        summary_figure.draw_answers(judged, style.style_study(judged.sweep.arms, ["reference"])).axes[1].get_xlim()
    )
    assert wide > 2 * points > 2 * judged.comparisons[0].pair.margin * 100
    assert max(-left, right) <= 1.08 * points + 0.03 * 2.16 * points
