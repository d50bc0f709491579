"""The report of a study: its answers first, then a section a question, the data, and how it was done.

In: a study with its ledger. Out: its title, its marked Markdown and its figures, a pure function of the trials.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bloodstudy import files
from bloodstudy.analysis import StudyAnalysis, StudyResults, analyse_study, compare_splits, list_leaks
from bloodstudy.analysis.comparisons.smallest_model import Simplest, find_simplest
from bloodstudy.errors import UserError
from bloodstudy.reporting.claims.study_claims import PERCENT, RESPONSES, StudyClaims
from bloodstudy.reporting.claims.sweep_claims import SweepClaims
from bloodstudy.reporting.figures import forest, style, training
from bloodstudy.reporting.render.markdown import code, embed, fence, plain, table, template
from bloodstudy.reporting.sections import (
    answers,
    calibration,
    caveats,
    data,
    dose_response,
    evidence,
    exports,
    methods,
    methods_paragraph,
    networks,
    published_results,
    smallest_model,
    splits,
    summary_figure,
)

Drawing = Callable[[], Figure]


@dataclass(frozen=True)
class Written:
    """A study's report but for its page and its claims."""

    title: str  # Markdown
    marked: str
    tables: dict[str, str]  # content of the other files, by name


def write_study(measured: SweepClaims, folder: Path) -> Written:
    """Draw the figures of a study's report into `folder` and return the rest of it.

    Raises UserError where no trial is finished.
    """
    sweep = measured.sweep
    if "finished" not in set(sweep.trials["outcome"]):
        raise UserError(describe_nothing(sweep))
    judged = analyse_study(sweep)
    asked = smallest_model.find_question(sweep.plan)
    simplest = find_simplest(judged, asked["name"]) if asked else None
    drawings = list_drawings(judged, simplest)
    files.make_folder(folder)
    for old in [*folder.glob("*.png"), *folder.glob("*.svg")]:
        old.unlink()  # one that an earlier report left would not be this one's
    with style.look():
        for name, draw in drawings.items():
            figure = draw()
            for kind in ("png", "svg"):
                style.save(figure, folder / f"{name}.{kind}")
    marked = render(judged, measured, simplest, list(drawings))
    tables = {"effects.csv": exports.write_csv(judged), "effects.tex": exports.write_latex(judged)}
    return Written(describe_title(sweep), marked, tables)


def describe_title(sweep: StudyResults) -> str:
    """Return the title of the report."""
    return plain(sweep.plan.get("title") or sweep.plan.get("question") or f"Study {sweep.plan['study']}")


def describe_nothing(sweep: StudyResults) -> str:
    """Return why there is nothing to report, with the next step."""
    outcomes = sweep.trials["outcome"].value_counts()
    told = ", ".join(f"{count} {str(name).replace('_', ' ')}" for name, count in outcomes.items())
    waiting = {"missing", "interrupted"} & set(outcomes.index)
    retry = f"{sweep.plan['command']} retry=all, once what made them end so is changed"
    return (
        f"no trial of the study {sweep.plan['study']!r} is finished ({told}); a report needs at least one. "
        f"Train it: {sweep.plan['command'] if waiting else retry}"
    )


def list_drawings(judged: StudyAnalysis, simplest: Simplest | None) -> dict[str, Drawing]:
    """Return the figures of the report by name, not drawn yet."""
    sweep, groups = judged.sweep, group_arms(judged)
    styles = style.style_study(sweep.arms, [arms[0] for _, arms in groups])
    drawings: dict[str, Drawing] = {}
    answers = summary_figure.list_answers(judged)
    if len(answers) > 1 and any(comparison.seeds for own in answers.values() for comparison in own):
        drawings["answers"] = lambda: summary_figure.draw_answers(judged, styles)
    for question in sweep.plan["questions"]:
        name = question["name"]
        shown = judged.of(name)
        if any(comparison.seeds for comparison in shown):
            drawings[f"effects_{name}"] = lambda shown=shown: forest.draw_effects(shown, styles)
        if dose := dose_response.find_dose(question, judged):
            drawings[f"dose_{name}"] = lambda dose=dose: dose_response.draw_dose(dose, judged, styles)
        part = splits.find_divided(question, judged)
        if part is not None and len(points := splits.find_points(part)):
            drawings[f"splits_{name}"] = partial(splits.draw_splits, points, compare_splits(points))
    if simplest is not None:
        drawings["parameters"] = lambda: smallest_model.draw_models(simplest, judged, styles)
    matrices = training.choose_matrices(sweep, sweep.plan["questions"][0]["reference"])
    weighed = calibration.weigh_arms(judged)
    counts = [(data_set.name, data_set.counts) for data_set in data.list_data(sweep)]
    drawings["classes"] = lambda: training.draw_classes(counts)
    if sweep.histories:
        drawings["training"] = lambda: training.draw_training(sweep, styles, groups)
    if matrices:
        drawings["confusion"] = lambda: training.draw_confusions(sweep, matrices)
    if weighed:
        drawings["calibration"] = lambda: calibration.draw_calibration(groups, weighed, styles)
    return drawings


