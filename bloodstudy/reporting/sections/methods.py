"""Methods and limits: what was fixed before, what changed after, and what the verdicts mean. Generated, never typed.

In: an analysed study with its claims. Out: Markdown lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bloodstudy.analysis import StudyAnalysis
from bloodstudy.analysis.comparisons.validity import DIED
from bloodstudy.analysis.comparisons.verdict import ALPHA, FEW_CLUSTERS, FEW_SEEDS
from bloodstudy.reporting.claims.study_claims import RESPONSES, StudyClaims, percent_form
from bloodstudy.reporting.render.markdown import as_list, code, fence, plain, plural, rows_of, table
from bloodstudy.reporting.sections import levels
from bloodstudy.reporting.sections.methods_paragraph import write_paragraph
from bloodstudy.reporting.sections.section import Section, find_reference, has_questions
from bloodstudy.study.arms import Role, spell


def describe_methods(claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return how the study was done; of a plain sweep, for which nothing was fixed, how it was computed."""
    analysis = claims.analysis
    sweep, reference, declared = analysis.sweep, find_reference(analysis), has_questions(analysis)
    amendments = sweep.plan.amendments or []
    return {
        "command": fence(sweep.plan.command),
        "declared": declared,
        "fixed": list_fixed(analysis) if declared else [],
        "changes": [f"amended: {plain(change)}" for change in amendments] or ["nothing was amended"],
        "amended": bool(amendments),
        "excluded": list_excluded(claims) if declared else [],
        "limits": describe_limits(claims) if declared else {},
        "origin": levels.list_origin(sweep),
        "exported": bool(analysis.comparisons),
        "levels": levels.tabulate_reference(sweep, reference),
        "brought": levels.describe_brought(sweep, reference),
        "paragraph": write_paragraph(analysis) if declared else "",
        "trials": _tabulate_trials(claims) if declared else "",
    }


SECTION = Section("methods", lambda analysis: True, describe_methods)


def _tabulate_trials(claims: StudyClaims) -> str:
    formulas, rows = {name: f"100 * {name}" for name in RESPONSES.values()}, []
    for row in rows_of(claims.sweep.trials):
        write = claims.numbers_of(f"trial/{row['key']}/{row['judged']}", formulas, [row["key"]])
        cells = [code(row["arm"]), str(row["seed"]), f"`{row['key']}`"]
        for name in RESPONSES.values():
            value = float("nan") if row[name] is None else 100 * float(row[name])
            cells.append(write(name, value, percent_form(name)))
        outcome = plain(str(row["outcome"]).replace("_", " "))
        reason = plain(row["reason"]) if isinstance(row["reason"], str) else ""
        rows.append([*cells, f"{outcome}: {reason}" if reason else outcome])
    return table(["arm", "seed", "trial", *RESPONSES, "outcome"], rows, right=["seed", *RESPONSES])


def list_fixed(analysis: StudyAnalysis) -> list[str]:
    """Return what the plan fixed before the first trial, a line each."""
    plan, look = analysis.sweep.plan, analysis.look
    data = as_list([_name_data(identity) for identity in analysis.sweep.data])
    setting = ", ".join(code(f"{key}={spell(value)}") for key, value in plan.common.items())
    margins = sorted({question.margin for question in plan.questions})
    roles = [content.role for content in plan.arms.values()]
    exploratory = roles.count(Role.EXPLORATORY)
    lines = [
        f"data: {data}",
        f"setting that all arms share, beside the defaults: {setting or 'none'}",
        f"arms: {analysis.family} tested against their reference{f', {exploratory} only shown' if exploratory else ''}",
        f"seeds: {_span(plan.seeds)}, the same for every arm; a seed fixes initial weights, order of images, "
        "dropout and augmentation, and never the split",
        f"decision: at {as_list(look.looks)} seeds, alpha {analysis.alpha:g}"
        + (f" ({ALPHA:g} divided by {len(look.looks)} looks)" if len(look.looks) > 1 else "")
        + (f"; a pilot, since under {FEW_SEEDS} seeds nothing is decided" if max(look.looks) < FEW_SEEDS else ""),
        f"margin: {as_list([f'{100 * margin:g}' for margin in margins])} points of test accuracy",
        f"precision: {code(str(plan.precision))}",
        "plan: hash " + code(plan.hash or "none"),
    ]
    return [*lines, *(f"question {code(q.name)}: {plain(q.sentence)}" for q in plan.questions)]


