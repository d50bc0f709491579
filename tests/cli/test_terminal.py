import os
import signal
import subprocess
import sys

import pytest

from bloodstudy.cli import terminal
from bloodstudy.errors import MachineError, UserError

DURATIONS = {0.4: "0 s", 59.6: "1 min 0 s", 42: "42 s", 190: "3 min 10 s", 7500: "2 h 5 min"}
SIZES = {0: "0 bytes", 999: "999 bytes", 1234: "1.23 kB", 999_600: "1 MB", 19.96e6: "20 MB", 3.1e9: "3.1 GB"}


def test_durations_and_sizes_are_written_for_people():
    assert {seconds: terminal.span(seconds) for seconds in DURATIONS} == DURATIONS
    assert {size: terminal.amount(size) for size in SIZES} == SIZES


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (UserError("first.", "second."), 2, ["bloodstudy: first.", "bloodstudy: second."]),
        (MachineError("the disk is full"), 3, ["bloodstudy: the disk is full"]),
        (KeyboardInterrupt(), 130, ["interrupted"]),
        (terminal.Terminated(), 143, ["terminated"]),
        (ZeroDivisionError(), 3, ["ZeroDivisionError", "a defect of bloodstudy"]),
    ],
)
def test_failures_end_in_a_message_and_their_code(capsys, raised, code, words):
    def command(arguments):
        raise raised

    assert terminal.run_command(command) == code
    message = capsys.readouterr().err
    assert ("Traceback" in message) == isinstance(raised, ZeroDivisionError), "only a defect keeps its traceback"
    for word in words:
        assert word in message


def test_where_the_output_is_no_terminal_progress_is_plain_lines_with_time_left(capsys, monkeypatch):
    clock = iter([0.0, 1.0, 6.0, 7.0, 12.0])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    with terminal.Bar("work", 10) as bar:  # made at 0 s
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


SLEEPER = """
import sys, time
from bloodstudy.cli import terminal

def sleeper(arguments):
    print("ready", flush=True)
    time.sleep(float(arguments[0]))
    return 0

sys.exit(terminal.run_command(sleeper))
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
    assert terminal.run_command(lambda arguments: 0) == 2
    assert capsys.readouterr().err.startswith("bloodstudy: the working folder was removed")
