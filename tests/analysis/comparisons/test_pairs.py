import pandas as pd
import pytest
from records import plan_of

from bloodstudy.analysis.comparisons.pairs import Pair, flag_no_ops, list_pairs


def planned(questions, roles, seeds=range(10), **more):
    trials = [{"arm": arm, "seed": seed, "levels": {"arm": arm, "seed": seed}} for seed in seeds for arm in roles]
    arms = {arm: {"role": role, "levels": {}} for arm, role in roles.items()}
    return plan_of({"questions": questions, "arms": arms, "trials": trials, **more})


def ask(name, reference, arms, margin=0.02):
    return {"name": name, "reference": reference, "arms": arms, "margin": margin}


ROLES = {"reference": "reference", "a": "confirmatory", "b": "confirmatory", "far": "exploratory"}


def test_pairs_come_in_the_order_of_the_plan_with_their_roles():
    pairs = list_pairs(planned([ask("q", "reference", ["reference", "b", "a", "far"])], ROLES))
    assert pairs == [
        Pair("b", "reference", "confirmatory", ("q",), 0.02), Pair("a", "reference", "confirmatory", ("q",), 0.02),
        Pair("far", "reference", "exploratory", ("q",), 0.02),
    ]  # fmt: skip
    assert [pair.tested for pair in pairs] == [True, True, False]


@pytest.mark.parametrize("margins", [(0.01, 0.03), (0.03, 0.01)])
def test_an_arm_of_two_questions_is_one_pair_with_the_smaller_margin(margins):
    questions = [ask(name, "reference", ["reference", "a"], m) for name, m in zip("pq", margins, strict=True)]
    assert list_pairs(planned(questions, ROLES)) == [Pair("a", "reference", "confirmatory", ("p", "q"), 0.01)]


def test_an_arm_that_two_questions_compare_with_two_references_is_two_pairs():
    roles = ROLES | {"base": "reference"}
    questions = [ask("p", "reference", ["reference", "a"]), ask("q", "base", ["base", "a"])]
    assert [(pair.arm, pair.reference) for pair in list_pairs(planned(questions, roles))] == [
        ("a", "reference"), ("a", "base"),
    ]  # fmt: skip


def test_the_reference_of_one_question_is_tested_in_another():
    roles = ROLES | {"base": "reference"}
    questions = [
        ask("p", "reference", ["reference", "base", "a"]) | {"roles": {"base": "confirmatory"}},
        ask("q", "base", ["base", "b"]),
    ]
    assert [(pair.arm, pair.reference, pair.tested) for pair in list_pairs(planned(questions, roles))] == [
        ("base", "reference", True), ("a", "reference", True), ("b", "base", True),
    ]  # fmt: skip


def test_an_arm_is_tested_by_the_questions_that_say_so_with_their_margin():
    questions = [
        ask("p", "reference", ["reference", "a"], 0.01) | {"roles": {"a": "exploratory"}},
        ask("q", "reference", ["reference", "a"], 0.03),
    ]
    assert list_pairs(planned(questions, ROLES)) == [Pair("a", "reference", "confirmatory", ("q",), 0.03, ("p",))]


def test_a_plain_sweep_is_compared_with_the_arm_of_default_levels_and_not_tested():
    trials = [
        {"arm": f"lr={lr:g}", "seed": seed, "levels": {"lr": lr, "seed": seed}}
        for seed in (0, 1)
        for lr in (0.1, 0.0005)
    ]
    (pair,) = list_pairs(plan_of({"trials": trials}))
    assert (pair.arm, pair.reference, pair.tested) == ("lr=0.1", "lr=0.0005", False)
    (pair,) = list_pairs(plan_of({"trials": [trial | {"levels": {"lr": 3.0}} for trial in trials]}))
    assert (pair.arm, pair.reference) == ("lr=0.0005", "lr=0.1")


@pytest.mark.parametrize(("simplify", "role", "expected"), [
    (("p",), "confirmatory", True), ((), "confirmatory", False), (("p",), "exploratory", False),
])  # fmt: skip
def test_an_arm_may_be_content_with_not_worse_where_a_question_that_tests_it_is(simplify, role, expected):
    questions = [
        ask("p", "reference", ["reference", "a"]) | {"simplify": "p" in simplify, "roles": {"a": role}},
        ask("q", "reference", ["reference", "a"]),
    ]
    (pair,) = list_pairs(planned(questions, ROLES))
    assert pair.simplify is expected


def trials_of(*rows):
    return pd.DataFrame(rows, columns=["arm", "seed", "outcome", "prediction_hash"]).assign(judged="official")


def flagged(trials, *pairs):
    made = [Pair(arm, reference, "exploratory", (), 0.05) for arm, reference in pairs]
    return [(pair.arm, pair.reference) for pair in flag_no_ops(trials, made)]


def test_an_arm_is_flagged_if_its_predictions_equal_those_of_its_reference_on_every_shared_seed():
    trials = trials_of(
        ("reference", 0, "finished", "x0"), ("reference", 1, "finished", "x1"),
        ("same", 0, "finished", "x0"), ("same", 1, "finished", "x1"),
        ("half", 0, "finished", "x0"), ("half", 1, "finished", "y1"),
        ("crossed", 0, "finished", "x1"), ("crossed", 1, "finished", "x0"),
        ("one of two", 0, "finished", "x0"), ("one of two", 1, "diverged", None),
        ("diverged", 0, "diverged", None),
    )  # fmt: skip
    pairs = [(arm, "reference") for arm in ("same", "half", "crossed", "one of two", "diverged", "not there")]
    assert flagged(trials, *pairs) == [("same", "reference"), ("one of two", "reference")]
    assert flagged(trials.iloc[:0], *pairs) == []


def test_each_arm_is_held_against_its_own_reference():
    trials = trials_of(
        ("reference", 0, "finished", "x"), ("gelu", 0, "finished", "y"),
        ("gelu, ema", 0, "finished", "y"), ("relu again", 0, "finished", "x"),
    )  # fmt: skip
    pairs = [("gelu", "reference"), ("gelu, ema", "gelu"), ("relu again", "gelu"), ("relu again", "reference")]
    assert flagged(trials, *pairs) == [("gelu, ema", "gelu"), ("relu again", "reference")]


def test_no_arm_is_flagged_if_its_reference_did_not_finish():
    trials = trials_of(("reference", 0, "failed", None), ("a", 0, "finished", "x"), ("b", 0, "finished", "x"))
    assert flagged(trials, ("a", "reference"), ("b", "reference")) == []


def test_two_trials_of_one_arm_and_seed_are_compared_as_a_set():
    trials = trials_of(("reference", 0, "finished", "x"), ("twice", 0, "finished", "x"), ("twice", 0, "finished", "y"))
    assert flagged(trials, ("twice", "reference")) == []


def test_one_trial_that_is_judged_in_two_ways_is_two_things():
    trials = trials_of(("data.split=official", 0, "finished", "x"), ("data.split=official_clean", 0, "finished", "x"))
    trials["judged"] = ["official", "official_clean"]
    assert flagged(trials, ("data.split=official_clean", "data.split=official")) == []
