"""The answers of a study: each tested arm once at a glance, its verdict beside it; words and figures of questions."""

from studies import POOLS

from bloodstudy.reporting.figures import forest
from bloodstudy.reporting.sections.answers import (
    describe_effects,
    describe_verdict,
    draw_answers,
    draw_questions,
    list_answers,
)
from bloodstudy.reporting.sections.section import style_arms
from bloodstudy.study.question import Question

RATES = Question("rates", "Which rate?", factor="lr", levels=(0.01, 0.0001))
RATE = Question("rates", "Which rate?", factor="lr", levels=(0.01,), exploratory=(0.001,))
BOTH = Question("both", "And both?", arms={"pooled": {"pooling": "average"}, "slow": {"lr": 0.0001}})


def test_the_text_of_a_figure_has_its_numbers(analyse):
    analysis = analyse(seeds=3)
    text = describe_effects(analysis.comparisons)
    for comparison in analysis.comparisons:
        mean, low, high = (100 * value for value in (comparison.test.mean, comparison.test.low, comparison.test.high))
        assert f"{comparison.pair.arm} {mean:+.2f} ({low:+.2f} to {high:+.2f})" in text


def test_each_question_has_its_figures(analyse):
    assert list(draw_questions(analyse(seeds=3))) == ["effects_pools"]
    names = ["answers", "effects_pools", "effects_rates", "dose_rates"]
    assert list(draw_questions(analyse(POOLS, RATES, seeds=3))) == names


def test_an_arm_stands_under_the_first_question_that_asks_for_it_and_one_not_tested_nowhere(analyse):
    answers = list_answers(analyse(POOLS, RATE, BOTH))
    assert {name: [c.pair.arm for c in comparisons] for name, comparisons in answers.items()} == {
        "pools": ["pooling=average", "pooling=none"], "rates": ["lr=0.01"], "both": ["slow"],
    }  # fmt: skip


def test_the_figure_holds_a_row_for_each_arm_under_its_question_and_its_word_beside(analyse):
    analysis = analyse(POOLS, RATE, outcomes={("lr=0.01", seed): "chance" for seed in range(6)})
    figure = draw_answers(analysis, style_arms(analysis))
    first, *_, last = figure.axes
    ticks = [(tick.get_text(), tick.get_fontweight()) for tick in first.get_yticklabels()]
    assert ticks == [("pools", "bold"), ("pooling=average", "normal"), ("pooling=none", "normal"), ("rates", "bold"),
                     ("lr=0.01", "normal")]  # fmt: skip
    heading, *verdicts = last.texts
    assert heading.get_text() == "verdict on test accuracy"
    words = {round(text.get_position()[1]): text.get_text() for text in verdicts}
    assert words == {row: describe_verdict(analysis.find(ticks[row][0])) for row in (1, 2, 4)}
    assert words[4] == "fails to train"


def test_an_arm_whose_effects_leave_trials_out_says_how_many_are_drawn(analyse):
    analysis = analyse(RATE, outcomes={("lr=0.01", seed): "chance" for seed in (1, 4)})
    figure = draw_answers(analysis, style_arms(analysis))
    assert figure.axes[-1].texts[-1].get_text() == "fails to train (4 of 6 drawn)"


def test_until_the_look_the_word_says_how_far_it_is(analyse):
    waiting = {(arm, 5): "missing" for arm in ("reference", "pooling=average", "lr=0.01")}
    analysis = analyse(POOLS, RATE, outcomes=waiting)
    assert describe_verdict(analysis.find("lr=0.01")) == "pending 5/6"


def test_an_interval_of_two_seeds_widens_the_axis_no_farther_than_these_lie(analyse):
    arms = ("reference", "pooling=average", "pooling=none")
    analysis = analyse(POOLS, outcomes={(arm, seed): "missing" for arm in arms for seed in range(2, 6)})
    points = max(100 * c.points[response].abs().max() for c in analysis.comparisons for response in forest.PANELS)
    wide = max(100 * abs(c.effects["test_accuracy"].high) for c in analysis.comparisons)
    left, right = draw_answers(analysis, style_arms(analysis)).axes[1].get_xlim()
    assert wide > 2 * points > 2 * analysis.comparisons[0].pair.margin * 100
    assert max(-left, right) <= 1.08 * points + 0.03 * 2.16 * points
