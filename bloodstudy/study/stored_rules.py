"""What a stored plan or result must say beyond its types, so that whatever reads it finds what it looks for.

In: a `Plan` or a `Result`, whose modules import this one, with values of the types of their fields. Out: nothing, or
ValueError, in words for people.
"""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from bloodstudy.config.extension.declare import NAME
from bloodstudy.config.extension.extension import Extension
from bloodstudy.config.rules import is_rising
from bloodstudy.config.schema import Factors
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.record import is_list, read_record
from bloodstudy.study.trial import DataIdentity

KEY = "[0-9a-f]{16}"
MAX_TRIALS = 5_000  # of a plan
MAX_SEED = 2**32 - 1
BUILT_IN = {one.name for one in fields(Factors)} - {"own"}
SPLITS = ("official", "official_clean", "grouped", "grouped_kfold", "random")


@dataclass(frozen=True)
class AuditSummary:
    """What a report says of the images of a trial; None is unknown."""

    provenance: str
    test_images: int
    test_images_leaking: int | None
    label_conflicts: int | None
    duplicates_across: int
    unplaced: int | None
    effective_test_photographs: float | None
    effective_test_photographs_min: float | None
    test_share_leaking: float | None = None


def check_plan(plan: Any) -> None:
    """Refuse a plan without trials, or with one that leads nowhere."""
    if not plan.trials:
        raise ValueError("it holds no trials")
    if len(plan.trials) > MAX_TRIALS:
        raise ValueError(f"it holds {len(plan.trials):,} trials; expected at most {MAX_TRIALS:,}")
    if plan.questions and not (plan.arms and plan.precision and plan.seeds):
        raise ValueError("it has questions, and lacks arms, precision or seeds")
    try:
        if not shlex.split(plan.command):
            raise ValueError("received nothing")
    except ValueError as error:
        raise ValueError(f"command: expected what was typed; {error}") from error
    _check_design(plan)
    _check_levels("swept", {f"{key}.{place}": v for key, each in plan.swept.items() for place, v in enumerate(each)})
    for one in plan.extensions:
        Extension.from_dict(one)
    if plan.response is not None:
        own = plan.metrics.get(plan.response.name)
        if own is None or own.extension != plan.response.extension or plan.folds > 1:
            raise ValueError(f"response: no extension of the plan declares {plan.response.name!r:.80} for it")
    for trial in plan.trials:
        _check_trial(trial, plan)
    for name, arm in plan.arms.items():
        _check_levels(f"arm {name!r}", arm.levels)
    for question in plan.questions:
        _check_question(question, plan.arms)


def _check_design(plan: Any) -> None:
    """Refuse looks that no study could hold, and blocks that make no whole repetitions."""
    looks = list(plan.looks)
    if looks and not is_rising(looks, most=MAX_TRIALS):
        raise ValueError(f"looks: expected rising numbers of repetitions; received {looks!r:.80}")
    if plan.budget is not None and not re.fullmatch(r"[0-9]+ trainings, from [0-9.]+h|[0-9]+|[0-9.]+h", plan.budget):
        raise ValueError(f"budget: expected trainings, or hours with an h; received {plan.budget!r:.80}")
    if plan.design is None:
        return
    seeds = len({trial.seed for trial in plan.trials})
    if not 1 <= plan.folds <= seeds or seeds % plan.folds:
        raise ValueError(
            f"folds: expected the blocks of a repetition, of which {seeds} are planned; received {plan.folds}"
        )
    if not looks or looks[-1] > seeds // plan.folds:
        raise ValueError(
            f"looks: expected at most {seeds // plan.folds} repetitions, as planned; received {looks!r:.80}"
        )


