"""What the commands about stored trials take, and which study they find."""

import os

import pytest

from bloodstudy.cli.arguments import find_study, read_keys
from bloodstudy.config.levels import Rule
from bloodstudy.errors import UserError
from bloodstudy.study.run_folder import list_studies

USAGE = "python -m bloodstudy.report [study=NAME]"


def plan(runs_dir, study, at):
    folder = runs_dir / study
    folder.mkdir(parents=True)
    (folder / "plan.yaml").write_text("trials: []\n")
    os.utime(folder / "plan.yaml", (at, at))


def test_without_a_name_it_is_the_study_planned_last(tmp_path):
    for name, at in (("first", 100), ("scratch", 300), ("third", 200)):
        plan(tmp_path, name, at)
    assert list_studies(tmp_path) == ["scratch", "third", "first"]
    typed = {"runs_dir": str(tmp_path)}
    assert find_study(typed).study == "scratch"
    assert find_study(typed | {"study": "first"}).folder == tmp_path / "first"
    os.utime(tmp_path / "first" / "plan.yaml", (400, 400))
    assert find_study(typed).study == "first"


def test_where_nothing_was_run_it_is_the_study_of_plain_runs(tmp_path):
    found = find_study({"runs_dir": str(tmp_path / "nothing"), "reports_dir": "out"})
    assert (found.study, found.places.reports_dir) == ("scratch", "out")


def test_a_study_of_which_nothing_was_run_yet_is_no_mistyped_one(tmp_path):
    plan(tmp_path, "scratch", 100)
    told = rf"study=smoke: nothing of it was run in {tmp_path} yet.*bloodstudy.run -m study=smoke runs_dir={tmp_path}"
    with pytest.raises(UserError, match=told):
        find_study({"runs_dir": str(tmp_path), "study": "smoke"})


def test_folders_that_are_no_studies_are_left_alone(tmp_path):
    plan(tmp_path, ".hydra", 500)
    plan(tmp_path, "My Study", 400)
    (tmp_path / "empty").mkdir()
    plan(tmp_path, "real", 100)
    assert list_studies(tmp_path) == ["real"]


def test_a_study_that_is_not_there_is_answered_with_the_nearest(tmp_path):
    plan(tmp_path, "five_questions", 100)
    with pytest.raises(UserError, match=r"received 'five_question'\. Did you mean 'five_questions'"):
        find_study({"runs_dir": str(tmp_path), "study": "five_question"})


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["study=../evil"], "study: expected the name of a study"),
        (["study=/etc"], "study: expected the name of a study"),
        (["study="], "study: expected the name of a study"),
        (["study=A"], "received 'A'"),
        (["study=a\n"], "study: expected the name of a study"),
        (["study=${oc.env:HOME}"], "interpolations are not allowed"),
        (["stady=x"], "unknown key 'stady'. Did you mean 'study'?"),
        (["clera=states"], "Did you mean 'clear'?"),
        (["clear=state"], "clear: expected states; received 'state'. Did you mean 'states'?"),
        (["runs_dir="], "runs_dir: expected a folder"),
        (["runs_dir=a", "runs_dir=b"], "'runs_dir' is given twice"),
        (["scratch"], "cannot read 'scratch': expected key=value"),
        (["-m"], "-m: a report has no such option"),
        (["name=rates"], "the sweep of that name is study=rates"),
        (["lr=1", "data.root=x"], "lr=1 data.root=x: a report shows what was run"),
        (["model=compact"], "model=compact: a report shows what was run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_refused_in_one_sentence(words, told):
    own = {"clear": Rule("states", lambda value: value == "states", ("states",))}
    with pytest.raises(UserError) as caught:
        read_keys(words, USAGE, own)
    (problem,) = caught.value.problems
    assert told in problem


def test_all_problems_are_told_at_once():
    with pytest.raises(UserError) as caught:
        read_keys(["study=B", "run_dir=x", "lr=1"], USAGE)
    assert len(caught.value.problems) == 3


NAMES = ["my runs", "a,b (1).zip", "it's", "2024", "a=b", "ünï cödé", "null", "'"]
TYPED = {name: name for name in NAMES} | {"'my runs'": "my runs", '"my runs"': "my runs"}


@pytest.mark.parametrize(("typed", "name"), TYPED.items())
def test_a_folder_may_be_called_anything_and_have_the_quotes_that_hydra_needs(typed, name):
    assert read_keys([f"runs_dir={typed}"], USAGE) == {"runs_dir": name}
