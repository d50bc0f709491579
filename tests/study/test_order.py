"""The study planned last, whatever the clocks say."""

import os

from bloodstudy import files
from bloodstudy.study.order import FILE, list_planned, note_planned
from bloodstudy.study.run_folder import list_studies


def test_the_last_one_noted_is_the_first_and_each_stands_once(tmp_path):
    for name in ("a", "b", "a"):
        note_planned(tmp_path / "runs", name)
    assert list_planned(tmp_path / "runs") == ["a", "b"]


def test_a_plan_with_a_date_in_the_future_is_not_the_last_one(tmp_path):
    for name in ("ahead", "now"):
        files.write_text(tmp_path / name / "plan.yaml", "")
        note_planned(tmp_path, name)
    os.utime(tmp_path / "ahead/plan.yaml", (2e9, 2e9))
    assert list_studies(tmp_path) == ["now", "ahead"]


def test_studies_of_earlier_versions_come_after_those_that_are_noted(tmp_path):
    for age, name in enumerate(("old", "older", "noted")):
        files.write_text(tmp_path / name / "plan.yaml", "")
        os.utime(tmp_path / name / "plan.yaml", (1e9 - age, 1e9 - age))
    note_planned(tmp_path, "noted")
    assert list_studies(tmp_path) == ["noted", "old", "older"]
    (tmp_path / FILE).write_bytes(b"\xff\xfe")
    assert list_studies(tmp_path) == ["old", "older", "noted"]
    note_planned(tmp_path, "gone")
    assert list_studies(tmp_path) == ["old", "older", "noted"]
