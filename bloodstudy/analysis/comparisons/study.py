"""The answer to a whole study: every comparison with its verdict, and how far the study has come.

In: a study's results. Out: a frozen `StudyAnalysis`, from which reports are written: it holds every number and word
that they give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bloodstudy.analysis.comparisons.blocks import Blocks
from bloodstudy.analysis.comparisons.comparison import (
    RESPONSES,
    Comparison,
    collect_blocks,
    compare,
    list_faults,
    withhold,
)
from bloodstudy.analysis.comparisons.course import Course, Rules, declare, follow
from bloodstudy.analysis.comparisons.extent import Followed, keep_to_budget, list_needed
from bloodstudy.analysis.comparisons.kept import TakenBack, list_taken_back
from bloodstudy.analysis.comparisons.mechanism import name_mechanism
from bloodstudy.analysis.comparisons.pairs import Pair, list_pairs
from bloodstudy.analysis.comparisons.validity import APART, split_apart
from bloodstudy.analysis.comparisons.verdict import Verdict, Word
from bloodstudy.analysis.results.sweep import StudyResults
from bloodstudy.study.design import DesignName, Repetitions
from bloodstudy.study.outcome import Outcome


@dataclass(frozen=True, eq=False)
class StudyAnalysis:
    """A study, judged."""

    sweep: StudyResults
    rules: Rules
    family: int  # arms that the plan tests
    complete: int  # repetitions that have ended in all arms that were open at them
    comparisons: tuple[Comparison, ...]  # in the order of the plan
    fewest_clusters: int | None  # photographs (or scenes) of the rarest class in the test; None: nothing is finished
    unit: str  # scene, photograph or image: what counts as one piece of evidence

    @property
    def repetitions(self) -> Repetitions:
        return self.rules.repetitions

    @property
    def looks(self) -> tuple[int, ...]:
        return self.repetitions.looks

    @property
    def held(self) -> int:
        """The looks that were held."""
        return max((c.course.last.look for c in self.comparisons if c.course.last), default=0)

    @property
    def taken_back(self) -> list[TakenBack]:
        """What its looks have said that does not follow from the trials any more."""
        return list_taken_back(self.sweep.said, [(own.pair, own.course) for own in self.comparisons])

    @property
    def by_folds(self) -> bool:
        """Whether verdicts are about new photographs, and not about these alone."""
        return self.repetitions.name == DesignName.FOLDS

    @property
    def afterwards(self) -> bool:
        """Whether nothing was declared before the first trial of how it would be judged."""
        return self.sweep.plan.design is None

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of all repetitions that count."""
        return self.repetitions.seeds_of(self.complete)

    def of(self, question: str) -> list[Comparison]:
        """Return the comparisons that belong to a question."""
        own = [c for c in self.comparisons if question in (*c.pair.questions, *c.pair.shown)]
        return [comparison if question in comparison.pair.questions else _show(comparison) for comparison in own]

    def find(self, arm: str, reference: str | None = None) -> Comparison | None:
        """Return the comparison of `arm`, or None if it has none."""
        found = (c for c in self.comparisons if c.pair.arm == arm and reference in (None, c.pair.reference))
        return next(found, None)


def _show(comparison: Comparison) -> Comparison:
    """Return the comparison as a question has it that shows the arm, which another one tests."""
    verdict = (
        comparison.verdict if comparison.verdict.word in (Word.INVALID, Word.UNPAIRED) else Verdict(Word.EXPLORATORY)
    )
    return replace(comparison, pair=replace(comparison.pair, role=Word.EXPLORATORY), verdict=verdict)


def follow_study(sweep: StudyResults) -> tuple[Rules, Followed]:
    """Return the rules of a study, and of each pair its blocks and, of those that are tested, the course so far."""
    pairs = list_pairs(sweep.plan)
    blocks = {pair: collect_blocks(sweep, pair) for pair in pairs}
    tested = [blocks[pair] for pair in pairs if pair.tested]
    rules = declare(sweep.plan.repetitions, len(tested))
    courses = iter(follow(tested, [own.pair.simplify for own in tested], rules))
    shown = Course((), Verdict(Word.EXPLORATORY))
    followed = {pair: (blocks[pair], next(courses) if pair.tested else shown) for pair in pairs}
    followed = {pair: (own, _guard(sweep, own, course)) for pair, (own, course) in followed.items()}
    return rules, keep_to_budget(sweep.plan, followed)


