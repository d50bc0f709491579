"""What is asked for by name; tests/study/test_question.py has the files and all that is refused."""

from dataclasses import replace

import pytest

from bloodstudy.cli.overrides import parse
from bloodstudy.cli.request import SEEDS, StudyRequest, read_request
from bloodstudy.study.design import Design
from bloodstudy.study.question import Study, read_question


def read(*words):
    overrides, _ = parse(list(words))
    request, others, problems = read_request(overrides, True)
    return request, [override.input_line for override in others], problems


def test_a_plain_sweep_asks_for_nothing_by_name():
    assert read("lr=1,2", "seed=0,1") == (None, ["lr=1,2", "seed=0,1"], [])
    (problem,) = read("lr=1,2", "seeds=3")[2]
    assert problem.startswith("seeds: counts the seeds of a study")


def test_a_study_brings_its_own_and_questions_fill_in_what_they_do_not_say():
    study, others, problems = read("study=smoke", "data.copies=4")
    assert (study.study.name, others, problems) == ("smoke", ["data.copies=4"], [])
    assert study.common == study.study.reference
    alone, _, _ = read("question=pooling,dropout")
    design = alone.settle({})
    assert (alone.study, design.name, design.looks) == (None, "fixed", (SEEDS,))
    assert [question.name for question in alone.questions] == ["pooling", "dropout"]
    assert [alone.margin(question, None, design) for question in alone.questions] == [0.02, 0.02]
    assert alone.margin(alone.questions[0], 0.05, design) == 0.05


@pytest.mark.parametrize(
    ("words", "name", "folds", "looks", "first"),
    [
        ({}, "folds", 5, (2, 3, 5, 8), 0),
        ({"looks": [2, 4], "first_repetition": 8}, "folds", 5, (2, 4), 8),
        ({"data": "kaggle"}, "folds", 5, (2, 3, 5, 8), 0),
        ({"data": "folder"}, "fixed", 1, (6, 10, 16, 25), 0),
        ({"data": "folder", "design": "folds"}, "folds", 5, (2, 3, 5, 8), 0),
        ({"data.split": "official"}, "fixed", 1, (6, 10, 16, 25), 0),
        ({"seeds": 4}, "fixed", 1, (6, 10, 16, 25), 0),
        ({"design": "fixed"}, "fixed", 1, (6, 10, 16, 25), 0),
    ],
)
def test_the_design_follows_from_the_study_and_what_is_known_of_its_images(words, name, folds, looks, first):
    study = StudyRequest(Study("s", "S", ("pooling",), {}), (read_question("pooling"),))
    assert study.settle(words) == Design(name, folds, looks, first)


@pytest.mark.parametrize(("words", "first"), [({}, 12), ({"first_repetition": 0}, 0), ({"first_repetition": 20}, 20)])
def test_what_is_typed_goes_before_the_first_repetition_of_the_study(words, first):
    study = StudyRequest(Study("s", "S", ("pooling",), {}, first_repetition=12), (read_question("pooling"),))
    assert study.settle(words).first == first


def test_a_study_that_counts_seeds_is_fixed_and_decides_at_the_last():
    study = StudyRequest(Study("s", "S", ("pooling",), {}, seeds=9), (read_question("pooling"),))
    assert study.settle({}) == Design("fixed", 1, (9,), 0, 9)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["seeds=3", "design=folds"], "write repetitions=N"),
        (["repetitions=2", "design=fixed"], "seeds=N"),
        (["repetitions=9", "design=folds"], "the last look of this study is at"),
        (["data.split_seed=3", "design=folds"], "data.split_seed: design=folds divides the images"),
        (["detect=0.03"], "write plan_only=true"),
    ],
)
def test_what_does_not_go_with_a_design_is_said(words, told):
    assert any(told in problem for problem in read("study=smoke", *words)[2])


@pytest.mark.parametrize("word", ["design=folds", "looks=[2,3]", "margin=0.1", "budget=6h"])
def test_a_plain_sweep_has_no_design(word):
    (problem,) = read("lr=1,2", word)[2]
    assert "a plain sweep decides nothing" in problem


def test_overrides_of_files_are_named_by_their_place():
    request, _, _ = read("question=leak")
    written = dict(request.written())
    assert written["question leak, reference"] == {"data.split": "random"}
    assert written["question leak, arm 'data.split=grouped'"] == {"data.split": "grouped"}


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("data.split=random", "the question leak varies it itself"),
        ("seed=1", "write seeds=N"),
        ("lr=1,2", "is the sweep"),
    ],
)
def test_overrides_that_the_questions_decide_are_problems(word, told):
    (problem,) = read("question=leak", word)[2]
    assert told in problem


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["study=smoke", "name=mine"], "study=smoke has its own name"),
        (["lr=1,2", "name=smoke"], "'smoke' is a study"),
        (["question=leak", "name=smoke"], "'smoke' is a study"),
        (["lr=1,2", "name=scratch"], "the name of all sweeps without one"),
    ],
)
def test_a_name_that_a_sweep_cannot_have_is_refused(words, told):
    (problem,) = read(*words)[2]
    assert told in problem


@pytest.mark.parametrize("words", [["lr=1,2", "name=rates"], ["question=leak", "name=mine"], ["lr=1,2", "name=null"]])
def test_a_sweep_and_questions_may_have_a_name(words):
    assert read(*words)[2] == []


def test_what_a_study_says_of_folds_is_not_ignored_if_its_design_comes_out_as_fixed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "conf" / "study" / "odd.yaml"
    place.parent.mkdir(parents=True)
    text = "title: Odd\nquestions: [pooling]\nfolds: 3\n"
    place.write_text(text + "reference: {data.split: official}\n")
    (problem,) = read("study=odd")[2]
    assert problem.startswith("study odd: folds and measured_share belong to design=folds")
    assert read("study=odd", "design=fixed")[2] == [], "whoever types it knows"
    place.write_text(text)
    assert read("study=odd")[2] == []


def test_the_seeds_of_a_question_count_outside_a_study_alone():
    asked = (replace(read_question("pooling"), seeds=20),)
    assert StudyRequest(None, asked).settle({}).looks == (20,)
    assert StudyRequest(Study("s", "S", ("pooling",), {}), asked).settle({"design": "fixed"}).looks == (6, 10, 16, 25)


def test_two_names_for_one_arm_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "conf/question"
    folder.mkdir(parents=True)
    arms = "arms: {one: {lr: 0.01, width: 1}, two: {width: 1.0, lr: 1.0e-2}, three: {lr: 0.02}}"
    (folder / "same.yaml").write_text(f"sentence: Same?\n{arms}\n")
    assert (
        "the arms 'one' and 'two' have the same levels, and are one arm; expected one name for it"
        in read("question=same")[2]
    )
