"""How a command ends: by an error, a signal, a closed terminal."""

import os
import signal
import subprocess
import sys

import pytest

from bloodstudy.cli.command import Terminated, run_command
from bloodstudy.errors import MachineError, UserError


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (UserError("first.", "second."), 2, ["bloodstudy: first.", "bloodstudy: second."]),
        (MachineError("the disk is full"), 3, ["bloodstudy: the disk is full"]),
        (KeyboardInterrupt(), 130, ["interrupted; type it again"]),
        (Terminated(), 143, ["terminated; type it again"]),
        (ZeroDivisionError(), 3, ["ZeroDivisionError", "a defect of bloodstudy"]),
    ],
)
def test_failures_end_in_a_message_and_their_code(capsys, raised, code, words):
    def command(arguments):
        raise raised

    assert run_command(command) == code
    message = capsys.readouterr().err
    assert ("Traceback" in message) == isinstance(raised, ZeroDivisionError), "only a defect keeps its traceback"
    for word in words:
        assert word in message


def test_what_an_interrupted_command_says_can_depend_on_what_was_typed(capsys, monkeypatch):
    from bloodstudy.run import run

    for typed, said in (([], "goes on from the last whole epoch"), (["retry=all"], "trains all of it again")):
        monkeypatch.setattr("sys.argv", ["run", *typed])
        monkeypatch.setattr("bloodstudy.run.read_arguments", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run_command(run) == 130
        assert f"interrupted; the same command {said}" in capsys.readouterr().err


SLEEPER = """
import sys, time
from bloodstudy.cli.command import run_command

def sleeper(arguments):
    print("ready", flush=True)
    time.sleep(float(arguments[0]))
    return 0

sys.exit(run_command(sleeper))
"""


@pytest.mark.parametrize(
    ("ignored", "number", "code"),
    [(False, signal.SIGHUP, 129), (False, signal.SIGTERM, 143), (True, signal.SIGHUP, 0)],
)
def test_a_terminal_that_is_closed_ends_a_command_as_sigterm_does_but_not_under_nohup(ignored, number, code):
    prepare = (lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) if ignored else None
    typed = [sys.executable, "-c", SLEEPER, "1" if ignored else "100"]
    with subprocess.Popen(typed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=prepare) as process:  # noqa: PLW1509
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(30) == code
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)])
def test_a_command_whose_streams_are_closed_does_its_work(closed, tmp_path):
    def close():
        for number in closed:
            os.close(number)

    program = SLEEPER.replace("time.sleep(float(arguments[0]))", f"open({str(tmp_path / 'done')!r}, 'w').write('done')")
    ended = subprocess.run([sys.executable, "-c", program], preexec_fn=close, check=False)
    assert ended.returncode == 0
    assert (tmp_path / "done").read_text() == "done"


def test_a_working_folder_that_was_removed_is_told_in_one_line(tmp_path, monkeypatch, capsys):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert run_command(lambda arguments: 0) == 2
    assert capsys.readouterr().err.startswith("bloodstudy: the working folder was removed")


def test_a_full_disk_at_standard_output_is_told_in_one_line():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ended = subprocess.run(
            [sys.executable, "-c", SLEEPER, "0"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.returncode == 3
    assert ended.stderr == "bloodstudy: what it says cannot be written: No space left on device; print elsewhere\n"
