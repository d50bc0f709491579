"""The end of a run, of a study that is made up."""

import shlex

import pytest
from studies import fabricate_study

from bloodstudy.cli import compose
from bloodstudy.cli.launch import read_arguments
from bloodstudy.execution import summary
from bloodstudy.execution.looks import Looks
from bloodstudy.execution.planner import PlannedRun
from bloodstudy.study.run_folder import read_plan
from bloodstudy.tracking.session import Ending

RESPONSES = {"train_accuracy": 0.9, "test_accuracy": 0.75, "accuracy_gap": 0.15}


@pytest.fixture
def end(tmp_path, monkeypatch, capsys):
    """Return a function that ends the run of a made-up question; it returns the exit code, the status and the text."""
    statuses = []

    def finish(folder, status, waiting):
        statuses.append(status)
        return Ending(1, 2, "locked")

    monkeypatch.setattr(summary.tracking, "finish", finish)

    def end(outcomes=None, arms=None, typed=(), study=None, spared=()):
        measure = lambda result: result["responses"].update(RESPONSES)  # noqa: E731
        fabricate_study(tmp_path, ["pooling"], 2, outcomes=outcomes, study="small", change=measure)
        plan = read_plan(tmp_path, "small")
        requested = [trial for trial in plan.trials if arms is None or (trial.arm, trial.seed) in arms]
        request = compose.check([*typed], study is not None)
        looks = Looks(plan, tmp_path / "small", lambda line: None)
        looks.needed -= {trial.key for trial in plan.trials if (trial.arm, trial.seed) in spared}
        code = summary.close(tmp_path / "small", PlannedRun(plan, requested, {}, {}, {}), request, looks)
        return code, statuses[-1], capsys.readouterr().out

    return end


def test_a_sweep_that_finished_is_a_table_and_the_next_commands(end):
    code, status, text = end()
    assert (code, status) == (0, "FINISHED")
    rows = [line.split("│")[1:3] for line in text.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in rows][:2] == [["reference", "0"], ["pooling=average", "0"]]
    assert "logged 1 earlier trial to MLflow" in text
    assert "2 trials not in MLflow yet (locked): the next command logs what is missing" in text
    assert "python -m bloodstudy.report study=small runs_dir=" in text


@pytest.mark.parametrize(("outcome", "code"), [("failed", 1), ("missing", 1), ("diverged", 0)])
def test_what_failed_is_named_with_its_reason_and_divergence_is_a_result(end, outcome, code):
    ended, status, text = end({("pooling=average", 1): outcome})
    assert (ended, status) == (code, "FAILED" if code else "FINISHED")
    assert (f"{outcome}: pooling=average, seed 1: " in text) == bool(code)
    assert ("retry=failed" in text) == (outcome == "failed")


def test_a_trial_that_a_look_has_spared_is_not_missing(end):
    spared = ("pooling=average", 1)
    code, status, text = end({spared: "missing"}, spared=[spared])
    assert (code, status) == (0, "FINISHED")
    assert "missing: " not in text


def test_a_study_is_told_arm_by_arm(end):
    _, _, text = end(typed=["question=pooling"], study="small")
    row = next(row for row in text.splitlines() if "pooling=none" in row)
    assert [cell.strip() for cell in row.split("│")[1:3]] == ["pooling=none", "2"]


def test_one_trial_is_its_three_numbers(end):
    code, _, text = end(arms=[("reference", 0)])
    assert code == 0
    assert [line.split()[:3] for line in text.splitlines()[1:4]] == [
        ["train", "accuracy", "0.900"], ["test", "accuracy", "0.750"], ["gap", "+0.150"],
    ]  # fmt: skip
    assert "-m lr=1e-2,1e-3,1e-4" in text


def test_the_next_command_is_about_the_data_and_the_levels_of_this_one(end):
    typed = ["data=folder", "data.root='my cells'", "epochs=3", "lr=0.1", "plan_only=false", "reports_dir=out"]
    _, _, text = end(arms=[("reference", 0)], typed=typed)
    sweep, report = (line.strip().split("  ")[0] for line in text.partition("next:")[2].splitlines()[1:3])
    arguments = read_arguments(shlex.split(sweep)[3:])
    settings = [job.settings for job in compose.check(arguments.overrides, arguments.multirun).jobs]
    assert [one.factors.lr for one in settings] == [0.01, 0.001, 0.0001]
    assert {(one.data.name, one.data.root, one.factors.epochs) for one in settings} == {("folder", "my cells", 3)}
    assert report.endswith("reports_dir=out")
