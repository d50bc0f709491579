"""The smallest model that is shown to be not worse, and how that answer moves with the margin.

In: a judged study and a question that seeks the smallest model. Out: a `Simplest`. The reference is a candidate itself:
if nothing smaller carries the flag, it is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bloodstudy.analysis.comparisons.study import StudyAnalysis
from bloodstudy.analysis.comparisons.verdict import Word, test_family

MARGINS = tuple(round(0.0025 * step, 4) for step in range(1, 21))  # 0.25 to 5 points


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
    rows = [{"arm": reference, "parameters": _count_parameters(judged, reference), "not_worse": True}]
    rows += [
        {"arm": c.pair.arm, "parameters": _count_parameters(judged, c.pair.arm), "not_worse": c.verdict.not_worse}
        for c in compared
        if c.pair.tested
    ]
    models = pd.DataFrame(rows).astype({"not_worse": object})
    tested = [c.verdict for c in compared if c.pair.tested]
    failed = bool(tested) and all(verdict.word == Word.FAILS for verdict in tested)  # then the reference stays
    if not failed and all(verdict.not_worse is None for verdict in tested):
        return Simplest(question, models, None, pd.DataFrame(columns=["margin", "smallest"]))
    strip = [{"margin": margin, "smallest": _choose(models, _pass(judged, question, margin))} for margin in MARGINS]
    passing = {c.pair.arm for c in compared if c.verdict.not_worse}
    return Simplest(question, models, _choose(models, passing), pd.DataFrame(strip))


def _choose(models: pd.DataFrame, passing: set[str]) -> str:
    """Return the arm with the fewest parameters among those of `passing` and the reference, which stands first."""
    reference, *others = models.to_dict("records")
    known = [reference, *(row for row in others if row["arm"] in passing and row["parameters"] == row["parameters"])]
    return str(min(known, key=lambda row: row["parameters"])["arm"])


def _pass(judged: StudyAnalysis, question: str, margin: float) -> set[str]:
    """Return the arms of `question` that would carry the flag at another margin, the rest of the family at its own."""
    tested = [c for c in judged.comparisons if c.verdict.not_worse is not None]
    margins = [margin if question in c.pair.questions else c.pair.margin for c in tested]
    verdicts = test_family([c.test for c in tested], margins, judged.family, judged.alpha)
    passed = [c for c, verdict in zip(tested, verdicts, strict=True) if verdict.not_worse]
    return {c.pair.arm for c in passed if question in c.pair.questions}


def _count_parameters(judged: StudyAnalysis, arm: str) -> float:
    counted = judged.sweep.of(arm)["parameters"].dropna()
    return float(counted.iloc[0]) if len(counted) else float("nan")
