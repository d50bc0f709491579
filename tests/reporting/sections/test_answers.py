"""The answers of a study: each tested arm once at a glance, its verdict beside it; words and figures of questions."""

from studies import POOLS

from bloodstudy.reporting.figures import forest
from bloodstudy.reporting.sections.answers import (
    describe_effects,
    describe_together,
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
    analysis = analyse()
    text = describe_effects(analysis.comparisons)
    for comparison in analysis.comparisons:
        mean, low, high = (100 * value for value in (comparison.test.mean, comparison.test.low, comparison.test.high))
        assert f"{comparison.pair.arm} {mean:+z.1f} ({low:+z.1f} to {high:+z.1f})" in text
    assert "(" not in describe_effects(analyse(seeds=3).comparisons), "a pilot has no intervals"


def test_each_question_has_its_figures(analyse):
    assert list(draw_questions(analyse(seeds=3))) == ["effects_pools", "levels_pools"]
    names = ["answers", "effects_pools", "levels_pools", "effects_rates", "dose_rates"]
    assert list(draw_questions(analyse(POOLS, RATES, seeds=3))) == names


def test_what_the_interval_allows_for_is_said_and_of_one_arm_at_one_look_nothing_is(analyse):
    assert describe_together(analyse(RATE)) == ""
    assert describe_together(analyse(POOLS, RATE)) == "all 3 tested arms"
    assert describe_together(analyse(RATE, seeds=8, looks=[6, 8])) == "all 2 looks"


def test_an_arm_stands_under_the_first_question_that_asks_for_it_and_one_not_tested_nowhere(analyse):
    answers = list_answers(analyse(POOLS, RATE, BOTH))
    pools, *others = answers.values()
    assert {comparison.pair.arm for comparison in pools} == {"pooling=average", "pooling=none"}
    assert pools[0].test.mean > pools[1].test.mean, "the best stands on top"
    assert [[c.pair.arm for c in comparisons] for comparisons in others] == [["lr=0.01"], ["slow"]]


def test_the_figure_holds_a_row_for_each_arm_under_its_question_and_its_word_beside(analyse):
    analysis = analyse(POOLS, RATE, outcomes={("lr=0.01", seed): "chance" for seed in range(6)})
    figure = draw_answers(analysis, style_arms(analysis))
    first, *_, last = figure.axes
    ticks = [(tick.get_text(), tick.get_fontweight()) for tick in first.get_yticklabels()]
    best, worst = list_answers(analysis)["pools"]
    assert ticks == [("pools", "bold"), (best.pair.arm, "normal"), (worst.pair.arm, "normal"), ("rates", "bold"),
                     ("lr=0.01", "normal")]  # fmt: skip
    heading, *verdicts = last.texts
    assert heading.get_text() == "verdict on test accuracy"
    words = {round(text.get_position()[1]): text.get_text() for text in verdicts}
    assert words[4] == "fails to train; dead 6 of 6"
    assert words[1] == describe_verdict(analysis.find(ticks[1][0]), analysis)


def test_an_arm_whose_effects_leave_trials_out_says_how_many_are_dead(analyse):
    analysis = analyse(RATE, outcomes={("lr=0.01", seed): "chance" for seed in (1,)})
    figure = draw_answers(analysis, style_arms(analysis))
    assert figure.axes[-1].texts[-1].get_text().endswith("; dead 1 of 6")


def test_the_verdict_says_at_which_look_it_fell_and_until_then_how_far_it_is(analyse):
    waiting = {(arm, 7): "missing" for arm in ("reference", "pooling=average", "pooling=none", "lr=0.01")}
    planted = {"lr=0.01": (-30.0, -40.0)}
    analysis = analyse(POOLS, RATE, seeds=8, looks=[6, 8], outcomes=waiting, planted=planted, noise=2.0)
    assert describe_verdict(analysis.find("lr=0.01"), analysis).endswith(" (look 1)")
    assert describe_verdict(analysis.find("pooling=none"), analysis).startswith("open 1/2")
    assert "looks" not in draw_questions(analysis)
    done = analyse(POOLS, RATE, seeds=8, looks=[6, 8], planted=planted, noise=2.0)
    assert "looks" in draw_questions(done)


def test_a_study_judged_afterwards_says_so_above_its_verdicts(analyse):
    analysis = analyse(POOLS, RATE, design=None)
    heading = draw_answers(analysis, style_arms(analysis)).axes[-1].texts[0].get_text()
    assert heading == "verdict on test accuracy,\njudged afterwards"


def test_a_wide_interval_widens_the_axis_no_farther_than_the_points_lie(analyse):
    analysis = analyse(POOLS, RATE, seeds=12, looks=[6, 12], noise=2.0, planted={},
                       outcomes={("reference", seed): "missing" for seed in range(6, 12)})  # fmt: skip
    points = max(100 * c.points[response].abs().max() for c in analysis.comparisons for response in forest.PANELS)
    wide = max(100 * abs(c.effects["test_accuracy"].high) for c in analysis.comparisons)
    left, right = draw_answers(analysis, style_arms(analysis)).axes[1].get_xlim()
    assert wide > points
    assert max(-left, right) <= 1.08 * points + 0.03 * 2.16 * points
