"""What the pages tell people to type is what the project does."""

import re
import shlex
from pathlib import Path

import pytest

from bloodstudy.cli import compose
from bloodstudy.cli.launch import read_arguments
from bloodstudy.config import rules
from bloodstudy.errors import UserError

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
IMAGES = (ROOT / "docs" / "images.md").read_text()
LAUNCHERS = (ROOT / "docs" / "launchers.md").read_text()
FAQ = (ROOT / "docs" / "faq.md").read_text().replace("study=NAME", "study=five_questions")
LAUNCHES = sorted(set(re.findall(r"`python -m bloodstudy\.run ([^`]+)`", LAUNCHERS)))
OPTIONS = sorted(set(re.findall(r"`(hydra\.launcher\.[^`]+)`", LAUNCHERS)))
PAGES = [README, (ROOT / "conf" / "config.yaml").read_text(), (ROOT / "CONTRIBUTING.md").read_text(), FAQ]
COMMAND = re.compile(
    r"^[#\s]*(?:One trial:|A sweep:|A study:|Kaggle:)?\s*python -m bloodstudy\.run((?: \S+)*)", re.MULTILINE
)
COMMANDS = {words.strip() for page in PAGES for words in COMMAND.findall(page)}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("words", sorted(COMMANDS - {"--help"} | set(LAUNCHES)))
def test_a_command_of_a_page_is_accepted(words):
    typed = read_arguments(shlex.split(words))
    jobs = compose.check(typed.overrides, typed.multirun).jobs
    assert len(jobs) == 2 if words in LAUNCHES else jobs


def test_there_are_commands_to_check_and_one_for_each_launcher():
    assert len(COMMANDS) >= 5
    chosen = {word.split("=")[1] for words in LAUNCHES for word in words.split() if word.startswith("hydra/launcher")}
    assert chosen == {"basic", "joblib", "slurm", "submitit_local", "ray_cluster"}


def test_the_example_of_a_mistake_is_what_the_command_says():
    block = README.split("    $ python -m bloodstudy.run ")[1].split("\n\n")[0]
    typed, *told = [line.strip() for line in block.splitlines()]
    arguments = read_arguments(shlex.split(typed))
    with pytest.raises(UserError) as caught:
        compose.check(arguments.overrides, arguments.multirun)
    assert [f"bloodstudy: {problem}" for problem in caught.value.problems] == told


def test_the_two_commands_at_the_top_are_targets_of_make():
    top = README.splitlines()[:14]
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in ("study", "test"):
        assert any(line.strip().startswith(f"make {target}") for line in top)
        assert target in targets


def test_the_data_sets_of_the_page_on_images_are_those_of_the_configuration():
    for name in rules.RULES["data.name"].levels:
        assert f"| `{name}`" in IMAGES


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_of_the_page_on_launchers_exists(option):
    launcher = "ray_cluster" if ".ray." in option else "slurm"
    assert compose.check(["lr=1,2", f"hydra/launcher={launcher}", option], True).jobs


def test_an_option_that_does_not_exist_is_refused_before_anything_runs():
    with pytest.raises(UserError, match="partitoin"):
        compose.check(["lr=1,2", "hydra/launcher=slurm", "hydra.launcher.partitoin=x"], True)
