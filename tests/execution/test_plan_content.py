"""What a study decides, from questions and trials that are made up."""

import pytest
from records import plan_of

from bloodstudy.cli.compose import RequestedTrial
from bloodstudy.cli.request import StudyRequest
from bloodstudy.config import schema
from bloodstudy.errors import UserError
from bloodstudy.execution import plan_content
from bloodstudy.study.design import Design
from bloodstudy.study.question import Question

POOLS = Question("pools", "Pooling?", factor="pooling", levels=("max", "average"))
BOTH = Question("both", "Both?", arms={"half": {"dropout": 0.5}}, factorial={"dropout": [0.0, 0.5], "pooling": ["max"]})
SETTINGS = schema.settings(schema.defaults())


def plan(*questions):
    """Return the request, the trials of one seed and its arms; max pooling and no dropout are the reference's own."""
    request = StudyRequest(None, questions)
    usual = {("pooling", "max"), ("dropout", 0.0)}
    keys = [str(sorted(set(arm.levels.items()) - usual)) for arm in request.arms]
    trials = [{"key": key, "arm": arm.name} for key, arm in zip(keys, request.arms, strict=True)]
    trials = plan_of({"trials": trials}).trials
    return request, trials, plan_content.merge_arms(request, trials)


def test_arms_that_turn_out_to_be_one_trial_are_one_arm():
    request, _, arms = plan(POOLS)
    assert [arm.name for arm in request.arms] == ["reference", "pooling=max", "pooling=average"]
    assert [(arm.name, arm.role) for arm in arms] == [("reference", "reference"), ("pooling=average", "confirmatory")]


def test_cells_of_a_product_are_named_by_the_arms_that_they_are():
    request, trials, _ = plan(BOTH)
    assert plan_content.find_cells(request, trials) == {
        "both": {"reference": {"dropout": 0.0, "pooling": "max"}, "half": {"dropout": 0.5, "pooling": "max"}}
    }


@pytest.mark.parametrize(("questions", "swept"), [
    ((POOLS,), {"pooling": ["max", "average"], "seed": [0]}),
    ((POOLS, BOTH), {"arm": ["reference", "pooling=average", "half"], "seed": [0]}),
])  # fmt: skip
def test_one_question_about_one_factor_is_a_sweep_over_that_factor(questions, swept):
    request, trials, arms = plan(*questions)
    names = [arm.name for arm in arms]
    trials = [trial for trial in trials if trial.arm in names]
    found, labelled = plan_content.label(request, arms, SETTINGS, trials)
    assert found == swept
    key = next(iter(swept))
    assert [trial.levels[key] for trial in labelled] == swept[key]


def test_a_study_decides_margins_roles_and_what_all_its_trials_share():
    request, _, arms = plan(POOLS, BOTH)
    reference = {"epochs": 3, "pooling": "max", "seed": 0, "data.root": "x", "retry": "all"}
    design, first = Design("fixed", 1, (6, 9)), RequestedTrial(reference, SETTINGS)
    decided = plan_content.decide(plan_of({}), request, design, arms, first, {"both": {"half": {"dropout": 0.5}}})
    assert (decided.design, decided.folds, decided.looks) == ("fixed", 1, [6, 9])
    assert decided.common == {"epochs": 3}
    pools, both = decided.questions
    assert (pools.margin, pools.arms, pools.cells) == (0.02, ["reference", "pooling=average"], {})
    assert (both.arms, both.cells) == (["reference", "half"], {"half": {"dropout": 0.5}})
    assert decided.arms["half"].to_dict() == {"role": "confirmatory", "levels": {"dropout": 0.5}}


@pytest.mark.parametrize(("arms", "told"), [
    ({"a": {"dropout": 0.1}, "b": {"dropout": 0.1, "pooling": "max"}}, "the arm 'b' is the arm 'a': it sets nothing"),
    ({"a": {"dropout": 0.1}, "c": {"pooling": "max"}}, "the arm 'c' is its reference: it sets nothing else"),
])  # fmt: skip
def test_two_arms_of_a_question_that_are_the_same_are_refused(arms, told):
    with pytest.raises(UserError, match=told):
        plan(Question("same", "Same?", arms=arms))


def test_a_question_whose_levels_are_all_the_reference_s_is_refused():
    with pytest.raises(UserError, match="every level is the reference's, so it asks nothing"):
        plan(Question("none", "None?", factor="pooling", levels=("max",)))
