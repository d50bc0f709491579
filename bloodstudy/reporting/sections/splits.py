"""How much the split is worth: the tables, the figure and the sentences of its section.

In: a sweep over splits, with its ledger. Out: Markdown and a figure; nothing is paired, and no verdict is given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bloodstudy.analysis import StudyAnalysis, StudyResults, compare_splits, list_points, summarise_arms, take_question
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.claims.sweep_claims import SweepClaims, WriteNumber, write_number
from bloodstudy.reporting.figures.style import INK, label, new_figure
from bloodstudy.reporting.render.markdown import code, embed, table
from bloodstudy.study.plan import PlannedQuestion

MAX_COLUMNS = 3
WriteRow = Callable[[Mapping[str, Any]], WriteNumber]


NOTHING: dict[str, Any] = {"splits": "", "about_splits": "", "learnt": "", "each_split": [], "divisions": ""}
DESCRIBED = (
    "Test accuracy of every seed or division by split, with the mean and its 95 % interval; the table above holds the "
    "numbers"
)


def find_points(sweep: StudyResults) -> pd.DataFrame:
    """Return the test accuracies to compare, as `analysis.list_points` has them."""
    return list_points(sweep, {arm.name: arm.clear_from for arm in summarise_arms(sweep)})


def find_divided(question: PlannedQuestion, analysis: StudyAnalysis) -> StudyResults | None:
    """Return the part of the study that a question is about, where that is to compare splits; else None."""
    divided = any(comparison.unpaired for comparison in analysis.of(question.name))
    return take_question(analysis.sweep, question) if divided else None


def describe_section(claims: SweepClaims, drawn: list[str], figure: str, prefix: str = "split") -> dict[str, Any]:
    """Return the section: `splits` and `learnt`, its tables, `about_splits` and `each_split`, its text, `divisions`.

    The last is the `figure`, if it is `drawn`.

    Empty where no split was swept; `learnt` also where no trial stayed at chance. Names of claims begin with `prefix`.
    """
    points = find_points(claims.sweep)
    if not len(points):
        return dict(NOTHING)
    compared, learnt = compare_splits(points), points.loc[~points["stuck"].astype(bool)]
    stuck, several, describe_row = (
        len(points) - len(learnt),
        len(set(compared["rest"])) > 1,
        claims.split(points, prefix),
    )
    formulas = {name: f"number of {name}" for name in ("stuck", "units")}
    of_units = claims.of(prefix, formulas, list(claims.sweep.trials["key"]))
    describe_learnt = claims.split(learnt, f"{prefix}, without the stuck")
    return {
        "splits": tabulate_splits(compared, describe_row),
        "about_splits": describe_splits(compared, stuck, of_units),
        "learnt": tabulate_splits(compare_splits(learnt), describe_learnt) if stuck and len(learnt) else "",
        "each_split": [_describe_split(row, describe_row(row), several) for row in _records(compared)],
        "divisions": embed(figure, DESCRIBED, drawn),
    }


def _describe_split(row: Mapping[str, Any], write: WriteNumber, several: bool) -> str:
    """Return what one split gives, in words."""
    units = f"{write('n', row['n'], 'd')} {row['of']}{'s' if row['n'] > 1 else ''}"
    who = f"{code(row['split'])}, {code(row['rest'])}" if several else code(row["split"])
    interval = "" if math.isnan(row["low"]) else f" ({_span(write, row, 'low', 'high', '.3f')})"
    span = _span(write, row, "difference_low", "difference_high", "+.3f")
    span = "" if span == NONE else f" ({span})"
    text = f"{who}: test accuracy {write('mean', row['mean'], '.3f')}{interval} over {units}"
    if math.isnan(row["difference"]):
        return f"{text}."
    return f"{text}, {write('difference', row['difference'], '+.3f')}{span} to the first split."


def tabulate_splits(compared: pd.DataFrame, describe_row: WriteRow = lambda row: write_number) -> str:
    """Return a table of the splits; `compared` is of `compare_splits`, `describe_row` tells a row's numbers."""
    several = len(set(compared["rest"])) > 1
    numbers = ["mean test", "95 % interval", "to the first", "95 % (Welch)"]
    header = [*(["arm"] if several else []), "split", "units", *numbers]
    rows = []
    for row in _records(compared):
        write = describe_row(row)
        units = f"{write('n', row['n'], 'd')} {row['of']}{'s' if row['n'] > 1 else ''}"
        cells = [code(row["split"]), units, write("mean", row["mean"], ".3f"), _span(write, row, "low", "high", ".3f")]
        change = NONE if math.isnan(row["difference"]) else write("difference", row["difference"], "+.3f")
        cells += [change, _span(write, row, "difference_low", "difference_high", "+.3f")]
        rows.append([code(row["rest"]), *cells] if several else cells)
    return table(header, rows, right=numbers)


