"""The time that is left; tests/test_status.py has the table."""

import pytest
from studies import fabricate_study

from bloodstudy.execution.looks import Looks
from bloodstudy.execution.status_table import estimate_left, print_status
from bloodstudy.study.disk_state import TrialState
from bloodstudy.study.run_folder import read_plan


def test_epochs_that_are_done_need_no_more_time():
    half = TrialState("interrupted", epochs=60, epochs_done=45)
    states = [half, TrialState("missing"), TrialState("finished", 90.0)]
    assert estimate_left(states, [90.0, 110.0]) == pytest.approx(125)
    assert estimate_left([half], []) is None
    assert estimate_left([TrialState("finished", 90.0), TrialState("failed")], []) == 0


def test_a_verdict_that_was_taken_back_is_told(tmp_path, capsys):
    planted = {"pooling=average": (-20.0, -20.0)}
    fabricate_study(tmp_path, ["pooling"], 6, looks=[6], planted=planted, study="small")
    plan = read_plan(tmp_path, "small")
    looks = Looks(plan, tmp_path / "small", lambda _: None)
    looks.hold(6)
    looks.keep()
    print_status(plan, tmp_path / "small")
    assert "Now it is" not in capsys.readouterr().out
    fabricate_study(tmp_path, ["pooling"], 6, looks=[6], planted={}, study="small")  # other images, say
    print_status(plan, tmp_path / "small")
    assert "look 1 said of pooling=average: harms. Now it is:" in capsys.readouterr().out
