"""The declared looks of a running study: held when their repetitions have ended, and said.

In: the plan and the run folder. Out: the keys of the trials that are still needed. What a look says is a function of
the finished trials alone, so a study that was killed goes on the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bloodstudy import analysis
from bloodstudy.cli import terminal
from bloodstudy.study import said
from bloodstudy.study.arms import Role
from bloodstudy.study.plan import Plan
from bloodstudy.study.question import SCRATCH
from bloodstudy.study.said import Said


class Looks:
    """What the looks of one study have closed so far."""

    def __init__(self, plan: Plan, study_folder: Path, say: Callable[[str], None] = terminal.say) -> None:
        self._plan, self._folder, self._say = plan, study_folder, say
        self._asked = self._held = 0
        self._results: analysis.StudyResults | None = None  # what was read so far
        self.needed = frozenset(plan.keys)
        self.tested: list[tuple[analysis.Pair, analysis.Course]] = []  # as far as was asked
        self.said: list[Said] = []  # by the last look of each arm
        self.taken_back: list[analysis.TakenBack] = []

    @property
    def response(self) -> str:
        """What verdicts are about, as a sentence has it."""
        return self._plan.response_words

    @property
    def held(self) -> int:
        """How many looks were held."""
        return max((course.last.look for _, course in self.tested if course.last), default=0)

    @property
    def decided(self) -> str:
        """How many of the tested arms are decided, in words; empty before a look was due."""
        noun = "comparisons" if self.several else "arms"
        decided = sum(course.verdict.decided for _, course in self.tested)
        return f"{decided} of {len(self.tested)} {noun} decided" if self.tested else ""

    @property
    def stopped(self) -> bool:
        """Whether the budget has ended the study before its last look."""
        return any(course.verdict.stopped for _, course in self.tested)

    @property
    def why_spared(self) -> str:
        """Why trials are not needed, in words."""
        return "their arms are closed or the budget is spent" if self.stopped else "their arms are closed"

    @property
    def several(self) -> bool:
        """Whether tested arms have several references."""
        return len({pair.reference for pair, _ in self.tested}) > 1

    def name(self, pair: analysis.Pair) -> str:
        """Return what a line calls a pair: its arm, and its reference if the study has several."""
        return analysis.name_pair(pair, [own for own, _ in self.tested])

    def keep(self) -> None:
        """Keep what the looks have said, so that it is told if it is ever another thing."""
        if self._plan.study != SCRATCH and self._plan.design is not None:  # else it is judged anew at its last seed
            said.keep(self._folder, self.said)

    def hold(self, repetitions: int) -> None:
        """Hold the looks that are declared after so many repetitions or fewer, as far as trials have ended."""
        looks = self._plan.repetitions.looks
        tests = any(arm.role == Role.CONFIRMATORY for arm in self._plan.arms.values())
        due = sum(look <= repetitions for look in looks) if tests else 0
        if due <= self._asked:
            return
        self._asked = due
        self._results = analysis.load_study(self._folder.parent, self._folder.name, self._plan, self._results)
        _, followed = analysis.follow_study(self._results)
        self.needed = frozenset(trial.key for trial in analysis.list_needed(self._plan, followed))
        every = [(pair, course) for pair, (_, course) in followed.items()]
        self.said, self.taken_back = analysis.list_said(every), analysis.list_taken_back(self._results.said, every)
        self.tested = [(pair, course) for pair, course in every if pair.tested]
        if (held := self.held) <= self._held:
            return
        self._held = held
        closed = [f"{self.name(pair)}: {course.verdict.word}" for pair, course in self.tested if not course.open]
        still = sum(course.open for _, course in self.tested)
        spared = len(self._plan.keys) - len(self.needed)
        rest = f"; {spared} trials are not needed" if spared else ""
        rest += "; the next look costs more than the budget, so the study ends here" if self.stopped else ""
        self._say(
            f"look {held} of {len(looks)}, after {looks[held - 1]} repetitions: {self.decided}, {still} open{rest}"
        )
        for line in closed:
            self._say(f"  {line}")
