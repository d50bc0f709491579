"""What is to be trained: trials, their identity and their names.

In: checked settings, and the fingerprint of the data. Out: frozen trials. A trial's key is the hash of all that decides
its numbers, as resolved; where files lie, how runs are logged and what the trial is called are not part of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bloodstudy.config.factors import own_defaults
from bloodstudy.config.schema import Factors, defaults, flatten
from bloodstudy.study.question import Question
from bloodstudy.study.record import is_list


class Role(StrEnum):
    """What an arm is for. An arm with two roles in one question keeps the first of them."""

    REFERENCE = "reference"
    CONFIRMATORY = "confirmatory"  # tested
    EXPLORATORY = "exploratory"  # shown


REFERENCE = "reference"  # the name of the arm that the others are compared with
BLOCK_KEYS = ("seed",)  # replicates: never part of an arm's name


@dataclass(frozen=True)
class Arm:
    """What one trial of every seed has in common, apart from what the whole study shares."""

    name: str
    levels: Mapping[str, Any]  # what sets it apart from the study's reference: nothing for that itself
    role: Role
    questions: tuple[str, ...]  # that it belongs to
    roles: Mapping[str, Role] = field(default_factory=dict[str, Role])  # by question, if it has another one there

    def role_in(self, question: str) -> Role:
        """Return its role in a question that it belongs to."""
        return self.roles.get(question, self.role)


ROLES = tuple(Role)


def expand(questions: Sequence[Question]) -> list[Arm]:
    """Return the arms of `questions`, the reference first, each once however many questions share it."""
    shared = tuple(question.name for question in questions if not question.reference)
    arms = [Arm(REFERENCE, {}, Role.REFERENCE, shared)] if shared else []
    for question in questions:
        for role, name, levels in _arms_of(question):
            every = {**question.reference, **levels}
            arms.append(Arm(name or name_arm(every), every, role, (question.name,)))
    return merge(arms, [json.dumps(arm.levels, sort_keys=True) for arm in arms])


def merge(arms: Sequence[Arm], identities: Sequence[str]) -> list[Arm]:
    """Return `arms` with those of one identity as one: the first one's name, the strongest role, all questions."""
    merged: dict[str, Arm] = {}
    for arm, identity in zip(arms, identities, strict=True):
        first = merged.get(identity)
        if first is None:
            merged[identity] = arm
            continue
        questions = tuple(dict.fromkeys(first.questions + arm.questions))
        role = min(first.role, arm.role, key=ROLES.index)
        every_role = {
            question: min((a.role_in(question) for a in (first, arm) if question in a.questions), key=ROLES.index)
            for question in questions
        }
        roles = {question: there for question, there in every_role.items() if there != role}
        merged[identity] = Arm(first.name, first.levels, role, questions, roles)
    return list(merged.values())


def _arms_of(question: Question) -> Iterator[tuple[Role, str | None, dict[str, Any]]]:
    """Yield role, name if it has one, and levels beside the question's own reference."""
    if question.reference:
        yield Role.REFERENCE, None, {}
    single = [(None, {question.factor: level}) for level in question.levels if question.factor]
    single += [(name, dict(levels)) for name, levels in question.arms.items()]
    for name, levels in single:
        yield Role.CONFIRMATORY, name, levels
    for level in question.exploratory:
        yield Role.EXPLORATORY, None, {str(question.factor): level}
    for cell in question.cells if question.factorial else ():
        yield Role.EXPLORATORY, None, cell
    for name, levels in [(None, {}), *single]:
        for lr in question.lr_grid if "lr" not in levels else ():
            yield Role.EXPLORATORY, f"{name}, lr={spell(lr)}" if name else None, {**levels, "lr": lr}


def name_arm(levels: Mapping[str, Any]) -> str:
    """Name an arm by the levels that set it apart, such as "lr=0.01, pooling=average"; without any: "reference"."""
    parts = [f"{key}={spell(value)}" for key, value in levels.items() if key not in BLOCK_KEYS]
    return ", ".join(parts) or REFERENCE


def spell(value: Any) -> str:
    """Write a level as a person would type it: 0.001, [60,80], max, null."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return f"{value + 0.0:g}"  # -0.0 is 0
    if is_list(value):
        return "[" + ",".join(map(spell, value)) + "]"
    return str(value)


def changed_levels(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the typed factors (and model) that differ from the defaults: what a single trial is named by."""
    usual = flatten(defaults())
    factors = Factors(own=own_defaults()).levels
    changed: dict[str, Any] = {}
    for key, value in chosen.items():
        if (key in factors and value != usual[key]) or (key == "model" and value != usual["model.name"]):
            changed[key] = value
    return changed
