"""The alternative texts of a study's answers, and the figures that they belong to."""

import pytest
from studies import fabricate_study

from bloodstudy.analysis import analyse_study, load_study
from bloodstudy.reporting.sections.answers import describe_effects, draw_questions
from bloodstudy.study.question import Question

POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"))
RATES = Question("rates", "Which rate?", factor="lr", levels=(0.01, 0.0001))


@pytest.fixture
def analyse(tmp_path):
    def analysed(*questions, **more):
        fabricate_study(tmp_path, questions, 3, photographs=5, copies=2, **more)
        return analyse_study(load_study(tmp_path, "five_questions"))

    return analysed


def test_the_text_of_a_figure_has_its_numbers(analyse):
    analysis = analyse(POOLS)
    text = describe_effects(analysis.comparisons)
    for comparison in analysis.comparisons:
        effect = comparison.test
        assert (
            f"{comparison.pair.arm} {100 * effect.mean:+.2f} ({100 * effect.low:+.2f} to {100 * effect.high:+.2f})"
            in text
        )


def test_each_question_has_its_figures(analyse):
    assert list(draw_questions(analyse(POOLS))) == ["effects_pools"]
    assert list(draw_questions(analyse(POOLS, RATES))) == ["answers", "effects_pools", "effects_rates", "dose_rates"]
