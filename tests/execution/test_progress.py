"""Lines of a sweep, as results come into its folder."""

import time

import pytest
from harness import wait_for
from records import plan_of, result_of

from bloodstudy import files
from bloodstudy.cli import terminal
from bloodstudy.execution import progress

TRIALS = plan_of({"trials": [{"key": key, "arm": f"arm {key}"} for key in "abc"]}).trials
RESULT = result_of({
    "factors": {"lr": 0.1, "precision": "float32", "seed": 0},
    "outcome": "finished", "reason": None, "cost": {"wall_seconds": 3.2, "attempts": 1},
    "responses": {"train_accuracy": 0.75, "test_accuracy": 0.5, "accuracy_gap": 0.25},
}).to_dict()  # fmt: skip


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    monkeypatch.setattr(progress, "LOOK_EVERY_S", 0.01)


def wait_for_line(capsys, text):
    said = []
    wait_for(lambda: said.append(capsys.readouterr().out) or text in "".join(said), 5)
    return "".join(said)


def test_each_result_is_told_once_with_the_time_left(tmp_path, capsys):
    files.write_json(tmp_path / "a" / "result.json", RESULT)
    with progress.Board(TRIALS, {"b": 10.0, "c": 20.0}, tmp_path):
        files.write_json(tmp_path / "c" / "result.json", RESULT)
        line = "[3/3] arm c, seed 0: train 0.750, test 0.500, gap +0.250 (3 s); about 10 s left\n"
        assert wait_for_line(capsys, "arm c") == line
        files.write_json(tmp_path / "b" / "result.json", RESULT | {"outcome": "failed", "reason": "it broke"})
        assert wait_for_line(capsys, "arm b") == "[2/3] arm b, seed 0: failed after 3 s: it broke\n"
    assert capsys.readouterr().out == ""


def test_a_trial_that_is_trained_again_is_told_when_its_result_is_new(tmp_path, capsys):
    files.write_json(tmp_path / "a" / "result.json", RESULT)
    with progress.Board(TRIALS, {"a": 1.0}, tmp_path):
        time.sleep(0.05)
        (tmp_path / "a" / "result.json").unlink()
        time.sleep(0.05)
        assert capsys.readouterr().out == ""
        files.write_json(tmp_path / "a" / "result.json", RESULT)
    assert "arm a" in capsys.readouterr().out, "looked at once more at the end"


def test_the_bar_counts_trials_and_says_what_is_decided(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(terminal.SweepBar, "update", lambda self, done, total, detail="": told.append((done, detail)))
    files.write_json(tmp_path / "a" / "result.json", RESULT)
    with progress.Board(TRIALS, {"b": 10.0, "c": 20.0}, tmp_path, lambda: {"c"}, lambda: "1 of 2 arms decided"):
        files.write_json(tmp_path / "b" / "result.json", RESULT)
    assert told == [(10.0, "2 of 2 trials, 1 of 2 arms decided")]


def test_trials_that_end_together_say_nothing_of_the_pace(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(progress, "LOOK_EVERY_S", 60.0)  # all are seen at once, at the end
    with progress.Board(TRIALS, {"a": 10.0, "b": 20.0, "c": 30.0}, tmp_path):
        for key in "ab":
            files.write_json(tmp_path / key / "result.json", RESULT)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("; ")[-1] for line in lines] == ["about 50 s left", "about 30 s left"]
