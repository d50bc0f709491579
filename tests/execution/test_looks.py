"""The looks of a running study, on trials that are made up."""

from dataclasses import replace

from harness import rewrite
from studies import fabricate_study

from bloodstudy.config import schema
from bloodstudy.execution.looks import Looks
from bloodstudy.execution.scheduler import Scheduler
from bloodstudy.study.run_folder import read_plan

PLANTED = {"pooling=average": (-20.0, -20.0)}


def hold(tmp_path, repetitions, missing=range(0)):
    outcomes = {
        (arm, seed): "missing"
        for arm in ("reference", "pooling=average", "pooling=strided", "pooling=none")
        for seed in missing
    }
    fabricate_study(tmp_path, ["pooling"], 10, looks=[6, 10], planted=PLANTED, outcomes=outcomes, study="small")
    plan, said = read_plan(tmp_path, "small"), []
    looks = Looks(plan, tmp_path / "small", said.append)
    looks.hold(repetitions)
    return plan, looks, said


def test_before_the_first_look_all_is_needed_and_nothing_is_said(tmp_path):
    plan, looks, said = hold(tmp_path, 5)
    assert (looks.needed, said) == (set(plan.keys), [])


def test_a_look_that_is_due_and_has_not_ended_is_not_held(tmp_path):
    plan, looks, said = hold(tmp_path, 6, missing=range(5, 10))
    assert (looks.needed, said) == (set(plan.keys), [])


def test_a_look_spares_the_arms_that_it_closes_and_says_so_once(tmp_path):
    plan, looks, said = hold(tmp_path, 6, missing=range(6, 10))
    spared = {(t.arm, t.seed) for t in plan.trials if t.key not in looks.needed}
    assert {("pooling=average", seed) for seed in range(6, 10)} <= spared
    assert said[0].startswith("look 1 of 2, after 6 repetitions: ")
    assert "  pooling=average: harms" in said
    settings = {(trial.key, trial.evaluated_on): schema.settings(schema.defaults()) for trial in plan.trials}
    scheduler = Scheduler(plan, settings, {*plan.keys}, tmp_path / "small")
    assert scheduler.decided == ""
    for _ in scheduler.portions():
        if scheduler.decided:
            break
    closed = sum(line.startswith("  ") for line in said)
    assert scheduler.decided == f"{closed} of 3 arms decided"
    before = list(said)
    looks.hold(9)
    assert said == before


def test_a_look_that_the_budget_makes_the_last_says_so(tmp_path):
    plan, _, said = hold(tmp_path, 6, missing=range(6, 10))
    assert "budget" not in said[0]
    looks = Looks(replace(plan, budget="30"), tmp_path / "small", said.append)
    looks.hold(10)
    assert looks.stopped
    assert any(line.endswith("the next look costs more than the budget, so the study ends here") for line in said)
    assert looks.why_spared == "their arms are closed or the budget is spent"


def test_a_look_says_no_more_of_an_arm_than_its_report(tmp_path):
    plan, _, said = hold(tmp_path, 6, missing=range(6, 10))
    assert "  pooling=average: harms" in said
    for trial in plan.trials:
        if trial.arm == "pooling=average" and trial.seed < 2:
            rewrite(tmp_path / "small" / trial.key / "result.json", prediction_hash="the same")
    told = []
    looks = Looks(plan, tmp_path / "small", told.append)
    looks.hold(6)
    assert "  pooling=average: invalid" in told
    (course,) = (course for pair, course in looks.tested if pair.arm == "pooling=average")
    assert "predicts the same to the last digit on seeds 0, 1" in course.verdict.reason
    assert not course.verdict.decided


def test_what_a_look_has_said_is_kept_and_told_if_it_is_another_thing(tmp_path):
    plan, looks, _ = hold(tmp_path, 10)
    looks.keep()
    again = Looks(plan, tmp_path / "small", lambda _: None)
    again.hold(10)
    again.keep()
    assert again.taken_back == []
    fabricate_study(tmp_path, ["pooling"], 10, looks=[6, 10], planted={}, study="small")  # other images, say
    other = Looks(plan, tmp_path / "small", lambda _: None)
    other.hold(10)
    other.keep()
    told = {one.said.arm: (one.said.word, one.now) for one in other.taken_back}
    assert told["pooling=average"][0] == "harms" != told["pooling=average"][1]
    third = Looks(plan, tmp_path / "small", lambda _: None)
    third.hold(10)
    assert third.taken_back == other.taken_back, "what was said first is kept"


def test_a_study_that_declared_no_looks_is_judged_anew_at_its_last_seed_so_nothing_is_kept(tmp_path):
    fabricate_study(tmp_path, ["pooling"], 6, design=None, study="small")
    looks = Looks(read_plan(tmp_path, "small"), tmp_path / "small", lambda _: None)
    looks.hold(6)
    looks.keep()
    assert looks.said
    assert not (tmp_path / "small/looks.json").exists()
