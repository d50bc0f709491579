"""The tables of a question's arms: effects, decisions, and what happens class by class.

In: comparisons, and how their numbers are told. Out: Markdown tables, tested arms first as planned.
"""

from __future__ import annotations

from collections.abc import Sequence

from bloodstudy.analysis import Comparison
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.claims.study_claims import RESPONSES, StudyClaims
from bloodstudy.reporting.render.markdown import code, plain, table

RECALL = "test_recall_"


def tabulate_effects(comparisons: Sequence[Comparison], claims: StudyClaims, tested: bool = True) -> str:
    """Return effects with intervals on train, test and gap, d_z, and the interval for new photographs.

    `tested`: whether arms that are not tested are to be marked, since others are.
    """
    numbers = ["seeds", "train", "test", "gap", "d_z (test)", "test, new photographs"]
    rows = []
    for comparison in comparisons:
        effects = [_both(comparison, response, claims) for response in RESPONSES.values()]
        rest = [claims.d_z(comparison), claims.wider(comparison)]
        name = _name(comparison) if tested else code(comparison.pair.arm)
        rows.append([name, claims.seeds(comparison), *effects, *rest])
    return table(["arm", *numbers], rows, right=numbers)


def tabulate_verdicts(comparisons: Sequence[Comparison], claims: StudyClaims) -> str:
    """Return the adjusted p-values with the verdicts that follow from them."""
    numbers = ["p difference", "p equivalence", "p not worse"]
    header = ["arm", *numbers, "verdict", "not worse", "new photographs", "failed to train"]
    rows = []
    for comparison in comparisons:
        verdict = comparison.verdict
        values = [claims.p(comparison, kind) for kind in ("difference", "equivalence", "not_worse")]
        word = verdict.word + (f" {verdict.reason}" if verdict.word == "pending" else "")
        word += ", conditional" if comparison.conditional else ""
        flag = NONE if verdict.not_worse is None or not verdict.tested else "yes" if verdict.not_worse else "not shown"
        if flag == "yes" and verdict.not_worse_second:
            flag += f" (new photographs: {verdict.not_worse_second})"
        rows.append([_name(comparison), *values, word, flag, verdict.second or NONE, claims.failing(comparison)])
    return table(header, rows, right=numbers)


def tabulate_classes(comparisons: Sequence[Comparison], claims: StudyClaims) -> str:
    """Return the effects on macro F1 and on the recall of each class; empty where nothing is paired."""
    names = next((list(c.points.columns) for c in comparisons if c.seeds), [])
    names = [name for name in names if name == "test_macro_f1" or name.startswith(RECALL)]
    if not names:
        return ""
    titles = {name: "macro F1" if name == "test_macro_f1" else plain(name.removeprefix(RECALL)) for name in names}
    rows = [[_name(c), *(_both(c, name, claims) if name in c.effects else NONE for name in names)] for c in comparisons]
    return table(["arm", *titles.values()], rows, right=titles.values())


def describe_reference(comparisons: Sequence[Comparison], claims: StudyClaims) -> str:
    """Return what the reference itself reaches, over the seeds of the comparison that has most."""
    comparison = max(comparisons, key=lambda c: len(c.seeds))
    if not comparison.seeds:
        return ""
    train, test, gap = (claims.mean(comparison, response, "reference") for response in RESPONSES.values())
    who = "The reference" if comparison.pair.reference == "reference" else code(comparison.pair.reference)
    seeds = claims.seeds(comparison)
    return f"{who}: train {train} %, test {test} %, gap {gap} points (mean over {seeds} seeds)."


def _name(comparison: Comparison) -> str:
    return code(comparison.pair.arm) + ("" if comparison.pair.tested else " (exploratory)")


def _both(comparison: Comparison, response: str, claims: StudyClaims) -> str:
    if not comparison.seeds:
        return NONE
    return f"{claims.points(comparison, response)} {claims.interval(comparison, response)}".removesuffix(f" {NONE}")
