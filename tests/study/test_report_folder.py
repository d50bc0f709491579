"""Where reports go: no sweep's report takes the place of another's."""

import pytest
from records import plan_of

from bloodstudy import files
from bloodstudy.study.report_folder import choose_report_folder, list_reported

QUESTION = {"name": "q", "sentence": "Why?", "factor": "lr", "reference": "a", "arms": ["a"], "margin": 0.02}


def choose(folder, *keys, study="scratch", **more):
    plan = plan_of({"trials": [{"key": key, "arm": key} for key in keys], **more})
    return choose_report_folder(folder, study, plan)


def write(folder, *keys):
    files.write_text(folder / "report.md", "# Report\n")
    files.write_text(folder / "trials.csv", "key,arm\n" + "".join(f"{key},a\n" for key in keys))
    return folder


def test_a_report_is_written_again_for_the_same_trials_or_more(tmp_path):
    assert choose(tmp_path, "a", "b") == tmp_path / "scratch"
    write(tmp_path / "scratch", "a", "b")
    assert choose(tmp_path, "a", "b") == tmp_path / "scratch"
    assert choose(tmp_path, "a", "b", "c") == tmp_path / "scratch"


@pytest.mark.parametrize("name", ["scratch", "rates"])
def test_another_sweep_gets_the_next_folder_and_keeps_it(tmp_path, name):
    write(tmp_path / name, "a", "b")
    assert choose(tmp_path, "a", study=name) == tmp_path / f"{name}-2"
    write(tmp_path / f"{name}-2", "a")
    assert choose(tmp_path, "c", study=name) == tmp_path / f"{name}-3"
    assert choose(tmp_path, "a", study=name) == tmp_path / f"{name}-2"


def test_a_report_that_does_not_tell_its_trials_stays(tmp_path):
    files.write_text(tmp_path / "scratch" / "report.md", "# Of an older version\n")
    assert list_reported(tmp_path / "scratch") == set()
    assert choose(tmp_path, "a") == tmp_path / "scratch-2"


def test_a_study_has_one_folder_whatever_becomes_of_its_plan(tmp_path):
    write(tmp_path / "pools", "a", "b")
    arms = {"c": {"role": "reference", "levels": {}}}
    assert choose(tmp_path, "c", study="pools", questions=[QUESTION], arms=arms) == tmp_path / "pools"
