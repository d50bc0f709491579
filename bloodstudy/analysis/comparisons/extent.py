"""How far each arm of a study is trained: to its last look if it was closed there, else as far as is planned.

In: the courses of a study. Out: repetitions by arm, and the trials that lie within them. What is closed gets no more
blocks; an arm that is only shown goes as far as the arms of its questions do, a reference as far as its arms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bloodstudy.analysis.comparisons.blocks import Blocks
from bloodstudy.analysis.comparisons.course import Course
from bloodstudy.analysis.comparisons.pairs import Pair
from bloodstudy.analysis.comparisons.verdict import Word
from bloodstudy.study.plan import Plan
from bloodstudy.study.planned import PlannedTrial

Followed = Mapping[Pair, tuple[Blocks, Course]]


def find_extent(plan: Plan, followed: Followed) -> dict[str, int]:
    """Return how many repetitions each arm is to have."""
    whole = plan.repetitions.count
    tested = {pair: _end(course, whole) for pair, (_, course) in followed.items() if pair.tested}
    extent: dict[str, int] = {}
    for pair, end in tested.items():
        extent[pair.arm] = max(extent.get(pair.arm, 0), end)
    for pair in followed.keys() - tested.keys():
        questions = {*pair.questions, *pair.shown}
        beside = [end for other, end in tested.items() if questions & {*other.questions}]
        extent[pair.arm] = max([extent.get(pair.arm, 0), *(beside or [whole])])
    for pair in followed:
        extent[pair.reference] = max(extent.get(pair.reference, 0), extent[pair.arm])
    return extent


def _end(course: Course, whole: int) -> int:
    return whole if course.open or course.last is None else course.last.repetitions


def list_needed(plan: Plan, followed: Followed) -> list[PlannedTrial]:
    """Return the planned trials that are trained, as far as the looks that were held tell; of a plain sweep all."""
    if not followed:
        return list(plan.trials)
    extent, repetitions = find_extent(plan, followed), plan.repetitions
    place = {seed: repetitions.place(seed)[0] for seed in repetitions.seeds}
    return [trial for trial in plan.trials if place[trial.seed] < extent.get(trial.arm, repetitions.count)]


def count_trainings(plan: Plan, followed: Followed, look: int) -> int:
    """Return how many trainings the study takes up to a look, the first one being 0, as far as is known now."""
    repetitions = plan.repetitions
    seeds = {*repetitions.seeds_of(repetitions.looks[look])}
    return len({trial.key for trial in list_needed(plan, followed) if trial.seed in seeds})


def keep_to_budget(plan: Plan, followed: Followed) -> Followed:
    """Return the courses, those that are open ended at the last look if the next one costs more than is to be spent."""
    held = max((course.last.look for _, course in followed.values() if course.last), default=0)
    paid = plan.trainings_paid
    if paid is None or held in (0, len(plan.repetitions.looks)) or count_trainings(plan, followed, held) <= paid:
        return followed
    return {pair: (blocks, _stop(course)) for pair, (blocks, course) in followed.items()}


def _stop(course: Course) -> Course:
    if not course.open or course.last is None:
        return course
    verdict = replace(course.verdict, word=Word.INCONCLUSIVE, reason="", stopped=True, final=True)
    return replace(course, verdict=verdict)
