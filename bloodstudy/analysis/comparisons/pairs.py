"""What a plan asks: which arm is compared with which, with what margin, and at how many seeds it is decided.

In: a plan. Out: the `Pair`s in the order of the plan, and the `Look` that the finished seeds have come to. A plain
sweep declared nothing before it was run, so its arms are shown and none is tested.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloodstudy.config.schema import defaults, flatten
from bloodstudy.study.question import MARGIN

CONFIRMATORY, EXPLORATORY = "confirmatory", "exploratory"


@dataclass(frozen=True)
class Pair:
    """An arm and the reference that it is compared with."""

    arm: str
    reference: str
    role: str
    questions: tuple[str, ...]
    margin: float
    shown: tuple[str, ...] = ()  # further questions, which show the arm and do not test it

    @property
    def tested(self) -> bool:
        return self.role == CONFIRMATORY


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


def role_in(plan: Mapping[str, Any], question: Mapping[str, Any], arm: str) -> str:
    """Return the role of an arm in a question: the reference of one may be tested in another."""
    return question.get("roles", {}).get(arm, plan["arms"][arm]["role"])


def list_pairs(plan: Mapping[str, Any]) -> list[Pair]:
    """Return the pairs of a plan, in its order; of the questions that test one, the smallest margin holds."""
    if not plan.get("questions"):
        return _pair_plain(plan)
    asked: dict[tuple[str, str], dict[str, dict[str, float]]] = {}  # margins by role and question
    for question in plan["questions"]:
        for arm in question["arms"]:
            role = role_in(plan, question, arm)
            if arm == question["reference"] or role == "reference":
                continue
            own = asked.setdefault((arm, question["reference"]), {CONFIRMATORY: {}, EXPLORATORY: {}})
            own[role][question["name"]] = question["margin"]
    return [_pair(*names, own[CONFIRMATORY], own[EXPLORATORY]) for names, own in asked.items()]


def _pair(arm: str, reference: str, testing: Mapping[str, float], showing: Mapping[str, float]) -> Pair:
    if not testing:
        return Pair(arm, reference, EXPLORATORY, tuple(showing), min(showing.values()))
    return Pair(arm, reference, CONFIRMATORY, tuple(testing), min(testing.values()), tuple(showing))


def _pair_plain(plan: Mapping[str, Any]) -> list[Pair]:
    arms: dict[str, dict[str, Any]] = {}
    for trial in plan["trials"]:
        own = {key: level for key, level in trial["levels"].items() if key != "seed"}
        arms.setdefault(trial["arm"], own)
    usual = flatten(defaults())
    usual |= {"model": usual["model.name"], "data": usual["data.name"]}
    as_usual = [arm for arm, levels in arms.items() if all(usual.get(key) == level for key, level in levels.items())]
    reference = (as_usual or list(arms))[0]
    return [Pair(arm, reference, EXPLORATORY, (), MARGIN) for arm in arms if arm != reference]


def find_interim_look(plan: Mapping[str, Any], done: Mapping[str, Sequence[int]], arms: Sequence[str]) -> InterimLook:
    """Return how far the study has come, from the seeds of each arm that have a result; `arms` must all have them."""
    planned = sorted({trial["seed"] for trial in plan["trials"]})
    common = 0
    while common < len(planned) and all(planned[common] in done.get(arm, ()) for arm in arms):
        common += 1
    return InterimLook(common, tuple(plan.get("looks") or (len(planned),)))
