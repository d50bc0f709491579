"""The trials of a plain sweep: each with its accuracies, means over seeds, differences, accuracy against the factors.

In: an analysed study without questions, with its claims. Out: Markdown, marked, and the figures of accuracy and splits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from bloodstudy.analysis import Pair, StudyAnalysis, StudyResults, flag_no_ops, list_pairs, summarise_arms
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.claims.study_claims import RESPONSES, StudyClaims
from bloodstudy.reporting.figures import accuracy
from bloodstudy.reporting.figures.style import Drawing
from bloodstudy.reporting.render.markdown import as_list, code, plain, rows_of, table
from bloodstudy.reporting.sections import splits
from bloodstudy.reporting.sections.effect_tables import tabulate_effects
from bloodstudy.reporting.sections.section import Section, has_questions, style_arms
from bloodstudy.study.arms import spell
from bloodstudy.study.outcome import Outcome

MAX_ARMS_TOLD = 8  # arms whose accuracies stand in an alternative text
CLEAN = ", without the test images whose scene is in training"


def describe_trials(claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return the tables and figures of the sweep."""
    sweep = claims.sweep
    no_ops = flag_no_ops(sweep.trials, list_pairs(sweep.plan))
    several_seeds = len(sweep.seeds) > 1
    return {
        "trials": _tabulate_trials(claims, {pair.arm for pair in no_ops}),
        "no_ops": _explain_no_ops(no_ops),
        "arms": _tabulate_arms(claims) if several_seeds else "",
        "differences": describe_differences(claims),
        "unfinished": _list_unfinished(sweep),
        "several_seeds": several_seeds,
        "accuracy": f"![{_describe_accuracy(claims)}](figures/accuracy.png)" if "accuracy" in drawn else "",
        **splits.describe_section(sweep, claims, drawn),
    }


def _explain_no_ops(no_ops: Sequence[Pair]) -> str:
    if not no_ops:
        return ""
    references = as_list([code(reference) for reference in dict.fromkeys(pair.reference for pair in no_ops)])
    same = f"the predictions equal those of {references} on every seed that both finished"
    return f"no-op?: {same}, so the level may do nothing here."


def draw_trials(analysis: StudyAnalysis) -> dict[str, Drawing]:
    """Return the figures of accuracy and of the splits, as far as there is something to see."""
    sweep, drawings = analysis.sweep, {}
    if "finished" in set(sweep.trials["outcome"]) and len(sweep.trials) > 1:
        drawings["accuracy"] = partial(accuracy.draw_accuracy, sweep, style_arms(analysis))
    return drawings | splits.list_figures(sweep)


SECTION = Section("trials", lambda analysis: not has_questions(analysis), describe_trials, draw_trials)


def describe_differences(claims: StudyClaims) -> dict[str, str]:
    """Return table and text on the arms that can be paired with the reference; empty if there is none.

    Where no arm keeps two seeds there is no table, and the text says why.
    """
    paired = [c for c in claims.analysis.comparisons if not c.unpaired]
    shown = [c for c in paired if len(c.seeds) > 1]
    if not paired or len(claims.sweep.seeds) < 2:
        return {}
    least, known = claims.analysis.repetitions.least, [not math.isnan(c.effects["test_accuracy"].low) for c in shown]
    intervals = f" (intervals take {least} seeds)"
    if any(known):
        intervals = " with 95 % intervals" if all(known) else f" with 95 % intervals where {least} seeds or more count"
    text = (
        f"Points of accuracy, each class weighing alike, each arm less {code(paired[0].pair.reference)} on the same "
        f"seed, means over seeds{intervals}. Nothing was declared before, so nothing is tested and no arm gets a "
        "verdict: a question in conf/question declares arms, margin and looks."
    )
    planned = len(claims.sweep.seeds)
    fewer = [c for c in paired if len(c.seeds) < planned]
    if fewer:
        kept = "; ".join(f"{code(c.pair.arm)} {len(c.seeds)}{'' if len(c.seeds) > 1 else ' (no row)'}" for c in fewer)
        text += (
            " A seed is left out of a difference if the arm or the reference has no result on it, diverged or stayed "
            f"at chance. So of {planned} seeds there remain: {kept}. The means above have those that stayed at chance."
        )
    return {"text": text, "table": tabulate_effects(shown, claims, tested=False) if shown else ""}


