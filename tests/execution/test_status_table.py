"""The time that is left; tests/test_status.py has the table."""

import pytest

from bloodstudy.execution.status_table import estimate_left
from bloodstudy.study.disk_state import TrialState


def test_epochs_that_are_done_need_no_more_time():
    half = TrialState("interrupted", epochs=60, epochs_done=45)
    states = [half, TrialState("missing"), TrialState("finished", 90.0)]
    assert estimate_left(states, [90.0, 110.0]) == pytest.approx(125)
    assert estimate_left([half], []) is None
    assert estimate_left([TrialState("finished", 90.0), TrialState("failed")], []) == 0
