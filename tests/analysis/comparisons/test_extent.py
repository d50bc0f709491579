"""How far arms are trained: to the look that closed them, or to the last one that the budget pays."""

from dataclasses import replace

import pytest

from bloodstudy.analysis import analyse_study, follow_study, list_needed
from bloodstudy.analysis.comparisons.extent import count_trainings

ARMS = {"reference": 0.8, "far": 0.4, "near": lambda seed: 0.8 - 0.02 * (seed % 3)}
QUESTIONS = [{"name": "q", "reference": "reference", "arms": list(ARMS), "margin": 0.02}]


@pytest.fixture
def follow(study_of):
    """Return a function that makes a study of 16 planned seeds, some trained, and says what its looks said."""

    def follow(seeds, budget=None, **more):
        missing = {(arm, seed): "missing" for arm in ARMS for seed in range(seeds, 16)}
        asked = {"seeds": range(16), "looks": (6, 10, 16), "design": "fixed", "questions": QUESTIONS}
        sweep = study_of(ARMS, **asked, outcomes=missing, **more)
        plan = replace(sweep.plan, budget=budget)
        return plan, follow_study(replace(sweep, plan=plan))[1]

    return follow


def told(followed):
    return {pair.arm: (str(course.verdict.word), course.verdict.look) for pair, (_, course) in followed.items()}


def test_nothing_is_spared_before_the_first_look(follow):
    plan, followed = follow(5)
    assert list_needed(plan, followed) == list(plan.trials)


def test_a_closed_arm_gets_no_more_blocks_and_its_reference_goes_on_for_the_others(follow):
    plan, followed = follow(6)
    assert told(followed)["far"] == ("harms", 1)
    needed = {(trial.arm, trial.seed) for trial in list_needed(plan, followed)}
    assert ("far", 5) in needed
    assert ("far", 6) not in needed
    assert {("near", 15), ("reference", 15)} <= needed
    assert count_trainings(plan, followed, 1) == 3 * 6 + 2 * 4


@pytest.mark.parametrize(("budget", "stopped"), [(None, False), ("26", False), ("25 trainings, from 6h", True)])
def test_a_budget_ends_the_study_at_the_last_look_that_it_pays(follow, budget, stopped):
    plan, followed = follow(6, budget)
    word, look = told(followed)["near"]
    assert (word, look) == (("inconclusive", 1) if stopped else ("open", 1))
    ends = {trial.seed for trial in list_needed(plan, followed) if trial.arm == "near"}
    assert max(ends) == (5 if stopped else 15)


def test_an_arm_that_is_only_shown_goes_as_far_as_those_of_its_question(follow):
    plan, followed = follow(6, roles={"near": "exploratory"})
    ends = {arm: max(t.seed for t in list_needed(plan, followed) if t.arm == arm) for arm in ARMS}
    assert ends == {"reference": 5, "far": 5, "near": 5}


def test_what_a_look_has_spared_is_neither_missing_nor_asked_for(study_of):
    missing = {("far", seed): "missing" for seed in range(6, 16)} | {("near", 15): "missing"}
    asked = {"seeds": range(16), "looks": (6, 10, 16), "design": "fixed", "questions": QUESTIONS}
    judged = analyse_study(study_of(ARMS, **asked, outcomes=missing))
    outcomes = judged.sweep.trials.groupby("arm")["outcome"].value_counts()
    assert outcomes["far", "spared"] == 10
    assert outcomes["near", "missing"] == 1
    assert ("far", "missing") not in outcomes.index
