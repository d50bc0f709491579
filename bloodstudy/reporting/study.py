"""The report of a study: its answers first, then a section a question, the data, and how it was done.

In: a study with its ledger. Out: its title, its marked Markdown and its figures, a pure function of the trials.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from bloodstudy import files
from bloodstudy.analysis import Judged, Sweep, compare_splits, judge_sweep
from bloodstudy.analysis.simplest import Simplest, find_simplest
from bloodstudy.errors import UserError
from bloodstudy.reporting import (
    answers,
    calibration,
    doses,
    estimation,
    exports,
    facts,
    glance,
    panels,
    sections,
    simplification,
    splits,
    style,
)
from bloodstudy.reporting.effects import Told
from bloodstudy.reporting.markdown import plain, template
from bloodstudy.reporting.measured import Measured

Drawing = Callable[[], Figure]


@dataclass(frozen=True)
class Written:
    """A study's report but for its page and its claims."""

    title: str  # Markdown
    marked: str
    tables: dict[str, str]  # content of the other files, by name


def write_study(measured: Measured, folder: Path) -> Written:
    """Draw the figures of a study's report into `folder` and return the rest of it.

    Raises UserError where no trial is finished.
    """
    sweep = measured.sweep
    if "finished" not in set(sweep.trials["outcome"]):
        raise UserError(tell_nothing(sweep))
    judged = judge_sweep(sweep)
    asked = simplification.find_question(sweep.plan)
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
    return Written(tell_title(sweep), marked, tables)


def tell_title(sweep: Sweep) -> str:
    """Return the title of the report."""
    return plain(sweep.plan.get("title") or sweep.plan.get("question") or f"Study {sweep.plan['study']}")


def tell_nothing(sweep: Sweep) -> str:
    """Return why there is nothing to report, with the next step."""
    outcomes = sweep.trials["outcome"].value_counts()
    told = ", ".join(f"{count} {str(name).replace('_', ' ')}" for name, count in outcomes.items())
    waiting = {"missing", "interrupted"} & set(outcomes.index)
    retry = f"{sweep.plan['command']} retry=all, once what made them end so is changed"
    return (
        f"no trial of the study {sweep.plan['study']!r} is finished ({told}); a report needs at least one. "
        f"Train it: {sweep.plan['command'] if waiting else retry}"
    )


def list_drawings(judged: Judged, simplest: Simplest | None) -> dict[str, Drawing]:
    """Return the figures of the report by name, not drawn yet."""
    sweep, groups = judged.sweep, sections.group_arms(judged)
    styles = style.style_study(sweep.arms, [arms[0] for _, arms in groups])
    drawings: dict[str, Drawing] = {}
    answers = glance.list_answers(judged)
    if len(answers) > 1 and any(comparison.seeds for own in answers.values() for comparison in own):
        drawings["answers"] = lambda: glance.draw_answers(judged, styles)
    for question in sweep.plan["questions"]:
        name = question["name"]
        shown = judged.of(name)
        if any(comparison.seeds for comparison in shown):
            drawings[f"effects_{name}"] = lambda shown=shown: estimation.draw_effects(shown, styles)
        if dose := doses.find_dose(question, judged):
            drawings[f"dose_{name}"] = lambda dose=dose: doses.draw_dose(dose, judged, styles)
        part = splits.find_divided(question, judged)
        if part is not None and len(points := splits.find_points(part)):
            drawings[f"splits_{name}"] = partial(splits.draw_splits, points, compare_splits(points))
    if simplest is not None:
        drawings["parameters"] = lambda: simplification.draw_models(simplest, judged, styles)
    matrices = panels.choose_matrices(sweep, sweep.plan["questions"][0]["reference"])
    weighed = calibration.weigh_arms(judged)
    counts = [(data_set.name, data_set.counts) for data_set in facts.list_data(sweep)]
    drawings["classes"] = lambda: panels.draw_classes(counts)
    if sweep.histories:
        drawings["training"] = lambda: panels.draw_training(sweep, styles, groups)
    if matrices:
        drawings["confusion"] = lambda: panels.draw_confusions(sweep, matrices)
    if weighed:
        drawings["calibration"] = lambda: calibration.draw_calibration(groups, weighed, styles)
    return drawings


def render(judged: Judged, measured: Measured, simplest: Simplest | None, drawn: list[str]) -> str:
    """Return the marked Markdown; `drawn` are the figures that exist."""
    told = Told(judged, measured.ledger)
    return template("study.md.j2").render(
        title=tell_title(judged.sweep),
        **answers.tell_answers(judged, told, measured, simplest, drawn),
        **sections.tell_data(judged, told, measured, drawn),
        **sections.tell_methods(judged, told, measured),
    )
