"""What is asked for by name; tests/study/test_question.py has the files and all that is refused."""

import pytest

from bloodstudy.cli.overrides import parse
from bloodstudy.cli.request import read_request


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
    assert (study.name, others, problems) == ("smoke", ["data.copies=4"], [])
    assert (study.seeds, study.looks, study.common) == (study.study.seeds, study.study.looks, study.study.reference)
    alone, _, _ = read("question=pooling,dropout")
    assert (alone.name, alone.looks) == ("scratch", (alone.seeds,))
    assert [question.name for question in alone.questions] == ["pooling", "dropout"]
    assert [alone.margin(question) for question in alone.questions] == [0.02, 0.02]


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
