"""F04: Ctrl+C and SIGTERM end the command in seconds; the trial is marked, the lock is free, and it goes on."""

import os
import signal
import time
from pathlib import Path

import pytest
from filelock import FileLock

from bloodstudy.analysis import read_trials


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"])
def test_a_signal_ends_the_command_and_the_same_command_goes_on(study, twin, number, code):
    process = study.start()
    study.wait_for_epoch(process, 2)
    worker = study.worker(process)
    begun = time.monotonic()
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # a terminal tells the whole group
    else:
        process.send_signal(number)
    assert process.wait(timeout=30) == code
    assert time.monotonic() - begun < 10
    assert study.is_gone(worker, timeout_s=1)
    assert "Traceback" not in study.said
    saved = len(study.newest_rows)
    assert 2 <= saved < 10
    with FileLock(study.trial / ".lock", timeout=0):
        pass
    assert read_trials(Path(study.folder, "runs"), "scratch")["outcome"].tolist() == ["interrupted"]
    assert study.runs == ["KILLED"]
    code, said = study.run()
    assert code == 0, said
    assert f"going on after epoch {saved} of 10" in said
    study.assert_numbers_of(twin)
    assert study.runs == ["FINISHED"]