def _name_data(identity: Mapping[str, Any]) -> str:
    drawn = {key: value for key, value in identity.items() if value is not None and key not in ("name", "scenes")}
    return f"{code(identity['name'])} ({', '.join(f'{key} {code(spell(value))}' for key, value in drawn.items())})"


def _span(seeds: Sequence[int]) -> str:
    whole = len(seeds) > 1 and seeds == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]} to {seeds[-1]}" if whole else as_list(seeds)


def list_excluded(claims: StudyClaims) -> list[str]:
    """Return which trials with a result are in no effect, and why."""
    analysis, lines = claims.analysis, []
    for comparison in analysis.comparisons:
        arms = {comparison.pair.arm: comparison.training, comparison.pair.reference: comparison.reference_training}
        for arm, training in arms.items():
            is_arm = arm == comparison.pair.arm
            so = "left out of the effects and counted as failing to train" if is_arm else "nothing is compared with it"
            lines += _list_seeds(arm, {"diverged": training.diverged, "stayed at chance": training.chance}, so)
    for arm in analysis.sweep.arms:
        died = {word: analysis.sweep.of(arm, outcome)["seed"].tolist() for outcome, word in DIED.items()}
        lines += _list_seeds(arm, died, "nothing is concluded on the arm")
    late = set(analysis.sweep.seeds) - set(analysis.seeds)
    tested = dict.fromkeys(arm for c in analysis.comparisons if c.pair.tested for arm in (c.pair.reference, c.pair.arm))
    if beyond := [key for arm in tested for key in claims.keys(arm, late)]:
        formula = "number of trials of tested arms and references with a result, at seeds that are not looked at"
        count = claims.number(len(beyond), "study/beyond", formula, beyond)
        lines.append(
            f"{count} trial{'s' if len(beyond) > 1 else ''} of seeds beyond the first {analysis.look.used}: in no "
            "effect of a tested arm, but in the accuracies of the arms themselves"
        )
    return list(dict.fromkeys(lines)) or ["no trial that has a result was left out"]


def _list_seeds(arm: str, lost: Mapping[str, Sequence[int]], so: str) -> list[str]:
    return [
        f"{code(arm)}, seed{'s' if len(seeds) > 1 else ''} {as_list(seeds)}: {word}, {so}"
        for word, seeds in lost.items()
        if seeds
    ]


def describe_limits(claims: StudyClaims) -> dict[str, Any]:
    """Return what the template needs to say what the verdicts mean and how far they reach."""
    analysis, keys = claims.analysis, list(claims.sweep.results)
    if all(comparison.unpaired for comparison in analysis.comparisons):
        return {"compared": bool(analysis.comparisons), "paired": False}
    fewest, units = analysis.fewest_clusters, f"{analysis.unit}s"
    alike = len({planned.evaluated_on for planned in analysis.sweep.plan.trials}) == 1
    formula = f"number of {units} of the class that has the fewest in the test"
    return {
        "compared": True,
        "paired": True,
        "error": f"{100 * ALPHA:g}",
        "units": units,
        "arms": plural(analysis.family, "planned arm"),
        "floor": claims.number(analysis.floor, "study/sign_flip_floor", "min(1, arms * 2 / 2^seeds)", keys, ".3g"),
        "normal": analysis.floor > analysis.alpha,
        "few_seeds": FEW_SEEDS,
        "fewest": claims.number(fewest, "test/fewest", formula, keys) if fewest is not None and alike else None,
        "few_clusters": FEW_CLUSTERS if fewest is not None and fewest < FEW_CLUSTERS else None,
    }
