"""What a plan asks: which arm is compared with which, and with what margin.

In: a plan. Out: the `Pair`s in the order of the plan. A plain sweep declared nothing before it was run, so its arms are
shown and none is tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from bloodstudy.config.schema import defaults, flatten
from bloodstudy.study.arms import Role
from bloodstudy.study.design import MARGINS, DesignName
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.plan import Plan


@dataclass(frozen=True)
class Pair:
    """An arm and the reference that it is compared with."""

    arm: str
    reference: str
    role: Role
    questions: tuple[str, ...]
    margin: float
    shown: tuple[str, ...] = ()  # further questions, which show the arm and do not test it
    simplify: bool = False  # whether a question that tests it asks for no more than "not worse"

    @property
    def tested(self) -> bool:
        return self.role == Role.CONFIRMATORY


def name_pair(pair: Pair, beside: Iterable[Pair]) -> str:
    """Return what a line calls a pair: its arm, and its reference if those `beside` it have several."""
    return f"{pair.arm} against {pair.reference}" if len({own.reference for own in beside}) > 1 else pair.arm


def flag_no_ops(trials: pd.DataFrame, pairs: Iterable[Pair]) -> list[Pair]:
    """Return those of `pairs` whose predictions are equal on every seed that arm and reference both finished.

    Equal predictions mean that the change had no effect on the computation: often a level that does nothing there.
    """
    finished = trials[(trials["outcome"] == Outcome.FINISHED) & trials["prediction_hash"].notna()]
    hashes: dict[str, dict[int, set[tuple[str, str]]]] = {}
    for row in finished.itertuples():  # the same predictions, judged in two ways, are two things
        hashes.setdefault(str(row.arm), {}).setdefault(row.seed, set()).add((row.prediction_hash, row.judged))  # type: ignore
    flagged = []
    for pair in pairs:
        own, others = hashes.get(pair.arm, {}), hashes.get(pair.reference, {})
        shared = own.keys() & others.keys()
        if shared and all(own[seed] == others[seed] for seed in shared):
            flagged.append(pair)
    return flagged


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
    simplifying = {question.name for question in plan.questions if question.simplify}
    pairs = [_pair(*names, own[Role.CONFIRMATORY], own[Role.EXPLORATORY]) for names, own in asked.items()]
    return [replace(pair, simplify=pair.tested and bool(simplifying & set(pair.questions))) for pair in pairs]


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
    return [Pair(arm, reference, Role.EXPLORATORY, (), MARGINS[DesignName.FIXED]) for arm in arms if arm != reference]
