from dataclasses import replace

import pytest
import yaml

from bloodstudy.study.arms import Role
from bloodstudy.study.plan import Plan
from bloodstudy.study.planned import PlannedArm, PlannedQuestion, PlannedTrial
from bloodstudy.study.stored_rules import check_plan

DATA = {"name": "smear", "task": "subtype", "view": "field", "split": "official", "fingerprint": "f" * 16}
TRIALS = tuple(
    PlannedTrial(f"{16 * arm}"[:15] + str(seed), arm, seed, {"arm": arm}, DATA, "official")
    for seed in (0, 1) for arm in "ab"
)  # fmt: skip
QUESTION = PlannedQuestion("pools", "Does pooling matter?", "pooling", "a", ("a", "b"), 0.02)
ARMS = {"a": PlannedArm(Role.REFERENCE, {}), "b": PlannedArm(Role.CONFIRMATORY, {"pooling": "average"})}
PLAN = Plan("tiny", "run", {}, TRIALS, "1", "?", "float32", (0, 1), "Tiny", questions=(QUESTION,), arms=ARMS)


@pytest.mark.parametrize(
    "change", [{"title": "Other"}, {"seeds": (0,)}, {"trials": TRIALS[:3]}, {"looks": (1,)}, {"common": {"lr": 0.1}}]
)
def test_what_a_plan_decides_is_part_of_its_digest(change):
    assert replace(PLAN, **change).digest != PLAN.digest


def test_how_it_was_typed_and_what_it_is_called_are_not():
    assert replace(PLAN, command="run -m", study="other", hash="0" * 16).digest == PLAN.digest


def test_a_study_is_launched_one_repetition_after_another_and_a_plain_sweep_at_once():
    assert PLAN.portions == [list(TRIALS[:2]), list(TRIALS[2:])]
    assert replace(PLAN, questions=()).portions == [list(TRIALS)]
    assert replace(PLAN, design="folds", folds=2).portions == [list(TRIALS)], "two seeds are the two folds of one"


def test_the_file_says_everything_in_full_and_gives_the_same_plan_back(tmp_path):
    size = {"image_size": (24, 32)}
    plan = replace(PLAN, common=size, arms=ARMS | {"c": PlannedArm(Role.EXPLORATORY, size)})
    plan.write(tmp_path)
    text = (tmp_path / "plan.yaml").read_text()
    assert "&" not in text, "no anchor: a person reads it"
    back = Plan.from_dict(yaml.safe_load(text))
    assert (back.dump(), back.digest) == (text, plan.digest)


FOLDS = {"design": "folds", "folds": 2, "looks": [1]}


@pytest.mark.parametrize(("change", "told"), [
    ({"looks": []}, "looks: expected"), ({"looks": [2]}, "at most 1 repetitions"), ({"looks": [0]}, "rising"),
    ({"looks": [1, 1]}, "rising"), ({"folds": 0}, "folds: expected"), ({"folds": 3}, "folds: expected"),
    ({"budget": "much"}, "budget: expected"), ({"design": None, "looks": [-1]}, "rising"),
])  # fmt: skip
def test_a_design_that_nothing_could_judge_is_refused(change, told):
    check_plan(replace(PLAN, **FOLDS))
    with pytest.raises(ValueError, match=told):
        check_plan(replace(PLAN, **FOLDS | change))


@pytest.mark.parametrize(
    ("budget", "paid"), [(None, None), ("6h", None), ("300", 300), ("412 trainings, from 6h", 412)]
)
def test_a_budget_is_a_number_of_trainings_once_hours_are_turned_into_them(budget, paid):
    assert replace(PLAN, budget=budget).trainings_paid == paid
