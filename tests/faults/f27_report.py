"""F27: the report of a study with missing, failed, diverged, running and doubled trials; one seed; two equal arms.

The run folder is made up by hand, since a doubled trial is what the commands themselves never leave; the report is the
real command's. What it shows is read back out of its Markdown and its effects.csv.
"""

import re
import shutil

import pandas as pd
import pytest
from harness import command, rewrite
from studies import fabricate_study

from bloodstudy import files

OUTCOMES = {
    ("pooling=average", 3): "failed", ("pooling=strided", 2): "diverged", ("pooling=strided", 5): "chance",
    ("dropout=0.3", 7): "missing", ("dropout=0.5", 7): "missing",
}  # fmt: skip


ARMS = ("reference", "dropout=0.1", "dropout=0.3", "dropout=0.5")


def report(folder):
    """Report the study; return its Markdown and its effects."""
    done = command(folder, "report", "study=five_questions")
    assert done.returncode == 0, done.stdout + done.stderr
    written = folder / "reports" / "five_questions"
    return (written / "report.md").read_text(), pd.read_csv(written / "effects.csv")


@pytest.fixture
def told(tmp_path):
    """The report of a damaged study: its plan, Markdown and effects."""
    plan = fabricate_study(tmp_path / "runs", ("pooling", "dropout"), seeds=8, outcomes=OUTCOMES, looks=[7])
    folder = tmp_path / "runs" / "five_questions"
    running = next(t for t in plan["trials"] if (t["arm"], t["seed"]) == ("dropout=0.5", 7))
    files.write_json(folder / running["key"] / "attempts.json", 1)
    first = next(t for t in plan["trials"] if (t["arm"], t["seed"]) == ("dropout=0.1", 1))
    shutil.copytree(folder / first["key"], folder / ("0" * 16))
    rewrite(folder / ("0" * 16) / "result.json", key="0" * 16)
    plan["trials"].append(first | {"key": "0" * 16})
    files.write_json(folder / "plan.yaml", plan)  # which is YAML too, and has no aliases
    return plan, *report(tmp_path)


def test_every_planned_trial_is_listed_with_its_outcome(told):
    plan, written, _ = told
    rows = [line for line in written.splitlines() if line.startswith("|")]
    for trial in plan["trials"]:
        outcome = OUTCOMES.get((trial["arm"], trial["seed"]), "finished").replace("chance", "finished, at chance")
        if outcome == "missing":  # the look at seven seeds has closed both arms that lack one
            (line,) = [line for line in written.splitlines() if line.startswith(f"- spared: `{trial['arm']}`, seed")]
            assert re.search(rf"\b{trial['seed']}\b", line.partition(", seed")[2])
            continue
        (row,) = [row for row in rows if f"`{trial['key']}`" in row]
        assert outcome in row.rsplit("|", 2)[1]


def test_no_effect_without_a_pair_and_no_word_that_the_trials_do_not_carry(told):
    _, written, effects = told
    test = effects[effects["response"] == "test_accuracy"].set_index("arm")
    words = test["verdict"].to_dict()
    assert words["pooling=average"].startswith("open")  # a trial failed: nothing stands in its place
    assert words["dropout=0.1"] == "invalid"  # two trials of one seed
    assert words["pooling=strided"] == "inconclusive"  # of 7 trials 2 learnt nothing, which is more than a fifth
    assert words["dropout=0.3"] in ("equivalent", "improves", "harms", "inconclusive")
    assert test.loc["pooling=strided", "dead"] == 2
    assert "several trials of seed 1" in written
    assert "retry=failed" in written
    assert test.loc["pooling=strided", "blocks"] == 5
    assert "no difference shown" in written
    assert "no difference " not in written.replace("no difference shown", "")


def test_one_seed_gives_no_interval_and_two_equal_arms_are_told(tmp_path):
    plan = fabricate_study(tmp_path / "runs", ("dropout",), seeds=1)
    folder = tmp_path / "runs" / "five_questions"
    keys = {trial["arm"]: trial["key"] for trial in plan["trials"]}
    arm, reference = folder / keys["dropout=0.1"], folder / keys["reference"]
    shutil.copy(reference / "predictions.parquet", arm / "predictions.parquet")
    content = files.read_json(reference / "result.json")
    same = {name: content[name] for name in ("prediction_hash", "stored_hash")}
    files.write_json(arm / "result.json", files.read_json(arm / "result.json") | same)
    written, effects = report(tmp_path)
    assert "pilot" in written
    assert "`dropout=0.1` equal those of `reference` on every seed" in written
    assert effects.filter(like="low").isna().all().all()


def test_nothing_finished_is_no_report(tmp_path):
    fabricate_study(tmp_path / "runs", ("dropout",), seeds=1, outcomes={(a, 0): "missing" for a in ARMS})
    done = command(tmp_path, "report", "study=five_questions")
    assert done.returncode == 2
    assert "no trial of the study 'five_questions' is finished (4 missing)" in done.stderr
    assert not (tmp_path / "reports").exists()