def _guard(sweep: StudyResults, blocks: Blocks, course: Course) -> Course:
    """Return the course without what its last look concluded, if nothing may be concluded: no more blocks mend that."""
    if course.last is None:
        return course
    if split_apart(sweep, blocks.pair):
        return replace(course, verdict=APART)
    faults = list_faults(sweep, blocks, course.last.repetitions)
    return replace(course, verdict=Verdict(Word.INVALID, "; ".join(faults), final=True)) if faults else course


def analyse_study(sweep: StudyResults) -> StudyAnalysis:
    """Return the study of `sweep`, judged."""
    rules, followed = follow_study(sweep)
    sweep = _spare(sweep, followed)
    complete = _count_complete(followed, rules.repetitions)
    comparisons = [_judge(sweep, *own, complete) for own in followed.values()]
    counts, unit = _count_clusters(sweep)
    family = sum(pair.tested for pair in followed)
    return StudyAnalysis(sweep, rules, family, complete, tuple(comparisons), min(counts, default=None), unit)


def _spare(sweep: StudyResults, followed: Followed) -> StudyResults:
    """Return `sweep`, what is missing of closed arms being spared."""
    needed = [trial.key for trial in list_needed(sweep.plan, followed)]
    trials = sweep.trials.copy()
    spared = (trials["outcome"] == Outcome.MISSING) & ~trials["key"].isin(needed)
    trials.loc[spared, ["outcome", "reason"]] = Outcome.SPARED, "a look has closed its arm"
    return replace(sweep, trials=trials)


def _count_complete(followed: Mapping[Pair, tuple[Blocks, Course]], repetitions: Repetitions) -> int:
    """Return how many repetitions have ended in each tested arm that was open at them (in all arms if none is)."""
    if not followed:
        return repetitions.count
    most = min(repetitions.count, repetitions.looks[-1])
    own = [(blocks, course) for pair, (blocks, course) in followed.items() if pair.tested] or list(followed.values())
    own = [(blocks, course) for blocks, course in own if course.verdict.word != Word.INVALID or course.last]
    for complete in range(most):
        left = [both for both in own if not _closed(both[1], complete)]
        going = [both for both in left if not both[1].waits] or left
        if not going or not all(blocks.complete(complete + 1) for blocks, _ in going):
            return complete
    return most


def _closed(course: Course, repetitions: int) -> bool:
    """Tell whether an arm was closed by a look at so many repetitions, or before."""
    return not course.open and course.last is not None and course.last.repetitions <= repetitions


def _judge(sweep: StudyResults, blocks: Blocks, course: Course, complete: int) -> Comparison:
    used = course.last.repetitions if course.last else complete
    if not blocks.pair.tested:
        while used and not blocks.complete(used):
            used -= 1
    compared = compare(sweep, blocks, course, course.verdict, used)
    if compared.unpaired:
        return replace(compared, verdict=APART)
    if compared.faults:
        return withhold(replace(compared, verdict=Verdict(Word.INVALID, "; ".join(compared.faults), final=True)))
    if course.verdict.word == Word.INVALID:
        return withhold(compared)
    return replace(compared, mechanism=_name_mechanism(compared))


def _name_mechanism(comparison: Comparison) -> str | None:
    """Return how a closed arm works, descriptively."""
    if comparison.pair.tested and not (comparison.verdict.decided and comparison.verdict.tested):
        return None
    return name_mechanism(*(comparison.effects[response] for response in RESPONSES))


def _count_clusters(sweep: StudyResults) -> tuple[Sequence[int], str]:
    """Return the clusters of the class of which the fewest test, by arm over all its blocks, and what they are."""
    tested: dict[str, set[tuple[int, str]]] = {}
    known, unit, classes = set[tuple[str, int]](), "image", 0
    for planned in sweep.plan.trials:
        if planned.key not in sweep.predictions:
            continue
        shown = sweep.predictions[planned.key].shown
        cells = shown.cells(planned.evaluated_on)
        if (planned.arm, id(cells)) not in known:  # blocks by folds test other images each
            known.add((planned.arm, id(cells)))
            tested.setdefault(planned.arm, set()).update(zip(cells.classes.tolist(), cells.scenes, strict=True))
            unit, classes = shown.unit, len(shown.classes)
    labels = [[label for label, _ in cells] for cells in tested.values()]
    return [min(own.count(label) for label in range(classes)) for own in labels], unit
