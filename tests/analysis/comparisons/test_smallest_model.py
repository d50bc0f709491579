"""The smallest model that is not worse, from effects made up to be so."""

from dataclasses import replace

import pandas as pd
import pytest
from records import plan_of

from bloodstudy.analysis import Comparison, StudyAnalysis, StudyResults, find_simplest
from bloodstudy.analysis.comparisons.comparison import NOTHING
from bloodstudy.analysis.comparisons.course import Course, declare, follow
from bloodstudy.analysis.comparisons.validity import Training
from bloodstudy.analysis.comparisons.verdict import Verdict, Word

PARAMETERS = {"reference": 8684, "quarter": 650, "half": 2312, "double": 33620}
SPREAD = [-0.002, 0.002, -0.001, 0.001, 0.0, 0.003, -0.003, 0.001, -0.001, 0.0]


def compare(pair, course, verdict=None):
    nothing, trained = pd.DataFrame(), Training(10, (), ())
    return Comparison(
        pair, (), nothing, nothing, {}, (0, 0), NOTHING, course, trained, trained, (), False, verdict or course.verdict
    )


@pytest.fixture
def judged(blocks_of):
    """Return a function that judges arms of these mean differences after ten seeds, at their one look."""

    def judge(means, looks=(10,)):
        blocks = [
            blocks_of([mean + part for part in SPREAD], pair={"arm": arm, "questions": ("size",)}, looks=looks)
            for arm, mean in means.items()
        ]
        rules = declare(blocks[0].repetitions, len(means))
        courses = follow(blocks, [False] * len(means), rules)
        trials = pd.DataFrame([{"arm": arm, "parameters": count} for arm, count in PARAMETERS.items()])
        results = StudyResults(plan_of({"questions": [{"name": "size"}]}), trials, {}, {}, {})
        compared = tuple(compare(own.pair, course) for own, course in zip(blocks, courses, strict=True))
        return StudyAnalysis(results, rules, len(means), 10, compared, 20, "photograph")

    return judge


def test_the_smallest_model_that_carries_the_flag_and_how_that_moves_with_the_margin(judged):
    answer = find_simplest(judged({"quarter": -0.03, "half": -0.01, "double": 0.01}), "size")
    assert answer.smallest == "half"
    strip = dict(zip(answer.strip["margin"], answer.strip["smallest"], strict=True))
    assert strip[0.005] == "reference"  # double is not worse, and larger
    assert strip[0.02] == "half"
    assert strip[0.05] == "quarter"
    sizes = [PARAMETERS[arm] for arm in answer.strip["smallest"]]
    assert sizes == sorted(sizes, reverse=True)
    assert answer.models["not_worse"].tolist() == [True, False, True, True]


def test_the_strip_gives_at_the_margin_itself_what_the_flag_says(blocks_of, judged):
    """The arm is shown to be not worse at its first look, and falls behind after it."""
    falls = blocks_of([0.05 + own for own in SPREAD[:6]] + [-0.4] * 10, looks=(6, 16), pair={"arm": "half"})
    rules = declare(falls.repetitions, 1)
    (course,) = follow([falls], [False], rules)
    study = judged({"half": 0.0})
    course = replace(course, verdict=replace(course.verdict, word=Word.INCONCLUSIVE, not_worse=True))
    (half,) = study.comparisons
    answer = find_simplest(replace(study, comparisons=(replace(half, course=course, verdict=course.verdict),)), "size")
    strip = dict(zip(answer.strip["margin"], answer.strip["smallest"], strict=True))
    assert strip[half.pair.margin] == answer.smallest == "half"
    assert all(strip[margin] == "half" for margin in strip if margin > half.pair.margin)


def test_nothing_smaller_is_not_worse_so_the_reference_stays(judged):
    assert find_simplest(judged({"quarter": -0.3, "half": -0.1, "double": 0.01}), "size").smallest == "reference"


def test_while_an_arm_is_open_nothing_is_named(judged):
    judged = judged({"half": 0.0, "quarter": 0.014}, looks=(6, 20))
    assert [c.verdict.text for c in judged.comparisons] == ["equivalent", "open 1/2"]
    answer = find_simplest(judged, "size")
    assert answer.smallest is None
    assert answer.strip.empty


def test_an_arm_that_is_invalid_keeps_nobody_waiting_and_is_not_named(judged):
    study = judged({"quarter": 0.0, "half": 0.0})
    quarter, half = study.comparisons
    for verdict in (Verdict(Word.INVALID, "doubled", final=True), Verdict(Word.FAILS, final=True, not_worse=True)):
        comparisons = (replace(quarter, verdict=verdict), half)
        answer = find_simplest(replace(study, comparisons=comparisons), "size")
        assert answer.smallest == "half"
        assert set(answer.strip["smallest"]) <= {"half", "reference"}
        assert answer.models["not_worse"].tolist() == [True, None, True]


def test_at_no_margin_is_an_arm_named_that_another_question_compares_with_another_reference(judged):
    study = judged({"quarter": -0.3, "half": -0.1})
    (better,) = judged({"quarter": 0.1}).comparisons
    elsewhere = replace(better, pair=replace(better.pair, reference="other", questions=("colour",)))
    answer = find_simplest(replace(study, comparisons=(*study.comparisons, elsewhere)), "size")
    assert set(answer.strip["smallest"]) == {"reference"}


def test_if_every_smaller_model_failed_to_train_the_reference_stays(judged):
    (half,) = judged({"half": 0.0}).comparisons
    failed = compare(half.pair, Course((), Verdict(Word.FAILS, final=True)))
    assert find_simplest(replace(judged({"half": 0.0}), comparisons=(failed,)), "size").smallest == "reference"
