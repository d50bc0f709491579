"""Was each arm given its own best learning rate? Strips of rates, judged on validation images and never on the test.

In: a sweep, and the questions of its plan that declare a strip. Out: a `Tuned` for each of their arms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bloodstudy.analysis.results.sweep import StudyResults
from bloodstudy.study.arms import Role
from bloodstudy.study.outcome import Outcome


@dataclass(frozen=True, eq=False)
class Tuned:
    """An arm at several learning rates."""

    question: str
    arm: str
    rates: pd.DataFrame  # lr (rising), arm (of the strip), seeds, at_chance (of them), validation_accuracy (mean)
    best: float | None  # of those with most seeds that learnt; None: no validation images, or no such trial yet


def tune(sweep: StudyResults, seeds: Sequence[int]) -> list[Tuned]:
    """Return the arms of each question that declares a strip, the reference first, over `seeds`."""
    found = []
    for question in sweep.plan.questions:
        if not question.lr_grid:
            continue
        arms = sweep.plan.arms
        stripped = [arm for arm in question.arms if sweep.plan.role_of(arm, question) != Role.EXPLORATORY]
        usual = arms[question.reference].levels.get("lr")
        for arm in dict.fromkeys([question.reference, *stripped]):
            if arms[arm].levels.get("lr") != usual:
                continue  # it is about another rate
            levels = _without_lr(arms[arm].levels)
            own = [name for name in question.arms if name == arm or _without_lr(arms[name].levels) == levels]
            rates = pd.DataFrame([_measure(sweep, name, seeds) for name in own]).sort_values("lr", kind="stable")
            known = rates.dropna(subset=["lr", "validation_accuracy"])
            # A rate that lost trials has its easier ones left.
            known = known.loc[known["seeds"] == known["seeds"].max()]
            known = known.loc[known["at_chance"] < known["seeds"]]
            found.append(Tuned(question.name, arm, rates.reset_index(drop=True), _choose(known, arm)))
    return found


def _choose(known: pd.DataFrame, arm: str) -> float | None:
    """Return the rate of the highest accuracy; of several its own: a tie is no reason to leave it."""
    highest = known.loc[known["validation_accuracy"] == known["validation_accuracy"].max()]
    own = highest.loc[highest["arm"] == arm]
    chosen = own if len(own) else highest
    return float(chosen["lr"].iloc[0]) if len(chosen) else None


def _without_lr(levels: Mapping[str, Any]) -> dict[str, Any]:
    return {key: level for key, level in levels.items() if key != "lr"}


def _measure(sweep: StudyResults, arm: str, seeds: Sequence[int]) -> dict[str, object]:
    rows = sweep.of(arm, Outcome.FINISHED)
    rows = rows.loc[rows["seed"].isin(seeds)].to_dict("records")
    declared = sweep.plan.arms[arm].levels.get("lr")  # of a rate at which no trial finished no result tells
    lr = float(rows[0]["lr"]) if rows else math.nan if declared is None else float(declared)
    validated = [float(row.get("validation_accuracy", math.nan)) for row in rows]
    measured = sum(validated) / len(validated) if rows else math.nan
    scores = [sweep.score(row["key"], row["judged"]) for row in rows]
    dead = sum(one is not None and one.dead for one in scores)
    return {"lr": lr, "arm": arm, "seeds": len(rows), "at_chance": dead, "validation_accuracy": measured}
