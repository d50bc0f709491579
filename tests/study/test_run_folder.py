"""Where the files of a study and of its trials lie."""

from bloodstudy.study.run_folder import StudyFolder, TrialFolder


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
