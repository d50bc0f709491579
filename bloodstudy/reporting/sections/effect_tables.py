"""The tables of a question's arms: effects, decisions, and what happens class by class.

In: comparisons, and the claims of their study. Out: Markdown tables, tested arms first as planned.
"""

from __future__ import annotations

from collections.abc import Sequence

from bloodstudy.analysis import Comparison
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.claims.study_claims import RESPONSES, StudyClaims, percent_form
from bloodstudy.reporting.render.markdown import code, plain, table

RECALL = "test_recall_"


def tabulate_effects(comparisons: Sequence[Comparison], claims: StudyClaims, tested: bool = True) -> str:
    """Return effects with intervals on train, test and gap, d_z, and the interval for new photographs.

    `tested`: whether arms that are not tested are to be marked, since others are.
    """
    numbers = ["seeds", "train", "test", "gap", "d_z (test)", "test, new photographs"]
    formula = "mean / standard deviation over seeds of test_accuracy[arm] - test_accuracy[reference]"
    rows = []
    for comparison in comparisons:
        effects = [_describe_effect(comparison, response, claims) for response in RESPONSES.values()]
        d_z = claims.effect(comparison, "test_accuracy", "d_z", comparison.test.d_z, formula)
        name = _name(comparison) if tested else code(comparison.pair.arm)
        wider = claims.wider(comparison)
        rows.append([name, claims.seeds(comparison), *effects, d_z, wider])
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
    """Return the effects on macro F1 and on the recall of each class; empty if nothing is paired."""
    names = next((list(c.points.columns) for c in comparisons if c.seeds), [])
    titles = {name: plain(name.removeprefix(RECALL)) for name in names if name.startswith(RECALL)}
    if "test_macro_f1" in names:
        titles = {"test_macro_f1": "macro F1"} | titles
    if not titles:
        return ""
    rows = [[_name(c), *(_describe_effect(c, name, claims) for name in titles)] for c in comparisons]
    return table(["arm", *titles.values()], rows, right=titles.values())


def describe_reference(comparisons: Sequence[Comparison], claims: StudyClaims) -> str:
    """Return what the reference itself reaches, over the seeds of the comparison that has most."""
    comparison = max(comparisons, key=lambda c: len(c.seeds))
    if not comparison.seeds:
        return ""
    train, test, gap = (_describe_mean(comparison, response, claims) for response in RESPONSES.values())
    who = "The reference" if comparison.pair.reference == "reference" else code(comparison.pair.reference)
    seeds = claims.seeds(comparison)
    return f"{who}: train {train} %, test {test} %, gap {gap} points (mean over {seeds} seeds)."


def _describe_mean(comparison: Comparison, response: str, claims: StudyClaims) -> str:
    formula = f"100 * mean over the paired seeds of {response}[reference]"
    value = 100 * float(comparison.reference[response].to_numpy().mean())
    return claims.effect(comparison, response, "reference_mean", value, formula, percent_form(response))


def _name(comparison: Comparison) -> str:
    return code(comparison.pair.arm) + ("" if comparison.pair.tested else " (exploratory)")


def _describe_effect(comparison: Comparison, response: str, claims: StudyClaims) -> str:
    known = comparison.seeds and response in comparison.effects
    return claims.interval(comparison, response) if known else NONE
