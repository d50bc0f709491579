"""Every command of the page about launchers is one that Hydra accepts, with the options as they are named there."""

import re
from pathlib import Path

import pytest

from bloodstudy.cli import compose
from bloodstudy.errors import UserError

PAGE = (Path(__file__).parent.parent / "docs" / "launchers.md").read_text()
COMMANDS = sorted(set(re.findall(r"`python -m bloodstudy\.run ([^`]+)`", PAGE)))
OPTIONS = sorted(set(re.findall(r"`(hydra\.launcher\.[^`]+)`", PAGE)))


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_of_the_page_is_accepted(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    typed = compose.read_arguments(words.split())
    assert len(compose.check(typed.overrides, typed.multirun).jobs) == 2


def test_the_page_has_a_command_for_every_launcher():
    chosen = {
        word.split("=")[1] for command in COMMANDS for word in command.split() if word.startswith("hydra/launcher")
    }
    assert chosen == {"joblib", "slurm", "submitit_local", "ray_cluster"}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_of_the_page_exists(option, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    launcher = "ray_cluster" if ".ray." in option else "slurm"
    assert compose.check(["lr=1,2", f"hydra/launcher={launcher}", option], True).jobs


def test_an_option_that_does_not_exist_is_refused_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="partitoin"):
        compose.check(["lr=1,2", "hydra/launcher=slurm", "hydra.launcher.partitoin=x"], True)
