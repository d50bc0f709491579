"""Whether each verdict that a look has given is still what follows from the trials.

In: what was said, and the courses of now. Out: what was said and does not follow any more. Trials are deterministic and
a look asks for those up to it alone, so this means that something else was changed after it was held: the images or
their scenes, the trials of a seed, a metric, a setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bloodstudy.analysis.comparisons.course import Course
from bloodstudy.analysis.comparisons.pairs import Pair
from bloodstudy.analysis.comparisons.verdict import Verdict, Word
from bloodstudy.study.said import Said

OPEN = str(Word.OPEN)
UNSAID = (Word.INVALID, Word.UNPAIRED, Word.PILOT)  # nothing was concluded


@dataclass(frozen=True)
class TakenBack:
    """What a look has said, and what is said now."""

    said: Said
    now: str


def list_said(courses: Iterable[tuple[Pair, Course]]) -> list[Said]:
    """Return what the last look that was held of each tested arm says."""
    return [
        _say(course.last.look, pair.arm, pair.reference, course.verdict)
        for pair, course in courses
        if pair.tested and course.last and course.verdict.word not in UNSAID
    ]


def _say(look: int, arm: str, reference: str, verdict: Verdict) -> Said:
    return Said(look, arm, reference, str(verdict.word), verdict.not_worse)


def list_taken_back(said: Sequence[Said], courses: Iterable[tuple[Pair, Course]]) -> list[TakenBack]:
    """Return what of `said` does not hold any more."""
    by_pair = {(pair.arm, pair.reference): course for pair, course in courses if pair.tested}
    return [TakenBack(one, now) for one in said if (now := _find_other(one, by_pair)) is not None]


def _find_other(said: Said, courses: Mapping[tuple[str, str], Course]) -> str | None:
    """Return what is said in the place of `said`; None if that holds."""
    course = courses.get((said.arm, said.reference))
    if course is None:
        return "not tested"
    verdict = course.verdict
    if course.last is None or course.last.look < said.look:
        return "not said, since trials of that look are gone" if verdict.word not in UNSAID else str(verdict.word)
    if said.word == OPEN:
        holds = course.last.look > said.look or verdict.word == Word.OPEN or verdict.stopped
    else:
        holds = course.last.look == said.look and str(verdict.word) == said.word
    if holds and (verdict.not_worse or not said.not_worse):
        return None
    return _say(course.last.look, said.arm, said.reference, verdict).told
