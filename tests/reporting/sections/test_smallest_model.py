"""The smallest model, in a sentence and a strip of margins."""

import pytest
from studies import fabricate_study

from bloodstudy.analysis import analyse_study, load_study
from bloodstudy.reporting.claims.ledger import Ledger, unmark
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.sections import smallest_model


@pytest.fixture
def claims_of(tmp_path):
    def analysed(question):
        fabricate_study(tmp_path, (question,), 6, photographs=5, copies=2)
        return StudyClaims(analyse_study(load_study(tmp_path, "five_questions")), Ledger())

    return analysed


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
