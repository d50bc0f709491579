"""How far a study is: small smear sweeps, one of them in the middle of its training."""

import re
import signal
import time

import pytest
from harness import SMEAR, call, finish, give_store, modules_loaded, rewrite, start, wait_for
from studies import fabricate_sweep

from bloodstudy import files
from bloodstudy.study.disk_state import clear_states, read_state


def cells(ended):
    """Return the table of a status as {arm: {column: cell}}."""
    lines = [re.split("[│┃]", line)[1:-1] for line in ended.stdout.splitlines() if line[:1] in "│┃"]
    header, *rows = [[cell.strip() for cell in line] for line in lines]
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two trials that finished and one that diverged."""
    folder = tmp_path_factory.mktemp("trained")
    give_store(folder)
    finish(folder, "run", "-m", "lr=1e-3,1e-2,1e30", "epochs=2", "depth=2", *SMEAR)
    clear_states(folder / "runs/scratch")  # the diverged one keeps its last good ones
    return folder


def test_a_finished_study_has_nothing_left(trained):
    ended = call(trained, "status")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "scratch: 2 of 3 trials finished" in ended.stdout
    table = cells(ended)
    assert list(table) == ["lr=0.001", "lr=0.01", "lr=1e+30", "all"]
    assert (table["lr=0.01"]["finished"], table["lr=0.01"]["missing"], table["lr=0.01"]["left"]) == ("1", "-", "-")
    assert (table["lr=1e+30"]["finished"], table["lr=1e+30"]["diverged"]) == ("-", "1")
    assert (table["all"]["finished"], table["all"]["diverged"]) == ("2", "1")
    assert "time left" not in ended.stdout
    assert "also in" not in ended.stdout
    used = sum(file.stat().st_size for file in (trained / "runs" / "scratch").glob("*/*"))
    assert f"disk used: {used / 1000:.3g} kB" in ended.stdout


def test_other_sweeps_that_lie_there_are_named(tmp_path):
    for name in ("rates", "pools"):
        fabricate_sweep(tmp_path / "runs", {"lr": [0.01, 0.001]})
        (tmp_path / "runs" / "scratch").rename(tmp_path / "runs" / name)
    assert "also in runs: study=rates" in finish(tmp_path, "status").splitlines()


def test_what_failed_is_counted_and_what_is_gone_is_to_be_trained_again(trained):
    stored = sorted((trained / "runs/scratch").glob("*/result.json"), key=lambda file: read_state(file.parent).outcome)
    results, seconds = [stored[1], stored[0]], files.read_json(stored[2])["cost"]["wall_seconds"]
    kept = [file.read_text() for file in results]
    try:
        rewrite(results[0], outcome="failed", reason="planted")
        results[1].unlink()
        (results[1].parent / "attempts.json").unlink()
        table = cells(call(trained, "status", "study=scratch"))
        assert (table["all"]["finished"], table["all"]["failed"], table["all"]["missing"]) == ("1", "1", "1")
        assert table["lr=1e+30"]["missing"] == "1"
        assert table["all"]["left"] == f"{round(seconds)} s"
    finally:
        for file, text in zip(results, kept, strict=True):
            file.write_text(text)
        files.write_json(results[1].parent / "attempts.json", 1)


def test_a_trial_is_running_until_its_process_is_killed_then_interrupted(tmp_path):
    process = start(tmp_path, "run", "-m", "lr=1e30,1e-3,1e-2", "epochs=100000", "depth=2", *SMEAR)
    try:
        wait_for(lambda: re.search("^lr=0.001.*epoch", (tmp_path / "said.txt").read_text(), re.MULTILINE), 150, process)
        during = cells(call(tmp_path, "status"))
    finally:
        process.kill()
    assert process.wait(timeout=10) == -signal.SIGKILL
    assert (during["lr=0.001"]["running"], during["lr=0.001"]["left"]) == ("1", "?")
    assert (during["lr=1e+30"]["diverged"], during["lr=0.01"]["missing"]) == ("1", "1")
    ended = call(tmp_path, "status")
    after = cells(ended)
    assert after["lr=0.001"]["interrupted"] == "1"
    assert "running" not in after["all"]
    assert "time left: unknown, since no trial is finished yet" in ended.stdout


def test_the_command_says_what_it_cleared(trained):
    folder = next((trained / "runs/scratch").glob("*/result.json")).parent
    (folder / "state-0.npz").write_bytes(b"x" * 1234)
    told = "training states: 1.23 kB of that; clear=states removes 1.23 kB that no trial needs"
    assert told in call(trained, "status").stdout
    ended = call(trained, "status", "clear=states")
    assert ended.stdout.startswith("removed the training states of 1 trial with a result: 1,234 bytes\n")
    assert not (folder / "state-0.npz").exists()


def test_it_answers_at_once_and_loads_nothing_heavy(trained):
    begun, code = time.monotonic(), "from bloodstudy.status import status; status([])"
    assert modules_loaded(trained, code, "tensorflow keras mlflow sklearn seaborn scipy") == []
    assert time.monotonic() - begun < 10
