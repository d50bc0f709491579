"""The end of a run, of a study that is made up."""

from types import SimpleNamespace

import pytest
from harness import rewrite
from studies import fabricate_study

from bloodstudy import analysis
from bloodstudy.cli import compose
from bloodstudy.execution import summary
from bloodstudy.execution.looks import Looks
from bloodstudy.execution.planner import PlannedRun
from bloodstudy.study.question import Question
from bloodstudy.study.run_folder import read_plan
from bloodstudy.tracking.session import Ending

RESPONSES = {"train_accuracy": 0.9, "test_accuracy": 0.75, "accuracy_gap": 0.15}


@pytest.fixture
def end(tmp_path, monkeypatch, capsys):
    """Return a function that ends the run of a made-up question; it returns the exit code, the status and the text."""
    statuses = []

    def finish(folder, status, waiting, told):
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


def rows_of(text):
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]


def test_a_sweep_that_finished_is_a_table_and_the_next_commands(end):
    code, status, text = end()
    assert (code, status) == (0, "FINISHED")
    first = rows_of(text)[0]
    assert first[:-1] == ["reference", "2", "0.900", "0.750", "+0.150", "2 finished"], "the means of an arm, in a row"
    assert [row[0] for row in rows_of(text)].count("reference") == 1
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


def test_trials_at_chance_are_told_in_each_table_and_of_one_trial(end, monkeypatch):
    def score(folder, rows):
        return {
            (row["key"], row["judged"]): SimpleNamespace(train=0.5, test=0.25, dead=row["arm"] == "reference")
            for row in rows
        }

    monkeypatch.setattr(summary.analysis, "score_trials", score)
    _, _, text = end()
    assert rows_of(text)[0][5] == "2 finished (2 at chance)"
    assert rows_of(text)[1][5] == "2 finished"
    assert "at chance: all test images get one class" in text
    _, _, text = end(typed=["question=pooling"], study="small")
    assert next(row for row in rows_of(text) if row[0] == "reference")[1:4] == ["2 (2 at chance)", "0.500", "0.250"]
    assert "each class weighs alike, as in the effect" in text
    _, _, text = end(arms=[("reference", 0)])
    assert "at chance: all test images get one class" in text


def test_of_very_many_arms_the_first_are_shown_and_the_others_counted(end, monkeypatch):
    monkeypatch.setattr(summary, "MAX_ARMS", 2)
    _, _, text = end()
    assert len(rows_of(text)) == 2
    assert "more arms, which the report has" in text


@pytest.mark.parametrize(("clean", "said"), [(3, "; data.split=official_clean judges"), (0, ", and no image is left")])
def test_the_clean_images_are_recommended_only_if_there_are_any(clean, said):
    assert f"in training{said}" in summary._describe_leak(analysis.Leak("official", clean, 9))


def test_what_became_of_an_arm_is_counted():
    ended = {"a": "finished", "b": "diverged"}
    rows = [{"key": key, "judged": "official", "outcome": outcome} for key, outcome in ended.items()]
    assert summary.describe_outcomes(rows, set()) == "1 finished, 1 diverged"
    assert summary.describe_outcomes(rows[:1], {("a", "official")}) == "finished, at chance"


def test_each_comparison_of_an_arm_is_told_with_its_own_reference_and_margin(tmp_path, capsys):
    both = {"lr": 0.02, "width": 0.5}
    asked = [
        Question("both", "Do both matter?", arms={"combo": both}, margin=0.8),
        Question("wide", "And beside width?", reference={"width": 0.5}, arms={"combo": both}, margin=0.7),
        Question(
            "high", "Does width matter there?", reference={"lr": 0.02}, factor="width", levels=(0.25,),
            exploratory=(0.5,), margin=0.01,
        ),
    ]  # fmt: skip
    measure = lambda result: result["responses"].update(RESPONSES)  # noqa: E731
    fabricate_study(tmp_path, asked, 6, planted={}, study="small", change=measure)
    plan = read_plan(tmp_path, "small")
    looks = Looks(plan, tmp_path / "small", lambda line: None)
    looks.hold(6)
    told = list(summary.describe_answers(looks, 1))
    assert told[:2] == [
        "combo against reference is equivalent to it within 80 points (look 1 of 1)",
        "combo against width=0.5 is equivalent to it within 70 points (look 1 of 1)",
    ]
    assert told[2].startswith("lr=0.02, width=0.25 against lr=0.02 is")
    assert looks.decided.endswith("of 3 comparisons decided")
    trials = analysis.read_trials(tmp_path, "small", plan).to_dict("records")
    scores = analysis.score_trials(tmp_path / "small", trials)
    summary._print_arms(trials, looks, scores, [pair for pair, _ in looks.tested[:1]])
    said = capsys.readouterr().out
    rows = [row for row in rows_of(said) if row[0] == "combo"]
    assert [row[4] for row in rows] == ["reference", "width=0.5"]
    assert [row[6] for row in rows] == ["equivalent, no-op?", "equivalent"]
    test = {row[0]: float(row[3]) for row in rows_of(said)}
    for row in rows:
        effect = float(row[5].split()[0])
        assert effect == pytest.approx(100 * (test["combo"] - test[row[4]]), abs=0.15), (
            "means are weighed as effects are"
        )
    assert "no-op?: the predictions equal those of 'reference' on every seed" in said


def test_no_number_of_an_invalid_comparison_is_printed(tmp_path):
    fabricate_study(tmp_path, ["pooling"], 6, study="small")
    plan = read_plan(tmp_path, "small")
    for trial in plan.trials:
        if trial.arm == "pooling=none":
            rewrite(tmp_path / "small" / trial.key / "result.json", prediction_hash="the same")
    looks = Looks(plan, tmp_path / "small", lambda line: None)
    looks.hold(6)
    told = {pair.arm: summary._tell(course, no_op=False) for pair, course in looks.tested}
    assert told["pooling=none"] == ("-", "invalid")
    assert told["pooling=average"][0].endswith("]")
