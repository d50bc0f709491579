"""What the trials took: the content of cost.md, and its figure of accuracy against time.

In: a sweep. Out: Markdown and a figure. Times differ from machine to machine, so they stand apart from the report.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bloodstudy.analysis import StudyAnalysis, StudyResults
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.figures.style import DISTINCT, Styles, fold, look, new_figure, save
from bloodstudy.reporting.render.markdown import code, plural, rows_of, table
from bloodstudy.reporting.sections.levels import format_values
from bloodstudy.reporting.sections.progress import find_next_look
from bloodstudy.reporting.sections.section import style_arms

COST = (
    "Time is the whole trial, from its start to its result, that of interrupted attempts included, whatever else the "
    "machine did. Peak memory is that of the process that trained, which keeps some of what earlier trials took."
)
PER_COLUMN = 12  # arms in a column of the legend


def write_cost(analysis: StudyAnalysis, title: str, folder: Path) -> str:
    """Draw accuracy against time into `folder` and return the content of cost.md."""
    sweep, picture = analysis.sweep, ""
    if "finished" in set(sweep.trials["outcome"]):
        with look():
            save(draw_time(sweep, style_arms(analysis)), folder / "cost.png")
        mean = "Mean test accuracy, images weighing alike and trials at chance among them"
        picture = f"![{mean}, against the mean seconds of fitting; the table holds each trial's](cost.png)"
    processors = [result.processor for result in sweep.results.values()]
    processor = f"Processor: {format_values(processors)}." if processors else ""
    parts = [
        f"# {title}: what it cost",
        picture,
        describe_total(sweep),
        describe_next(analysis),
        tabulate_cost(sweep),
        COST,
        processor,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def draw_time(sweep: StudyResults, styles: Styles) -> Figure:
    """Return mean test accuracy of each arm against the mean seconds of fitting, with every seed where arms are few."""
    figure = new_figure(8.4, 4.2)
    axes, handles = figure.subplots(), []
    for arm in sweep.arms:
        done = sweep.of(arm, "finished").dropna(subset=["fit_seconds", "test_accuracy"])
        if not len(done):
            continue
        style, seconds = styles[arm], done["fit_seconds"].to_numpy(dtype=float)
        accuracy = 100 * done["test_accuracy"].to_numpy(dtype=float)
        if len(sweep.arms) <= DISTINCT:
            axes.plot(seconds, accuracy, markersize=3, mfc="none", alpha=0.5, **style.marks)
        axes.plot([seconds.mean()], [accuracy.mean()], markersize=7.5, zorder=3, **style.marks)
        handles.append(Line2D([], [], markersize=6, label=fold(arm, 30), **style.marks))
    axes.margins(x=0.08)
    axes.set_xlim(left=0)
    axes.set(xlabel="seconds of fitting", ylabel="test accuracy (%), images weighing alike")
    columns = 1 + (len(handles) - 1) // PER_COLUMN
    axes.legend(
        handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, ncols=columns, fontsize=7.5
    )
    return figure


def tabulate_cost(sweep: StudyResults) -> str:
    """Return what each trial took."""
    numbers = ["seed", "time (s)", "fit (s)", "measuring (s)", "peak memory (MB)", "threads", "attempts"]
    forms = {"wall_seconds": ".1f", "fit_seconds": ".1f", "evaluate_seconds": ".1f"}
    forms |= {"peak_memory_mb": ",.0f", "threads": ".0f", "attempts": ".0f"}
    rows = []
    for row in rows_of(sweep.trials.drop_duplicates("key")):  # one may be judged in two ways
        cells = [_write(row.get(name), form) for name, form in forms.items()]
        rows.append([code(row["arm"]), str(row["seed"]), *cells])
    return table(["arm", *numbers], rows, right=numbers)


def describe_total(sweep: StudyResults) -> str:
    """Return what all trials took together: time one after another, and threads times time, by which energy goes."""
    trials = sweep.trials.drop_duplicates("key").reindex(columns=["wall_seconds", "threads"])
    known = trials.dropna().astype(float)
    if not len(known):
        return ""
    hours = sum(known["wall_seconds"]) / 3600
    core_hours = sum(known["wall_seconds"] * known["threads"]) / 3600
    text = f"{plural(len(known), 'trial')} took {hours:.2f} hours in all, {core_hours:.2f} hours of a core."
    return " ".join(filter(None, [text, _describe_rest(sweep)]))


def _describe_rest(sweep: StudyResults) -> str:
    """Return the share of the time that was neither fitting nor measuring, of trials that were not interrupted."""
    names = ["wall_seconds", "fit_seconds", "evaluate_seconds"]
    trials = sweep.trials.drop_duplicates("key").reindex(columns=[*names, "attempts"])
    whole, fit, measuring = trials.loc[trials["attempts"] == 1, names].dropna().to_numpy(dtype=float).sum(axis=0)
    if not whole:
        return ""
    rest = 100 * (1 - (fit + measuring) / whole)
    return f"Neither fitting nor measuring was {rest:.1f} % of it, of trials of one attempt."


def describe_next(analysis: StudyAnalysis) -> str:
    """Return the hours that the next look takes at the mean time of a finished trial; empty if nothing is open."""
    look = find_next_look(analysis)
    trials = analysis.sweep.trials.drop_duplicates("key")
    seconds = trials.loc[trials["outcome"] == "finished", "wall_seconds"].dropna().to_numpy(dtype=float)
    if look is None or not len(seconds):
        return ""
    hours = len(look.keys) * seconds.mean() / 3600
    trainings = plural(len(look.keys), "training")
    return (
        f"The next look takes {trainings}, some {hours:.2f} hours one after another at the mean time of a finished one."
    )


def _write(value: Any, form: str) -> str:
    return NONE if value is None or pd.isna(value) else format(value, form)
