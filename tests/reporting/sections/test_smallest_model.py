"""The smallest model, in a sentence and a strip of margins."""

from bloodstudy.reporting.claims.ledger import unmark
from bloodstudy.reporting.sections import smallest_model


def test_the_answer_names_an_arm_and_the_margins_agree_with_it(claims_of):
    claims = claims_of("simplification")
    assert smallest_model.SECTION.when(claims.analysis)
    texts = smallest_model.describe_simplest(claims, [])
    assert texts["figure"] == ""
    answer, margins = unmark(texts["answer"]), unmark(texts["margins"])
    simplest = smallest_model.find_simplest(claims.analysis, "simplification").smallest
    assert simplest
    stays = "stays" in answer
    assert stays == (simplest == "reference")
    assert stays or f"`{simplest}` is the smallest model" in answer
    assert f"| `{simplest}` |" in margins


def test_a_study_that_does_not_ask_has_no_answer(claims_of):
    claims = claims_of("pooling")
    assert not smallest_model.SECTION.when(claims.analysis)
    assert smallest_model.answer_question(claims) == ""
