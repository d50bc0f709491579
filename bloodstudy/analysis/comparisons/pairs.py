"""What a plan asks: which arm is compared with which, with what margin, and at how many seeds it is decided.

In: a plan. Out: the `Pair`s in the order of the plan, and the `Look` that the finished seeds have come to. A plain
sweep declared nothing before it was run, so its arms are shown and none is tested.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloodstudy.config.schema import defaults, flatten
from bloodstudy.study.arms import Role
from bloodstudy.study.plan import Plan
from bloodstudy.study.question import MARGIN


@dataclass(frozen=True)
class Pair:
    """An arm and the reference that it is compared with."""

    arm: str
    reference: str
    role: Role
    questions: tuple[str, ...]
    margin: float
    shown: tuple[str, ...] = ()  # further questions, which show the arm and do not test it

    @property
    def tested(self) -> bool:
        return self.role == Role.CONFIRMATORY


@dataclass(frozen=True)
class InterimLook:
    """How far a study has come: all tested arms have the first `done` seeds."""

    done: int
    looks: tuple[int, ...]  # numbers of seeds at which it decides, rising

    @property
    def decides(self) -> bool:
        return self.done in self.looks or self.done >= self.looks[-1]

    @property
    def used(self) -> int:
        """The seeds that are looked at: those beyond the last declared look change no verdict."""
        return min(self.done, self.looks[-1])

    @property
    def beyond(self) -> int:
        """The seeds after the last declared look: exploratory."""
        return max(0, self.done - self.looks[-1])

    @property
    def next(self) -> int:
        """The number of seeds at which it decides next, or decided last."""
        return next((look for look in self.looks if look >= self.done), self.looks[-1])


def list_pairs(plan: Plan) -> list[Pair]:
    """Return the pairs of a plan, in its order; of the questions that test one, the smallest margin holds."""
    if not plan.questions:
        return _pair_plain(plan)
    asked: dict[tuple[str, str], dict[str, dict[str, float]]] = {}  # margins by role and question
    for question in plan.questions:
        for arm in question.arms:
            role = plan.role_of(arm, question)
            if arm == question.reference or role == Role.REFERENCE:
                continue
            own = asked.setdefault((arm, question.reference), {Role.CONFIRMATORY: {}, Role.EXPLORATORY: {}})
            own[role][question.name] = question.margin
    return [_pair(*names, own[Role.CONFIRMATORY], own[Role.EXPLORATORY]) for names, own in asked.items()]


def _pair(arm: str, reference: str, testing: Mapping[str, float], showing: Mapping[str, float]) -> Pair:
    if not testing:
        return Pair(arm, reference, Role.EXPLORATORY, tuple(showing), min(showing.values()))
    return Pair(arm, reference, Role.CONFIRMATORY, tuple(testing), min(testing.values()), tuple(showing))


def _pair_plain(plan: Plan) -> list[Pair]:
    arms: dict[str, dict[str, Any]] = {}
    for trial in plan.trials:
        own = {key: level for key, level in trial.levels.items() if key != "seed"}
        arms.setdefault(trial.arm, own)
    usual = flatten(defaults())
    usual |= {"model": usual["model.name"], "data": usual["data.name"]}
    as_usual = [arm for arm, levels in arms.items() if all(usual.get(key) == level for key, level in levels.items())]
    reference = (as_usual or list(arms))[0]
    return [Pair(arm, reference, Role.EXPLORATORY, (), MARGIN) for arm in arms if arm != reference]


def find_interim_look(plan: Plan, done: Mapping[str, Sequence[int]], arms: Sequence[str]) -> InterimLook:
    """Return how far the study has come, from the seeds of each arm that have a result; `arms` must all have them."""
    planned = sorted({trial.seed for trial in plan.trials})
    common = 0
    while common < len(planned) and all(planned[common] in done.get(arm, ()) for arm in arms):
        common += 1
    return InterimLook(common, tuple(plan.looks or (len(planned),)))