def describe_splits(compared: pd.DataFrame, stuck: int = 0, write: WriteNumber = write_number) -> str:
    """Say how the table is to be read."""
    units, units_in_all = set(compared["of"]), sum(compared["n"].to_list())
    sentences = [
        "Each split is tested on images of its own, so its arms are not paired: the intervals are t intervals over the "
        "units of one split, the differences to the first split are Welch's, and no verdict is given."
    ]
    if "division" in units:
        sentences.append(
            "A division is one fold or one drawing of a split, the mean over its seeds. Divisions share training "
            "images, so their interval tends to be too narrow (Nadeau and Bengio 2003)."
        )
    if stuck:
        sentences.append(
            f"{write('stuck', stuck, 'd')} of {write('units', units_in_all, 'd')} units did not come clear of chance "
            "level (crosses in the figure): they say something of the optimisation and nothing of the split. They "
            "count in the first table; the second leaves them out, so that its figures hold for trials that learnt."
        )
    if min(compared["n"]) < 2:
        sentences.append("One unit has no interval.")
    names = {split.split(",")[0] for split in compared["split"]}
    if {"official", "official_clean"} <= names:
        sentences.append(
            "official and official_clean judge the same trials, so the interval of the difference between these two is "
            "wider than it need be."
        )
    return " ".join(sentences)


def draw_splits(points: pd.DataFrame, compared: pd.DataFrame) -> Figure:
    """Return the points of each split, their mean and its interval; a panel for each other combination."""
    rests = list(dict.fromkeys(compared["rest"]))
    columns = min(MAX_COLUMNS, len(rests))
    rows = math.ceil(len(rests) / columns)
    widest = max(int((compared["rest"] == rest).sum()) for rest in rests)
    figure = new_figure(min(10.0, max(4.2, 1.2 + columns * (0.6 + 0.75 * widest))), 0.7 + 2.6 * rows)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes in panels.ravel()[len(rests) :]:
        axes.set_visible(False)
    for position, rest in enumerate(rests):
        axes = panels.flat[position]
        _draw_panel(axes, points.loc[points["rest"] == rest], compared.loc[compared["rest"] == rest])
        axes.set_title(label(rest, 40) if len(rests) > 1 else "")
        axes.set_ylabel("" if position % columns else "test accuracy")
    marks: dict[str, Any] = {"color": INK, "linestyle": ""}
    handles = [
        Line2D([], [], marker="o", markersize=3.5, mfc="none", label="one seed or division", **marks),
        Line2D([], [], marker="D", markersize=6, label="mean, 95 % interval", **marks),
    ]
    if any(points["stuck"].to_list()):
        handles.insert(1, Line2D([], [], marker="x", markersize=4.5, label="stuck at chance", **marks))
    figure.legend(handles=handles, loc="outside upper center", ncols=3 if widest > 3 else 2, frameon=False)
    return figure


def _draw_panel(axes: Axes, points: pd.DataFrame, compared: pd.DataFrame) -> None:
    for x, row in enumerate(_records(compared)):
        points_of_split = points.loc[points["split"] == row["split"]]
        values, stuck = (
            points_of_split["test_accuracy"].to_numpy(dtype=float),
            points_of_split["stuck"].to_numpy(dtype=bool),
        )
        beside = x - 0.18 + np.linspace(-0.06, 0.06, len(values)) * (len(values) > 1)
        axes.plot(beside[~stuck], values[~stuck], marker="o", markersize=3.5, linestyle="", color=INK, mfc="none")
        axes.plot(beside[stuck], values[stuck], marker="x", markersize=4.5, linestyle="", color=INK)
        axes.plot([x], [row["mean"]], marker="D", markersize=6, linestyle="", color=INK)
        axes.vlines([x], row["low"], row["high"], color=INK, linewidth=1.6)
    names = [label(split, 28).replace(", ", ",\n") for split in compared["split"]]
    turned = max(map(len, names)) * len(names) > 44
    axes.set_xticks(range(len(names)), names, rotation=30 if turned else 0, ha="right" if turned else "center")
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.grid(visible=False, axis="x")


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.to_dict("records")  # type: ignore[return-value]


def _span(write: WriteNumber, row: Mapping[str, Any], low: str, high: str, form: str) -> str:
    return NONE if math.isnan(row[low]) else f"{write(low, row[low], form)} to {write(high, row[high], form)}"
