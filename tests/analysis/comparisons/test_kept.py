"""Whether what a look has said still follows from the trials."""

from dataclasses import dataclass, replace

import pytest

from bloodstudy.analysis.comparisons.course import Course
from bloodstudy.analysis.comparisons.kept import list_said, list_taken_back
from bloodstudy.analysis.comparisons.pairs import Pair
from bloodstudy.analysis.comparisons.verdict import Verdict, Word
from bloodstudy.study.arms import Role

HALF = Pair("half", "reference", Role.CONFIRMATORY, ("size",), 0.03)


@dataclass(frozen=True)
class Held:
    look: int


def course(look, word, **more):
    return [(HALF, Course((Held(look),) if look else (), Verdict(word, **more)))]


def tell(before, now):
    return [one.now for one in list_taken_back(list_said(before), now)]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (course(1, Word.OPEN), course(1, Word.OPEN)),
        (course(1, Word.OPEN), course(2, Word.HARMS, final=True)),
        (course(1, Word.OPEN), course(1, Word.INCONCLUSIVE, final=True, stopped=True)),
        (course(2, Word.HARMS, final=True), course(2, Word.HARMS, final=True)),
        (course(1, Word.OPEN, not_worse=True), course(2, Word.INCONCLUSIVE, not_worse=True)),
        (course(1, Word.INVALID, final=True), course(1, Word.HARMS, final=True)),
        (course(0, Word.OPEN), course(1, Word.HARMS, final=True)),
    ],
)
def test_what_follows_from_more_trials_takes_nothing_back(before, now):
    assert tell(before, now) == []


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (course(1, Word.OPEN), course(1, Word.HARMS, final=True), "harms"),
        (course(1, Word.INCONCLUSIVE, final=True), course(1, Word.IMPROVES, final=True), "improves"),
        (course(1, Word.EQUIVALENT, final=True), course(2, Word.EQUIVALENT, final=True), "equivalent"),
        (course(1, Word.EQUIVALENT, final=True), course(1, Word.INVALID, final=True), "invalid"),
        (course(2, Word.HARMS, final=True), course(1, Word.OPEN), "not said, since trials of that look are gone"),
        (course(1, Word.OPEN, not_worse=True), course(1, Word.OPEN), "open"),
        (course(1, Word.HARMS, final=True), course(1, Word.INCONCLUSIVE, not_worse=True), "inconclusive, not worse"),
        (course(1, Word.HARMS, final=True), [], "not tested"),
        (
            course(1, Word.HARMS, final=True),
            [(replace(HALF, reference="full"), course(1, Word.HARMS)[0][1])],
            "not tested",
        ),
    ],
)
def test_anything_else_is_told(before, now, said):
    assert tell(before, now) == [said]