def _check_trial(trial: Any, plan: Any) -> None:
    if not re.fullmatch(KEY, trial.key):
        raise ValueError(f"expected a trial key of 16 hex digits; received {trial.key!r}")
    where = f"trial {trial.key}"
    if missing := plan.swept.keys() - trial.levels.keys():
        raise ValueError(f"{where} has no level of {', '.join(sorted(missing))}")
    if not 0 <= trial.seed <= MAX_SEED:
        raise ValueError(f"{where}: expected a seed from 0 to {MAX_SEED}; received {trial.seed}")
    if (level := trial.levels.get("seed", trial.seed)) != trial.seed:
        raise ValueError(f"{where}: expected the seed {trial.seed} among its levels; received {level!r:.80}")
    if not isinstance(level := trial.levels.get("arm", ""), str):
        raise ValueError(f"{where}, arm: expected a name; received {level!r:.80}")
    _check_known(f"{where}, judged", [trial.evaluated_on], SPLITS)
    _check_levels(where, trial.levels)
    try:
        read_record(DataIdentity, dict(trial.data))
    except ValueError as error:
        raise ValueError(f"{where}, data.{error}") from error
    if plan.questions:
        _check_known(f"{where}, arm", [trial.arm], plan.arms)


def _check_question(question: Any, arms: Iterable[str]) -> None:
    where = f"question {question.name!r}"
    if not question.arms:
        raise ValueError(f"{where} has no arms")
    _check_known(where, [question.reference, *question.arms, *question.cells, *question.roles], arms)
    if question.reference not in question.arms:
        raise ValueError(f"{where}: its reference {question.reference!r} is none of its arms")
    if not 0 < question.margin < 1:
        raise ValueError(f"{where}: expected a margin between 0 and 1; received {question.margin}")
    if not all(lr > 0 for lr in question.lr_grid):
        raise ValueError(f"{where}: expected learning rates above 0; received {list(question.lr_grid)!r:.60}")
    for arm, levels in question.cells.items():
        _check_levels(f"{where}, cell {arm!r}", levels)


def check_result(result: Any) -> None:
    """Refuse a result whose factors, classes, counts or audit are none."""
    try:
        read_record(Factors, {name: level for name, level in result.factors.items() if name in BUILT_IN})
    except ValueError as error:
        raise ValueError(f"factors.{error}") from error
    _check_levels("factors", {name: level for name, level in result.factors.items() if name not in BUILT_IN})
    if not all(re.fullmatch(KEY, digest) for digest in result.extensions):
        raise ValueError(f"extensions: expected digests of 16 hex digits; received {list(result.extensions)!r:.80}")
    _check_metrics(result.metrics)
    if result.audit is not None:
        try:
            read_record(AuditSummary, dict(result.audit))
        except ValueError as error:
            raise ValueError(f"audit.{error}") from error
    data, finished = result.data, result.outcome == Outcome.FINISHED
    if len({*data.classes}) < len(data.classes):
        raise ValueError(f"data.classes: the same class is given twice; received {list(data.classes)!r:.80}")
    if finished and data.classes and not {"train", "test"} <= data.counts.keys():
        raise ValueError("data.counts: expected the sides train and test")
    for side, counts in data.counts.items():
        if (data.classes and {*counts} != {*data.classes}) or not all(count >= 0 for count in counts.values()):
            raise ValueError(f"data.counts.{side}: expected a number of images of each class; received {counts!r:.80}")
    if finished and data.classes and not all(sum(data.counts[side].values()) for side in ("train", "test")):
        raise ValueError("data.counts: expected images on both sides")
    if result.cost.wall_seconds < 0 or result.cost.attempts < 0:
        raise ValueError("cost: expected seconds and attempts of 0 or more")


def _check_metrics(metrics: Mapping[str, Any]) -> None:
    for name, own in metrics.items():
        if not NAME.fullmatch(name) or not re.fullmatch(KEY, own.extension):
            raise ValueError(f"metrics: expected names, each with a digest of 16 hex digits; received {name!r:.80}")
        if not all(-1 <= value <= 1 for value in (own.value, own.clean) if value is not None):
            raise ValueError(f"metrics.{name}: expected a number from -1 to 1")


def _check_known(where: str, names: Iterable[str], known: Iterable[str]) -> None:
    names, known = list(names), list(known)
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"{where}: expected one of {', '.join(known):.200}; received {unknown[0]!r:.80}")


def _check_levels(where: str, levels: Mapping[str, Any]) -> None:
    for key, level in levels.items():
        for part in level if is_list(level) else (level,):
            if not isinstance(part, str | int | float | None) or (isinstance(part, float) and not math.isfinite(part)):
                raise ValueError(f"{where}, {key}: expected a level; received {json.dumps(level):.80}")