def render(judged: StudyAnalysis, measured: SweepClaims, simplest: Simplest | None, drawn: list[str]) -> str:
    """Return the marked Markdown; `drawn` are the figures that exist."""
    told = StudyClaims(judged, measured.ledger)
    return template("study.md.j2").render(
        title=describe_title(judged.sweep),
        **answers.describe_answers(judged, told, measured, simplest, drawn),
        **describe_data(judged, told, measured, drawn),
        **describe_methods(judged, told, measured),
    )


CLEAN = "official_clean"


def group_arms(judged: StudyAnalysis) -> list[tuple[str, list[str]]]:
    """Return the arms of each question, its reference first."""
    return [
        (question["name"].replace("_", " "), list(dict.fromkeys([question["reference"], *question["arms"]])))
        for question in judged.sweep.plan["questions"]
    ]


def describe_data(judged: StudyAnalysis, told: StudyClaims, measured: SweepClaims, drawn: list[str]) -> dict[str, Any]:
    """Return what the answers rest on."""
    sweep = judged.sweep
    matrices = training.choose_matrices(sweep, sweep.plan["questions"][0]["reference"])
    missed = evidence.find_hard_images_of(judged)
    texts = {
        "classes": "Images of each class in the training and the test set; the table holds the numbers",
        "training": f"Accuracy and loss while fitting against the epoch, one line an arm ({len(sweep.arms)} in all)",
        "confusion": "Confusion matrices of the test set: share and count of predicted classes for each true class",
        "calibration": "How often each arm is right against how sure it is, one panel a question",
    }
    return {
        "data": [data.describe_data(measured, place, own) for place, own in enumerate(data.list_data(sweep), start=1)],
        "judged": [
            caveats.describe_shared(measured, leak) for leak in list_leaks(sweep.trials) if leak.judged == CLEAN
        ],
        "photographs": evidence.tabulate_photographs(judged, told),
        "weighed": evidence.name_weighed(judged),
        "unit": judged.unit,
        "networks": networks.list_networks(sweep, told),
        "arms": evidence.tabulate_arms(judged, told),
        "at_chance": evidence.describe_chance(judged, told),
        "official": evidence.describe_official(judged),
        "figures": {name: embed(name, text, drawn) for name, text in texts.items()},
        "matrices": len(matrices),
        "hidden": len(training.list_tested(sweep)) - len(matrices),
        "calibration": calibration.tabulate_calibration(calibration.weigh_arms(judged), told),
        "missed": evidence.describe_missed(missed, told),
        "missed_images": evidence.tabulate_missed(missed, told),
        "sources": published_results.list_sources(sweep, told.ledger),
    }


def describe_methods(judged: StudyAnalysis, told: StudyClaims, measured: SweepClaims) -> dict[str, Any]:
    """Return how the study was done, and each planned trial."""
    sweep = judged.sweep
    return {
        "command": fence(sweep.plan["command"]),
        "fixed": methods.list_fixed(judged),
        "changes": methods.list_changes(judged),
        "amended": bool(sweep.plan.get("amendments")),
        "excluded": methods.list_excluded(judged, told),
        "limits": methods.list_limits(judged, told),
        "origin": data.list_origin(sweep),
        "levels": data.tabulate_reference(sweep, sweep.plan["questions"][0]["reference"]),
        "brought": data.describe_brought(sweep, sweep.plan["questions"][0]["reference"]),
        "paragraph": methods_paragraph.write_paragraph(judged),
        "trials": _tabulate_trials(measured),
    }


def _tabulate_trials(measured: SweepClaims) -> str:
    rows = []
    for row in measured.sweep.trials.to_dict("records"):
        keys, path = [row["key"]], f"trial/{row['key']}/{row['judged']}"
        cells = [code(row["arm"]), str(row["seed"]), f"`{row['key']}`"]
        for name in RESPONSES.values():
            value = float("nan") if row[name] is None else 100 * float(row[name])
            form = PERCENT if name != "accuracy_gap" else "+z.1f"
            formula = f"100 * {name}"
            cells.append(measured.ledger.add(value, form, name=f"{path}/{name}", formula=formula, trials=keys))
        outcome = plain(str(row["outcome"]).replace("_", " "))
        reason = plain(row["reason"]) if isinstance(row["reason"], str) else ""
        rows.append([*cells, f"{outcome}: {reason}" if reason else outcome])
    return table(["arm", "seed", "trial", *RESPONSES, "outcome"], rows, right=["seed", *RESPONSES])
