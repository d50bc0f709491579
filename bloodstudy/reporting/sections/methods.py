"""Methods and limits: what was fixed before, what changed after, and what the verdicts mean. Generated, never typed.

In: an analysed study with its claims. Out: Markdown lines.
"""

from __future__ import annotations

import itertools
from typing import Any

import pandas as pd

from bloodstudy.reporting.claims.study_claims import StudyClaims, percent_form
from bloodstudy.reporting.render.markdown import as_list, code, fence, plain, rows_of, table
from bloodstudy.reporting.sections import declared, levels, limits
from bloodstudy.reporting.sections.methods_paragraph import write_paragraph
from bloodstudy.reporting.sections.section import Section, find_reference, has_questions
from bloodstudy.study.outcome import Outcome


def describe_methods(claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return how the study was done; of a plain sweep, for which nothing was fixed, how it was computed."""
    analysis = claims.analysis
    sweep, reference, asked = analysis.sweep, find_reference(analysis), has_questions(analysis)
    amendments = sweep.plan.amendments or []
    return {
        "command": fence(sweep.plan.command),
        "declared": asked,
        "fixed": declared.list_declared(analysis) if asked else [],
        "changes": [f"amended: {plain(change)}" for change in amendments] or ["nothing was amended"],
        "amended": bool(amendments),
        "excluded": declared.list_excluded(claims) if asked else [],
        "limits": limits.describe_limits(claims) if asked else {},
        "origin": levels.list_origin(sweep),
        "exported": bool(analysis.comparisons),
        "blocks": bool(analysis.comparisons) and analysis.by_folds,
        "levels": levels.tabulate_reference(sweep, reference),
        "brought": levels.describe_brought(sweep, reference),
        "paragraph": write_paragraph(analysis) if asked else "",
        "trials": _tabulate_trials(claims) if asked else "",
    }


SECTION = Section("methods", lambda analysis: True, describe_methods)


def _tabulate_trials(claims: StudyClaims) -> str:
    formulas, rows = {name: f"100 * {name}" for name in claims.responses.values()}, []
    repetitions, by_folds = claims.sweep.plan.repetitions, claims.analysis.by_folds
    trials = claims.sweep.trials
    absent = trials["outcome"].isin([Outcome.MISSING, Outcome.SPARED]).to_numpy()
    for row in rows_of(trials.loc[~absent]):
        write = claims.numbers_of(f"trial/{row['key']}/{row['judged']}", formulas, [row["key"]])
        block = [str(1 + place) for place in repetitions.place(row["seed"])] if by_folds else []
        cells = [code(row["arm"]), *block, str(row["seed"]), f"`{row['key']}`"]
        for name in claims.responses.values():
            value = float("nan") if row[name] is None else 100 * float(row[name])
            cells.append(write(name, value, percent_form(name)))
        outcome = plain(str(row["outcome"]).replace("_", " "))
        score = claims.sweep.score(row["key"], row["judged"]) if row["outcome"] == Outcome.FINISHED else None
        outcome += ", at chance" if score is not None and score.dead else ""
        reason = plain(row["reason"]) if isinstance(row["reason"], str) else ""
        rows.append([*cells, f"{outcome}: {reason}" if reason else outcome])
    block = ["repetition", "fold"] if by_folds else []
    header = ["arm", *block, "seed", "trial", *claims.responses, "outcome"]
    shown = table(header, rows, right=[*block, "seed", *claims.responses])
    if not absent.any():
        return shown
    return f"{shown}\n\n{_list_absent(trials.loc[absent])}"


def _list_absent(trials: pd.DataFrame) -> str:
    """Return the planned trials without a result: a line an outcome and arm, with its seeds."""
    lines = ["Planned, and without a result (`trials.csv` has their keys):", ""]
    seeds_by_arm: dict[tuple[str, str], set[int]] = {}
    for row in rows_of(trials):
        seeds_by_arm.setdefault((str(row["outcome"]), str(row["arm"])), set()).add(row["seed"])
    for (outcome, arm), seeds in seeds_by_arm.items():
        numbered = itertools.groupby(enumerate(sorted(seeds)), key=lambda pair: pair[1] - pair[0])
        runs = [[seed for _, seed in run] for _, run in numbered]
        told = as_list([f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs])
        lines.append(f"- {plain(outcome)}: {code(arm)}, seed{'s' if len(seeds) > 1 else ''} {told}")
    return "\n".join(lines)
