"""The smallest model that is shown to be not worse, and how that answer moves with the margin.

In: a judged study and a question that seeks the smallest model. Out: a `Simplest`. The reference is a candidate itself:
if nothing smaller carries the flag, it is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from bloodstudy.analysis.comparisons.comparison import Comparison
from bloodstudy.analysis.comparisons.study import StudyAnalysis
from bloodstudy.analysis.comparisons.verdict import Word

STEP = 0.0025  # of the margins at which the answer is told: a quarter of a point
FARTHEST = 0.05  # of them, or twice the declared one


@dataclass(frozen=True, eq=False)
class Simplest:
    """The answer to "can the model be simplified"."""

    question: str
    models: pd.DataFrame  # arm, parameters, not_worse (None: not tested); the reference first
    smallest: str | None  # an arm, or the reference; None: not decided yet
    strip: pd.DataFrame  # margin, smallest: the answer at other margins; empty if nothing is decided


def find_simplest(judged: StudyAnalysis, question: str) -> Simplest:
    """Return the smallest model of `question`: fewest parameters, then as planned."""
    compared = judged.of(question)
    reference = next(asked.reference for asked in judged.sweep.plan.questions if asked.name == question)
    rows: list[dict[str, Any]] = [
        {"arm": reference, "parameters": _count_parameters(judged, reference), "not_worse": True}
    ]
    tested = [c for c in compared if c.pair.tested]
    rows += [
        {"arm": c.pair.arm, "parameters": _count_parameters(judged, c.pair.arm), "not_worse": _is_shown(c)}
        for c in tested
    ]
    models = pd.DataFrame(rows).astype({"not_worse": object})
    failed = bool(tested) and all(c.verdict.word == Word.FAILS for c in tested)  # then the reference stays
    open_still = any(not c.verdict.final for c in tested)
    if not failed and (open_still or all(_is_shown(c) is None for c in tested)):
        return Simplest(question, models, None, pd.DataFrame(columns=["margin", "smallest"]))
    strip = [
        {"margin": margin, "smallest": _choose(models, {c.pair.arm for c in tested if _passes(c, margin)})}
        for margin in list_margins(max((c.pair.margin for c in tested), default=0.0))
    ]
    passing = {c.pair.arm for c in tested if _is_shown(c)}
    return Simplest(question, models, _choose(models, passing), pd.DataFrame(strip))


def list_margins(declared: float) -> list[float]:
    """Return the margins at which the answer is told, rising: those up to 5 points, or to twice the declared one."""
    return [round(STEP * step, 4) for step in range(1, round(max(FARTHEST, 2 * declared) / STEP) + 1)]


def _is_shown(comparison: Comparison) -> bool | None:
    return comparison.verdict.not_worse if comparison.verdict.tested else None


def _passes(comparison: Comparison, margin: float) -> bool:
    """Tell whether any look would have called the arm not worse at another margin: bounds hold at all of them."""
    told = (step.told for step in comparison.course.steps)
    return comparison.verdict.tested and any(look.at_least > -margin for look in told if look)


def _choose(models: pd.DataFrame, passing: set[str]) -> str:
    """Return the arm with the fewest parameters among those of `passing` and the reference, which stands first."""
    reference, *others = models.to_dict("records")
    known = [reference, *(row for row in others if row["arm"] in passing and row["parameters"] == row["parameters"])]
    return str(min(known, key=lambda row: row["parameters"])["arm"])


def _count_parameters(judged: StudyAnalysis, arm: str) -> float:
    counted = judged.sweep.of(arm)["parameters"].dropna()
    return float(counted.iloc[0]) if len(counted) else float("nan")
