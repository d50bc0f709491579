import os
from pathlib import Path

import pytest
from records import result_of

from bloodstudy import files
from bloodstudy.errors import UserError
from bloodstudy.study import run_folder
from bloodstudy.study.plan import Plan
from bloodstudy.study.planned import PlannedTrial
from bloodstudy.study.run_folder import StudyFolder, TrialFolder, list_studies, load_result, read_plan, read_result


def test_the_study_planned_last_comes_first_and_what_is_no_study_not_at_all(tmp_path):
    for age, name in enumerate(("third", "second", "first")):
        files.write_text(tmp_path / name / "plan.yaml", "trials: [{}]")
        os.utime(tmp_path / name / "plan.yaml", (1000 + age, 1000 + age))
    files.write_text(tmp_path / ".hydra" / "plan.yaml", "trials: [{}]")
    (tmp_path / "empty").mkdir()
    assert list_studies(tmp_path) == ["first", "second", "third"]


def test_the_plan_written_last_comes_first_whatever_the_clock_said(tmp_path):
    trial = PlannedTrial("0" * 16, "x", 0, {}, {}, "official")
    for age, name in enumerate(("first", "second", "first", "third")):
        Plan(study=name, command="", swept={}, trials=(trial,)).write(tmp_path / name)
        os.utime(tmp_path / name / "plan.yaml", (1000 - age, 1000 - age))
    assert list_studies(tmp_path) == ["third", "first", "second"]


@pytest.mark.parametrize("text", ["", "trials: []", "- a list", "trials: [", "\0"])
def test_a_plan_that_holds_none_is_named_with_the_remedy(tmp_path, text):
    files.write_text(tmp_path / "tiny" / "plan.yaml", text)
    with pytest.raises(UserError, match=r"tiny/plan\.yaml is damaged: .+ restore=FILE"):
        read_plan(tmp_path, "tiny")


def test_a_study_that_was_never_run_says_what_to_type(tmp_path):
    with pytest.raises(UserError, match=r"nothing was run yet.*bloodstudy\.run"):
        read_plan(tmp_path, "tiny")


@pytest.mark.parametrize("text", ["{", "[]", '{"outcome": "finished"}'])
def test_a_result_is_absent_or_its_damage_is_told_with_the_remedy(tmp_path, text):
    assert read_result(tmp_path, "tiny", "k1") is None
    files.write_text(tmp_path / "tiny" / "k1" / "result.json", text)
    with pytest.raises(UserError, match=r"result\.json is damaged: .+ remove \S+k1$"):
        read_result(tmp_path, "tiny", "k1")


def test_no_two_files_have_one_path_and_each_lies_in_its_folder(tmp_path):
    for folder, names in (
        (StudyFolder(tmp_path), ("plan", "probes", "mlflow_note", "mlflow_lock", "logging_lock")),
        (TrialFolder(tmp_path), (
            "config", "history", "predictions", "attempts", "result", "lock", "run_note", "logged_note",
        )),
    ):  # fmt: skip
        paths = [getattr(folder, name) for name in names]
        assert len(set(paths)) == len(names)
        assert {path.parent for path in paths} == {tmp_path}


def test_a_study_lists_its_trials_and_a_trial_its_checkpoints(tmp_path):
    study = StudyFolder(tmp_path / "study")
    assert study.trials == []
    for key in ("b", "a"):
        study.trial(key).path.mkdir(parents=True)
    study.plan.touch()
    assert [trial.key for trial in study.trials] == ["a", "b"]
    assert study.trial("a").study == study
    for name in ("state-1.npz", "state-0.npz", ".state-0.npz.x.npz", "result.json"):
        (study.trial("a").path / name).touch()
    assert [path.name for path in study.trial("a").checkpoints] == ["state-0.npz", "state-1.npz"]
    assert [path.name for path in study.trial("a").checkpoint_rests] == [".state-0.npz.x.npz"]


@pytest.mark.parametrize("name", ["history.csv", "predictions.parquet"])
def test_a_file_that_is_not_what_the_result_vouches_for_is_named_with_the_remedy(tmp_path, name):
    folder = tmp_path / "tiny" / "k1"
    for file in ("history.csv", "predictions.parquet"):
        files.write_text(folder / file, "as it was")
    result_of({"key": "k1", "factors": {"lr": 0.1, "precision": "float32", "seed": 0}}).write(folder)
    assert load_result(folder) is not None
    files.write_text(folder / name, "as it is")
    with pytest.raises(UserError, match=rf"{name} is damaged: it was changed after .+ remove \S+k1$"):
        load_result(folder)
    (folder / name).unlink()
    assert load_result(folder) is not None, "what is missing is told by whoever needs it"


def test_a_file_that_is_being_replaced_may_be_the_old_or_the_new_one(tmp_path):
    folder = tmp_path / "tiny" / "k1"
    files.write_text(folder / "predictions.parquet", "old")
    result = result_of({"key": "k1", "factors": {"lr": 0.1, "precision": "float32", "seed": 0}})
    (tmp_path / "new").write_text("new")
    result.write(folder, {"predictions.parquet": files.hash_file(tmp_path / "new")})
    for text in ("old", "new"):
        files.write_text(folder / "predictions.parquet", text)
        assert load_result(folder) == result
    files.write_text(folder / "predictions.parquet", "another")
    with pytest.raises(UserError, match="is damaged"):
        load_result(folder)


def test_the_result_of_another_trial_is_refused(tmp_path):
    factors = {"lr": 0.1, "precision": "float32", "seed": 0}
    result_of({"key": "a" * 16, "factors": factors}).write(files.make_folder(tmp_path / ("a" * 16)))
    (tmp_path / ("a" * 16)).rename(tmp_path / ("b" * 16))
    with pytest.raises(UserError, match=f"is damaged: it is the result of trial {'a' * 16}"):
        load_result(tmp_path / ("b" * 16))


def test_a_file_that_this_user_may_not_read_is_not_called_damaged():
    path = Path("runs/a/result.json")
    with (
        pytest.raises(UserError, match=r"may not be read: Permission denied\. Nothing is lost") as caught,
        run_folder.readable(path, run_folder.RETRAIN),
    ):
        raise PermissionError(13, "Permission denied")
    assert "remove" not in str(caught.value)
