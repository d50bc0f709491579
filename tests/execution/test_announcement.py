"""What a run says before it trains."""

from dataclasses import replace

import pandas as pd
from records import plan_of
from studies import fabricate_study

from bloodstudy.cli import compose
from bloodstudy.cli.compose import RunRequest
from bloodstudy.config.schema import DataChoice
from bloodstudy.execution import announcement
from bloodstudy.execution.planner import PlannedRun
from bloodstudy.study.run_folder import read_plan


def test_each_line_about_the_images_is_said_once_and_of_many_refused_files_the_first(planted, capsys):
    quarantine = pd.DataFrame([(f"{k}.jpg", "zero bytes") for k in range(7)], columns=["image", "reason"])
    images = replace(planted(), quarantine=quarantine, notes=("a note",))
    announcement.describe_data([images, images], DataChoice())
    assert capsys.readouterr().out.splitlines() == [
        "folder, official split: 5 training and 7 test images, 2 classes: A, B (fingerprint ffffffffffffffff)",
        "  a note", *(f"  refused {k}.jpg: zero bytes" for k in range(5)), "  ... and 2 more",
    ]  # fmt: skip


def test_a_plain_sweep_says_how_many_trials_are_left(capsys):
    def describe(keys, missing, spared=0):
        planned = PlannedRun(plan_of({}), list(plan_of({"trials": [{"key": key} for key in keys]}).trials), {}, {}, {})
        announcement.describe_plan(RunRequest({}, ()), planned, missing, spared)
        return capsys.readouterr().out

    assert describe("ab", "b") == "2 trials: 1 finished earlier, 1 to train\n"
    assert describe("abb", "") == "2 trials, shared by 3 combinations: 2 finished earlier, 0 to train\n"
    assert describe("a", "") == "finished earlier, nothing to train (trial a)\n"
    assert describe("a", "a") == ""
    assert describe("abc", "b", 1) == "3 trials: 1 finished earlier, 1 to train, 1 not needed\n"


def test_a_study_says_its_questions_and_its_changes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fabricate_study(tmp_path, ["pooling"], 3, study="small")
    plan = replace(read_plan(tmp_path, "small"), amendments=["seeds: 2 became 3"])
    planned = PlannedRun(plan, [trial for trial in plan.trials if trial.seed < 2], {}, {}, {})
    announcement.describe_plan(compose.check(["question=pooling"], True), planned, ["x"])
    text = capsys.readouterr().out
    assert "What is the influence of pooling" in text
    arms = len(plan.arms)
    assert f"{arms} arms, the reference among them, each with 2 seeds of the 3 planned; float32" in text
    assert "changed after the first plan: seeds: 2 became 3" in text
    assert f"{2 * arms} trials: {2 * arms - 1} finished earlier, 1 to train" in text


def test_a_budget_says_which_looks_it_pays_for_sure(tmp_path, capsys):
    fabricate_study(tmp_path, ["pooling"], 3, study="small")
    plan = replace(read_plan(tmp_path, "small"), looks=(2, 3))
    two, three = (len({trial.key for trial in plan.trials if trial.seed < count}) for count in (2, 3))

    def describe(budget):
        announcement.describe_budget(replace(plan, budget=budget))
        return capsys.readouterr().out

    assert describe(None) == ""
    assert describe(f"{three} trainings, from 2h").startswith(f"budget: {three} trainings, from 2h; it pays all looks")
    assert describe(str(three - 1)) == (
        f"budget: {three - 1}; it pays look 1 of 2, after {two} trainings, and the study ends there unless an arm is "
        f"closed earlier: look 2 takes up to {three}\n"
    )
