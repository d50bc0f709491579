"""What a study decides before it is run: its arms, what they are called and tested with, its margins and looks.

In: the request, its checked jobs and the planned trials. Out: the parts of a plan that an amendment changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bloodstudy.cli.compose import RequestedTrial
from bloodstudy.cli.overrides import UNSWEPT
from bloodstudy.cli.request import OWNED, StudyRequest
from bloodstudy.config.extension.known import METRICS
from bloodstudy.config.schema import Settings, level_of
from bloodstudy.errors import UserError
from bloodstudy.study.arms import Arm, Role, merge, name_arm
from bloodstudy.study.design import Design, DesignName
from bloodstudy.study.plan import Plan
from bloodstudy.study.planned import PlannedArm, PlannedQuestion, PlannedResponse, PlannedTrial
from bloodstudy.study.question import Question

Cells = Mapping[str, Mapping[str, Any]]  # the levels of each cell of a product, by the name of its arm
ELSEWHERE = (*UNSWEPT, "data.root")  # typed anew with every command: no part of what a trial is


def merge_arms(request: StudyRequest, trials: Sequence[PlannedTrial]) -> list[Arm]:
    """Return the arms of the request, those that turned out to be the same trial as one.

    Raises UserError if a question names two arms that are the same, or leaves none to be tested or shown.
    """
    identities = _identify(request, trials)
    if problems := [
        problem for question in request.questions for problem in _judge_arms(question, request, identities)
    ]:
        raise UserError(*problems)
    return merge(request.arms, identities)


def _judge_arms(question: Question, request: StudyRequest, identities: Sequence[str]) -> list[str]:
    own = [
        (arm, identity)
        for arm, identity in zip(request.arms, identities, strict=True)
        if question.name in arm.questions
    ]
    first: dict[str, Arm] = {}
    problems = []
    for arm, identity in own:
        before = first.setdefault(identity, arm)
        if before is not arm and arm.name in question.arms:
            other = "its reference" if before.role_in(question.name) == Role.REFERENCE else f"the arm {before.name!r}"
            problems.append(
                f"question {question.name}: the arm {arm.name!r} is {other}: it sets nothing else. Change its levels, "
                "or leave it out"
            )
    if len(first) < 2 and not problems:
        problems.append(f"question {question.name}: every level is the reference's, so it asks nothing. Name others")
    return problems


def _identify(request: StudyRequest, trials: Sequence[PlannedTrial]) -> list[str]:
    return [f"{trial.key} {trial.evaluated_on}" for trial in trials[: len(request.arms)]]  # of the first seed


def find_cells(request: StudyRequest, trials: Sequence[PlannedTrial]) -> dict[str, Cells]:
    """Return the levels of each cell of a question's product, by the name of the arm that it turned out to be."""
    first: dict[str, str] = {}
    for arm, identity in zip(request.arms, _identify(request, trials), strict=True):
        first.setdefault(identity, arm.name)
    identities = dict(zip((_spell(arm.levels) for arm in request.arms), _identify(request, trials), strict=True))
    return {
        question.name: {first[identities[_spell({**question.reference, **cell})]]: cell for cell in question.cells}
        for question in request.questions
        if question.factorial
    }


def _spell(levels: Mapping[str, Any]) -> str:
    return json.dumps(levels, sort_keys=True)


def label(
    request: StudyRequest, arms: Sequence[Arm], reference: Settings, trials: Sequence[PlannedTrial]
) -> tuple[dict[str, list[Any]], list[PlannedTrial]]:
    """Return what is swept, and the trials with their levels; a question about one factor is a sweep over it."""
    key, levels = "arm", {arm.name: arm.name for arm in arms}
    factor = request.questions[0].factor if len(request.questions) == 1 else None
    if factor and all(set(arm.levels) <= {factor} for arm in arms):
        key, levels = factor, {arm.name: arm.levels.get(factor, level_of(reference, factor)) for arm in arms}
    labelled = [replace(trial, levels={key: levels[trial.arm], "seed": trial.seed}) for trial in trials]
    return {key: list(levels.values()), "seed": sorted({trial.seed for trial in trials})}, labelled


def decide(
    plan: Plan,
    request: StudyRequest,
    design: Design,
    arms: Sequence[Arm],
    reference: RequestedTrial,
    cells: Mapping[str, Cells],
) -> Plan:
    """Return `plan` with what a study decides before it is run; `reference` is the first trial of its reference."""
    varied = {key for question in request.questions for key in question.varied} | {"seed", *ELSEWHERE}
    varied |= {*OWNED} if design.name == DesignName.FOLDS else set()
    control = reference.settings.control
    own = METRICS[request.response] if request.response else None
    return replace(
        plan,
        question=" ".join(question.sentence for question in request.questions),
        title=request.study.title if request.study else None,
        design=design.name,
        folds=design.folds,
        looks=list(design.looks),
        budget=control.budget or (request.study.budget if request.study else None),
        response=PlannedResponse(own.name, own.extension) if own else None,
        common={key: value for key, value in reference.levels.items() if key not in varied},
        questions=tuple(
            PlannedQuestion(
                name=question.name,
                sentence=question.sentence,
                factor=question.factor,
                reference=name_arm(question.reference),
                arms=[arm.name for arm in arms if question.name in arm.questions],
                margin=request.margin(question, control.margin, design),
                simplify=question.simplify,
                lr_grid=question.lr_grid,
                cells=cells.get(question.name, {}),
                roles={arm.name: arm.roles[question.name] for arm in arms if question.name in arm.roles},
            )
            for question in request.questions
        ),
        arms={arm.name: PlannedArm(arm.role, dict(arm.levels)) for arm in arms},
    )


def brief(value: Any) -> str:
    """Return a plain value on one line."""
    return json.dumps(value, ensure_ascii=False, default=list)
