import signal
import subprocess
import sys
import time

import pytest

from bloodstudy import terminal
from bloodstudy.errors import MachineError, UserError


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (42, "42 s"), (190, "3 min 10 s"), (7500, "2 h 5 min")]
)
def test_durations_are_written_for_people(seconds, text):
    assert terminal.span(seconds) == text


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (UserError("first.", "second."), 2, ["bloodstudy: first.", "bloodstudy: second."]),
        (MachineError("the disk is full"), 3, ["bloodstudy: the disk is full"]),
        (KeyboardInterrupt(), 130, ["interrupted"]),
        (terminal.Terminated(), 143, ["terminated"]),
    ],
)
def test_expected_failures_end_in_a_message_and_their_code(capsys, raised, code, words):
    def command(arguments):
        raise raised

    assert terminal.run_command(command) == code
    told = capsys.readouterr().err
    assert "Traceback" not in told
    for word in words:
        assert word in told


def test_a_defect_keeps_its_traceback(capsys):
    def command(arguments):
        raise ZeroDivisionError

    assert terminal.run_command(command) == 3
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_where_the_output_is_no_terminal_progress_is_plain_lines_with_time_left(capsys, monkeypatch):
    clock = iter([0.0, 1.0, 6.0, 7.0, 12.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    with terminal.Bar("work", 10, interactive=False) as bar:  # made at 0 s
        for done in (1, 2, 3, 5):
            bar.update(done, f"{done} done")
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["work: 20 %, 2 done, about 40 s left", "work: 50 %, 5 done, about 14 s left"]


def test_tables_show_their_cells_as_they_are(capsys):
    terminal.print_table("", ["arm", "test"], [["image_size=[60,80]", "0.5"]], right=("test",))
    assert "image_size=[60,80]" in capsys.readouterr().out


def test_each_kind_of_work_has_its_own_bar(capsys, monkeypatch):
    monkeypatch.setattr(terminal, "PLAIN_EVERY_S", 0)
    with terminal.stages("smear") as progress:
        progress("drawing", 1, 2)
        progress("decoding", 3, 4)
        progress("drawing", 2, 2)
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[1].split(" images")[0] for line in told] == [" drawing", " decoding", " drawing"]
    assert told[2].startswith("smear: drawing images: 100 %, 2 of 2")


HOLDING = """
import os, signal, sys, time
from bloodstudy import terminal

def command(arguments):
    number = getattr(signal, arguments[0])
    with terminal.uninterrupted():
        os.kill(os.getpid(), number)
        print("still inside", flush=True)
        if arguments[1] == "hangs":
            time.sleep(60)
        if arguments[1] == "twice":
            os.kill(os.getpid(), number)
        if arguments[1] == "fails":
            raise ValueError
        print("done", flush=True)
    print("never here")

sys.exit(terminal.run_command(command))
"""


@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
@pytest.mark.parametrize(("how", "done"), [("ends", True), ("hangs", False), ("twice", False), ("fails", False)])
def test_a_signal_waits_for_a_call_to_the_store_but_not_for_ever(number, code, how, done):
    begun = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", HOLDING, number, how], capture_output=True, text=True, check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert ended.returncode == code, ended.stderr
    assert ended.stdout.split("\n")[:-1] == ["still inside", "done"][: 1 + done]
    assert time.monotonic() - begun < 30