def _describe_accuracy(claims: StudyClaims) -> str:
    """Return the alternative text of the figure of accuracy, with its numbers if the arms are few."""
    done, numbers = [arm for arm in summarise_arms(claims.sweep) if arm.finished], ""
    if len(done) <= MAX_ARMS_TOLD:
        train, test = ([claims.arm(arm, side, ".3f") for arm in done] for side in ("train", "test"))
        names = [plain(arm.name) for arm in done]
        numbers = "; ".join(f"{name}: train {a}, test {b}" for name, a, b in zip(names, train, test, strict=True))
        numbers = f" {numbers}"
    factors = plain(" and ".join(claims.sweep.factors) or "the seeds")
    return f"Train and test accuracy against {factors}, the gap shaded.{numbers}"


def _tabulate_trials(claims: StudyClaims, no_ops: set[str]) -> str:
    seeds = ["seed"] if len(claims.sweep.seeds) > 1 else []
    numbers = [*seeds, *claims.responses, "parameters"]
    forms = {name: "+z.3f" if name == "accuracy_gap" else ".3f" for name in claims.responses.values()}
    forms["parameters"] = ",d"
    rows = []
    for row in rows_of(claims.sweep.trials):
        score = claims.sweep.score(row["key"], row["judged"]) if row["outcome"] == Outcome.FINISHED else None
        outcome = plain(row["outcome"].replace("_", " ")) + (", at chance" if score is not None and score.dead else "")
        outcome += ", no-op?" if row["arm"] in no_ops else ""
        cells = [_write(row, response, form, claims) for response, form in forms.items()]
        rows.append([code(row["arm"]), *([str(row["seed"])] if seeds else []), *cells, outcome])
    return table(["arm", *numbers, "outcome"], rows, right=numbers)


def _write(row: Mapping[str, Any], response: str, form: str, claims: StudyClaims) -> str:
    """Return a response of one trial; one may be judged in two ways."""
    clean, value = row["judged"] == "official_clean", math.nan if pd.isna(row[response]) else float(row[response])
    of_test = response in ("test_accuracy", "accuracy_gap", *claims.sweep.plan.metrics)
    formula = claims.formula(response) + (CLEAN if clean and of_test else "")
    name = f"trial/{row['key']}/{'official_clean/' if clean else ''}{response}"
    return claims.number(value, name, formula, [row["key"]], form)


def _tabulate_arms(claims: StudyClaims) -> str:
    own, write = {title: name for title, name in claims.responses.items() if title not in RESPONSES}, claims.arm
    header, rows = ["arm", "seeds finished", "train", "test", "test, lowest to highest", "gap", *own], []
    for arm in summarise_arms(claims.sweep):
        counts = f"{claims.finished(arm.name)} of {write(arm, 'planned', 'd')}"
        means = [write(arm, "train", ".3f"), write(arm, "test", ".3f")]
        spread = f"{write(arm, 'test_low', '.3f')} to {write(arm, 'test_high', '.3f')}" if arm.finished else NONE
        metrics = [_write_mean(arm.name, name, claims) for name in own.values()]
        rows.append([code(arm.name), counts, *means, spread, write(arm, "gap", "+z.3f"), *metrics])
    return table(header, rows, right=header[1:])


def _write_mean(arm: str, metric: str, claims: StudyClaims) -> str:
    done = claims.sweep.of(arm, "finished")
    mean = float(done[metric].to_numpy(dtype=float).mean()) if len(done) else math.nan
    formula = f"mean over the finished seeds of {claims.formula(metric)}"
    return claims.number(mean, f"arm/{arm}/{metric}/mean", formula, done["key"], ".3f")


def _list_unfinished(sweep: StudyResults) -> list[str]:
    return [
        f"{plain(row['outcome'].replace('_', ' '))}: {code(row['arm'])}, seed {spell(row['seed'])}: "
        f"{plain(row['reason'] if isinstance(row['reason'], str) else 'no reason was recorded')}"
        for row in rows_of(sweep.trials)
        if row["outcome"] != "finished"
    ]
