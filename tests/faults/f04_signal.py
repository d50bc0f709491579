"""F04: Ctrl+C and SIGTERM end the command in seconds; the trial is marked, the lock is free, and it goes on."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from bloodstudy.analysis import read_trials


@pytest.mark.parametrize(
    ("send", "number", "code"),
    [(os.killpg, signal.SIGINT, 130), (os.kill, signal.SIGINT, 130), (os.kill, signal.SIGTERM, 143)],
    ids=["ctrl-c of a terminal, to the group", "sigint to the command alone", "sigterm"],
)
def test_a_signal_ends_the_command_and_the_same_command_goes_on(study, twin, send, number, code):
    process = study.start()
    study.wait_for_epoch(process, 2)
    children = psutil.Process(process.pid).children(recursive=True)
    worker = study.worker(process)
    begun = time.monotonic()
    send(process.pid, number)
    assert process.wait(timeout=30) == code
    assert time.monotonic() - begun < 10
    assert study.is_gone(worker, timeout_s=1)
    assert psutil.wait_procs(children, timeout=5)[1] == [], "nobody else is left alive"
    assert "Traceback" not in study.said
    saved = len(study.newest_rows)
    assert 2 <= saved < 10
    with FileLock(study.trial / ".lock", timeout=0):
        pass
    assert read_trials(Path(study.folder, "runs"), "scratch")["outcome"].tolist() == ["interrupted"]
    assert study.runs == ["KILLED"]
    said = study.finish()
    assert f"going on after epoch {saved} of 10" in said
    study.assert_numbers_of(twin)
    assert study.runs == ["FINISHED"]
