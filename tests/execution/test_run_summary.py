"""What the store's own run of a study is told."""

import pytest
from studies import fabricate_study

from bloodstudy import analysis
from bloodstudy.execution.run_summary import summarise
from bloodstudy.study.run_folder import read_plan

MEASURED = {
    "train_accuracy": 0.9, "test_accuracy": 0.7, "accuracy_gap": 0.2,
    "test_accuracy_clean": 0.6, "accuracy_gap_clean": 0.3, "test_images_clean": 16,
}  # fmt: skip


@pytest.mark.parametrize(
    ("judged", "names"),
    [
        ("official", {"train_accuracy", "test_accuracy", "accuracy_gap"}),
        ("official_clean", {"train_accuracy", "test_accuracy_clean", "accuracy_gap_clean"}),
    ],
)
def test_means_have_the_names_that_the_runs_of_the_trials_have(tmp_path, judged, names):
    measure = lambda result: result["responses"].update(MEASURED)  # noqa: E731
    fabricate_study(tmp_path, ["pooling"], 2, judged=judged, study="small", change=measure)
    plan = read_plan(tmp_path, "small")
    rows = analysis.read_trials(tmp_path, "small", plan).to_dict("records")
    drawn = []
    with summarise(tmp_path / "small", plan, rows, set(), [], lambda *where: drawn.append(where)) as told:
        assert drawn == [(tmp_path, "small", told.pages)]
        assert told.pages.is_dir()
    assert set(told.means["reference"]) == names
    if judged == "official_clean":
        assert told.means["reference"]["test_accuracy_clean"] == pytest.approx(0.6)
    assert "| reference | 2 of 2 |" in told.description
    assert not told.pages.exists()


@pytest.mark.parametrize(("answers", "weighed"), [(["`a` harms"], True), ([], False)])
def test_means_beside_verdicts_say_that_they_are_weighed_otherwise(tmp_path, answers, weighed):
    measure = lambda result: result["responses"].update(MEASURED)  # noqa: E731
    fabricate_study(tmp_path, ["pooling"], 2, study="small", change=measure)
    plan = read_plan(tmp_path, "small")
    rows = analysis.read_trials(tmp_path, "small", plan).to_dict("records")
    with summarise(tmp_path / "small", plan, rows, set(), answers, lambda *where: None) as told:
        assert ("each image weighing alike; in the verdicts each class does" in told.description) == weighed
