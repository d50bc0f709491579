"""The smallest model, in a sentence and a strip of margins."""

import pytest

from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.figures.style import look
from bloodstudy.reporting.sections import smallest_model
from bloodstudy.reporting.sections.glance import tabulate_glance
from bloodstudy.study.question import Question


def test_the_answer_names_an_arm_and_the_margins_agree_with_it(claims_of):
    claims = claims_of("simplification")
    assert smallest_model.SECTION.when(claims.analysis)
    texts = smallest_model.describe_simplest(claims, [])
    (told,) = texts["questions"]
    assert (told["title"], told["figure"]) == ("", "")
    answer, margins = unmark(told["answer"]), unmark(told["margins"])
    simplest = smallest_model.find_simplest(claims.analysis, "simplification").smallest
    assert simplest
    stays = "stays" in answer
    assert stays == (simplest == "reference")
    assert stays or f"`{simplest}` is the smallest model" in answer
    assert f"| `{simplest}` |" in margins


def test_a_study_that_does_not_ask_has_no_answer(claims_of):
    claims = claims_of("pooling")
    assert not smallest_model.SECTION.when(claims.analysis)
    assert smallest_model.answer_question(claims.analysis.sweep.plan.questions[0], claims) == ""


def test_each_question_that_asks_for_the_smallest_model_is_answered(claims_of):
    asked = [
        Question("one", "In width?", arms={"thin": {"width": 0.5}}, margin=0.5, simplify=True),
        Question("two", "In depth?", arms={"flat": {"depth": 3}}, margin=0.4, simplify=True),
    ]
    claims = claims_of(*asked, planted={})
    told = smallest_model.describe_simplest(claims, ["parameters_one", "parameters_two"])["questions"]
    assert [own["title"] for own in told] == ["In width?", "In depth?"]
    assert [own["figure"].partition("](")[2] for own in told] == [
        "figures/parameters_one.png)", "figures/parameters_two.png)",
    ]  # fmt: skip
    assert [*smallest_model.draw_simplest(claims.analysis)] == ["parameters_one", "parameters_two"]
    glance = unmark(tabulate_glance(claims))
    for own, margin in zip(told, (50, 40), strict=True):
        assert unmark(own["answer"]) in glance
        assert f"{margin} points" in own["answer"]


@pytest.mark.parametrize("width", [0.9, 0.1])
def test_sizes_can_be_read_off_the_axis_however_close_they_are(claims_of, width):
    sizes = {"thin": round(22_476 * width)}
    resize = lambda result: result.update(parameters=sizes.get(result["arm"], 22_476))  # noqa: E731
    asked = Question("one", "In width?", arms={"thin": {"width": width}}, margin=0.5, simplify=True)
    analysis = claims_of(asked, planted={}, change=resize).analysis
    with look():
        figure = smallest_model.draw_simplest(analysis)["parameters"]()
        figure.canvas.draw()
    (axes,) = figure.axes
    left, right = axes.get_xlim()
    numbers = [tick.label1.get_text() for tick in axes.xaxis.get_major_ticks() if left <= tick.get_loc() <= right]
    assert [text for text in numbers if text]
