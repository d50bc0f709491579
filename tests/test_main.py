"""`python -m bloodstudy` and the script `bloodstudy`: what there is to type, and the way to each command."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from bloodstudy.__main__ import COMMANDS


def type_words(folder, *words, module="bloodstudy"):
    typed = [sys.executable, "-m", module, *words]
    return subprocess.run(typed, check=False, cwd=folder, capture_output=True, text=True, timeout=120)


def test_all_commands_are_listed_and_each_is_there(tmp_path):
    done = type_words(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == type_words(tmp_path, "--help").stdout
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert listed == set(COMMANDS)
    assert all(importlib.import_module(f"bloodstudy.{name}") for name in COMMANDS)


def test_a_word_that_is_no_command_is_refused_with_the_nearest(tmp_path):
    done = type_words(tmp_path, "reprot")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bloodstudy: no command is called 'reprot'; expected one of run, report,")
    assert done.stderr.endswith("Did you mean 'report'?\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_the_one_of_its_module(name, tmp_path):
    done = type_words(tmp_path, name, "--help")
    direct = type_words(tmp_path, "--help", module=f"bloodstudy.{name}")
    assert (done.returncode, done.stderr, done.stdout) == (direct.returncode, direct.stderr, direct.stdout)
    assert done.returncode == 0


def test_a_sweep_of_the_script_is_trained_in_processes_of_its_own(tmp_path, cache):
    words = ["lr=1e-2,1e-3", "data.photographs=2", "data.copies=2", "image_size=[24,32]", "depth=2", "epochs=1"]
    done = type_words(tmp_path, "run", "-m", *words, f"cache_dir={cache}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("finished") >= 2


def test_the_script_is_declared():
    assert 'bloodstudy = "bloodstudy.__main__:main"' in (Path(__file__).parent.parent / "pyproject.toml").read_text()
