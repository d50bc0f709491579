"""What may be declared as a response; tests/test_extend.py declares one through the real command."""

import lab
import pytest

from bloodstudy.cli.request import StudyRequest
from bloodstudy.cli.response import list_unfit
from bloodstudy.study.question import Study, read_question

LOSS = '@bs.metric("brier", higher_is_better=False)\ndef brier(probabilities, labels):\n    return 0.5\n'


@pytest.mark.parametrize(
    ("responses", "design", "says"),
    [
        ([None, None], "folds", ""),
        (["test_auc"], "fixed", ""),
        (["test_auc"], "folds", "response: test_auc is one number a trial, and design=folds weighs each image"),
        (["test_auc", None], "fixed", "response: the questions do not all declare 'test_auc'"),
        (["brier"], "fixed", "response: brier is better if it is lower"),
        (
            ["test_auk"],
            "fixed",
            "expected one of test_auc, brier, or no such line.*received 'test_auk'. Did you mean 'test_auc'",
        ),
    ],
)
def test_only_one_metric_that_is_known_and_rises_is_a_response(tmp_path, responses, design, says):
    with lab.extended(tmp_path, lab.TEXT + lab.METRIC + LOSS):
        problems = list_unfit(responses, design)
    assert len(problems) == bool(says)
    if says:
        with pytest.raises(ValueError, match=says):
            raise ValueError(*problems)


def test_without_an_extension_the_message_names_the_way_to_one():
    (problem,) = list_unfit(["test_auc"], "fixed")
    assert "expected a metric of an extension, which extend=FILE brings" in problem


def test_a_study_with_a_metric_as_response_takes_seeds_unless_folds_are_asked_for():
    pooling = read_question("pooling")
    study = StudyRequest(Study("s", "S", ("pooling",), {}, response="test_auc"), (pooling,))
    assert study.response == "test_auc"
    assert study.settle({}).name == "fixed"
    assert study.settle({"design": "folds"}).name == "folds"
