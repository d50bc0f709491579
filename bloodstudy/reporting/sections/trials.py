"""The trials of a plain sweep: each with its accuracies, means over seeds, differences, accuracy against the factors.

In: an analysed study without questions. Out: Markdown, marked, and the figures of accuracy and of the splits.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from bloodstudy.analysis import StudyAnalysis, StudyResults, compare_splits, flag_no_ops, summarise_arms
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.claims.sweep_claims import SweepClaims
from bloodstudy.reporting.figures import accuracy
from bloodstudy.reporting.render.markdown import code, plain, table
from bloodstudy.reporting.sections import splits
from bloodstudy.reporting.sections.effect_tables import tabulate_effects
from bloodstudy.reporting.sections.section import Drawing, Section, has_questions, style_arms
from bloodstudy.study.arms import spell

MAX_ARMS_TOLD = 8  # arms whose accuracies stand in an alternative text


def describe_trials(claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return the tables and figures of the sweep."""
    sweep, no_ops = claims.analysis.sweep, flag_no_ops(claims.analysis.sweep.trials)
    several_seeds = len(sweep.seeds) > 1
    return {
        "trials": _tabulate_trials(claims.sweep, no_ops),
        "no_ops": _describe_no_ops(sweep, no_ops),
        "arms": _tabulate_arms(claims.sweep) if several_seeds else "",
        "differences": describe_differences(claims),
        "unfinished": _list_unfinished(sweep),
        "several_seeds": several_seeds,
        "accuracy": f"![{_describe_accuracy(claims.sweep)}](figures/accuracy.png)" if "accuracy" in drawn else "",
        **splits.describe_section(claims.sweep, drawn, "splits"),
    }


def draw_trials(analysis: StudyAnalysis) -> dict[str, Drawing]:
    """Return the figures of accuracy and of the splits, as far as there is something to see."""
    sweep, drawings = analysis.sweep, {}
    if "finished" in set(sweep.trials["outcome"]) and len(sweep.trials) > 1:
        drawings["accuracy"] = partial(accuracy.draw_accuracy, sweep, style_arms(analysis))
    if len(points := splits.find_points(sweep)):
        drawings["splits"] = partial(splits.draw_splits, points, compare_splits(points))
    return drawings


SECTION = Section("trials", lambda analysis: not has_questions(analysis), describe_trials, "trials.md.j2", draw_trials)


def describe_differences(claims: StudyClaims) -> dict[str, str]:
    """Return table and text on the arms that can be paired with the reference; empty if there is none."""
    shown = [c for c in claims.analysis.comparisons if len(c.seeds) > 1 and not c.unpaired]
    if not shown:
        return {}
    text = (
        f"Points of accuracy, each arm less {code(shown[0].pair.reference)} on the same seed, means over seeds with "
        "95 % intervals. Nothing was declared before, so nothing is tested and no arm gets a verdict: a question in "
        "conf/question declares arms, margin and seeds."
    )
    return {"text": text, "table": tabulate_effects(shown, claims, tested=False)}


def _describe_no_ops(sweep: StudyResults, no_ops: set[str]) -> str:
    """Explain the flag "no-op?", or return nothing."""
    if not no_ops:
        return ""
    return (
        f"no-op?: the predictions equal those of {code(sweep.arms[0])} on every seed that both finished, so the level "
        "may do nothing here."
    )


def _describe_accuracy(claims: SweepClaims) -> str:
    """Return the alternative text of the figure of accuracy, with its numbers if the arms are few."""
    sweep = claims.sweep
    done, values = [arm for arm in summarise_arms(sweep) if arm.finished], ""
    if len(done) <= MAX_ARMS_TOLD:
        train, test = ({arm.name: claims.arm(arm, side, ".3f") for arm in done} for side in ("train", "test"))
        values = " " + "; ".join(f"{plain(arm)}: train {train[arm]}, test {test[arm]}" for arm in train)
    return (
        f"Train and test accuracy against {plain(' and '.join(sweep.factors) or 'the seeds')}, the gap shaded.{values}"
    )


def _tabulate_trials(claims: SweepClaims, no_ops: set[str]) -> str:
    sweep, write = claims.sweep, claims.trial
    seeds = ["seed"] if len(sweep.seeds) > 1 else []
    numbers = [*seeds, "train", "test", "gap", "parameters"]
    rows = []
    for row in sweep.trials.to_dict("records"):
        outcome = plain(row["outcome"].replace("_", " ")) + (", no-op?" if row["arm"] in no_ops else "")
        figures = [write(row, "train_accuracy", ".3f"), write(row, "test_accuracy", ".3f")]
        figures += [write(row, "accuracy_gap", "+.3f"), write(row, "parameters", ",d")]
        rows.append([code(row["arm"]), *([str(row["seed"])] if seeds else []), *figures, outcome])
    return table(["arm", *numbers, "outcome"], rows, right=numbers)


def _tabulate_arms(claims: SweepClaims) -> str:
    header, write = ["arm", "seeds finished", "train", "test", "test, lowest to highest", "gap"], claims.arm
    rows = []
    for arm in summarise_arms(claims.sweep):
        counts = f"{write(arm, 'finished', 'd')} of {write(arm, 'planned', 'd')}"
        means = [write(arm, "train", ".3f"), write(arm, "test", ".3f")]
        spread = f"{write(arm, 'test_low', '.3f')} to {write(arm, 'test_high', '.3f')}" if arm.finished else NONE
        rows.append([code(arm.name), counts, *means, spread, write(arm, "gap", "+.3f")])
    return table(header, rows, right=header[1:])


def _list_unfinished(sweep: StudyResults) -> list[str]:
    rows = [row for row in sweep.trials.to_dict("records") if row["outcome"] != "finished"]
    return [
        f"{plain(row['outcome'].replace('_', ' '))}: {code(row['arm'])}, seed {spell(row['seed'])}: "
        f"{plain(row['reason'] if isinstance(row['reason'], str) else 'no reason was recorded')}"
        for row in rows
    ]
