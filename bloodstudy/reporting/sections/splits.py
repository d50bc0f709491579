"""How much the split is worth: the tables, the figure and the sentences of its section.

In: a sweep over splits, and the claims of its study. Out: Markdown and a figure; nothing is paired, no verdict given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bloodstudy.analysis import StudyAnalysis, StudyResults, compare_splits, list_points, take_question
from bloodstudy.reporting.claims.ledger import NONE, WriteNumber, write_number
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.figures.style import INK, Drawing, label, new_grid
from bloodstudy.reporting.render.markdown import code, embed, rows_of, table
from bloodstudy.study.planned import PlannedQuestion

MAX_COLUMNS = 3
FORMULAS = {
    "n": "number of units",
    "mean": "mean over the units of test_accuracy",
    "low": "mean - t(0.975, n - 1) * sd / sqrt(n), over the units, at least 0",
    "high": "mean + t(0.975, n - 1) * sd / sqrt(n), over the units, at most 1",
    "difference": "mean over the units of this split - mean over the units of the first",
    "difference_low": "lower end of Welch's 95 % interval of the difference",
    "difference_high": "upper end of Welch's 95 % interval of the difference",
}
WriteRow = Callable[[Mapping[str, Any]], WriteNumber]
NOTHING: dict[str, Any] = {"splits": "", "about_splits": {}, "learnt": "", "each_split": [], "divisions": ""}
DESCRIBED = (
    "Test accuracy of every seed or division by split, with the mean and its 95 % interval; the table above holds the "
    "numbers"
)


def find_divided(question: PlannedQuestion, analysis: StudyAnalysis) -> StudyResults | None:
    """Return the part of the study that a question is about, if that is to compare splits; else None."""
    divided = any(comparison.unpaired for comparison in analysis.of(question.name))
    return take_question(analysis.sweep, question) if divided else None


def list_figures(sweep: StudyResults, question: str = "") -> dict[str, Drawing]:
    """Return the figure of the splits by name, not drawn yet; nothing if no split was swept."""
    points = list_points(sweep)
    return {_name_figure(question): partial(draw_splits, points, compare_splits(points))} if len(points) else {}


def _name_figure(question: str) -> str:
    return f"splits_{question}" if question else "splits"


def describe_section(sweep: StudyResults, claims: StudyClaims, drawn: list[str], question: str = "") -> dict[str, Any]:
    """Return the tables `splits` and `learnt`, the text `each_split`, how to read it, and the figure `divisions`.

    The last is there, if it is `drawn`. Empty if no split was swept; `learnt` also if no trial stayed at chance.
    `sweep` is the part of the study that `question` is about.
    """
    points = list_points(sweep)
    if not len(points):
        return NOTHING
    compared, learnt = compare_splits(points), points.loc[~points["stuck"].astype(bool)]
    stuck, several = len(points) - len(learnt), len(set(compared["rest"])) > 1
    prefix = f"split/{question}" if question else "split"
    formulas = {name: f"number of {name}" for name in ("stuck", "units")}
    of_units = claims.numbers_of(prefix, formulas, list(sweep.trials["key"]))
    of_row, of_learnt = _write_rows(points, prefix, claims), _write_rows(learnt, f"{prefix}, without the stuck", claims)
    return {
        "splits": tabulate_splits(compared, of_row),
        "about_splits": describe_splits(compared, stuck, of_units),
        "learnt": tabulate_splits(compare_splits(learnt), of_learnt) if stuck and len(learnt) else "",
        "each_split": [_describe_split(row, of_row(row), several) for row in rows_of(compared)],
        "divisions": embed(_name_figure(question), DESCRIBED, drawn),
    }


def _write_rows(points: pd.DataFrame, prefix: str, claims: StudyClaims) -> WriteRow:
    """Return a function that returns, for a row of the compared splits, what writes its numbers."""

    def write_row(row: Mapping[str, Any]) -> WriteNumber:
        same_arms = points.loc[points["rest"] == row["rest"]]
        keys, others = (
            [key for unit in same_arms.loc[same_arms["split"] == split, "keys"] for key in unit]
            for split in (row["split"], same_arms["split"].iloc[0])
        )
        path = f"{prefix}/{row['rest']}/{row['split']}"
        alone, beside = (claims.numbers_of(path, FORMULAS, trials) for trials in (keys, [*others, *keys]))
        return lambda what, value, form: (beside if what.startswith("difference") else alone)(what, value, form)

    return write_row


def _describe_split(row: Mapping[str, Any], write: WriteNumber, several: bool) -> str:
    """Return what one split gives, in words."""
    who = f"{code(row['split'])}, {code(row['rest'])}" if several else code(row["split"])
    units, mean, interval, change, welch = _write_cells(row, write)
    interval, welch = (f" ({span})" if span != NONE else "" for span in (interval, welch))
    text = f"{who}: test accuracy {mean}{interval} over {units}"
    return f"{text}, {change}{welch} to the first split." if change != NONE else f"{text}."


def _write_cells(row: Mapping[str, Any], write: WriteNumber) -> list[str]:
    """Return units, mean, interval, difference to the first split and its interval; a dash for what is not there."""
    units = f"{write('n', row['n'], 'd')} {row['of']}{'s' if row['n'] > 1 else ''}"
    mean, interval = write("mean", row["mean"], ".3f"), _span(write, row, "low", "high", ".3f")
    change = NONE if math.isnan(row["difference"]) else write("difference", row["difference"], "+z.3f")
    return [units, mean, interval, change, _span(write, row, "difference_low", "difference_high", "+z.3f")]


def tabulate_splits(compared: pd.DataFrame, write_row: WriteRow = lambda row: write_number) -> str:
    """Return a table of the splits; `compared` is of `compare_splits`, `write_row` writes the numbers of a row."""
    several = len(set(compared["rest"])) > 1
    numbers = ["mean test", "95 % interval", "to the first", "95 % (Welch)"]
    header = [*(["arm"] if several else []), "split", "units", *numbers]
    rows = []
    for row in rows_of(compared):
        cells = [code(row["split"]), *_write_cells(row, write_row(row))]
        rows.append([code(row["rest"]), *cells] if several else cells)
    return table(header, rows, right=numbers)


def describe_splits(compared: pd.DataFrame, stuck: int = 0, write: WriteNumber = write_number) -> dict[str, str | bool]:
    """Return what the template needs to say how the table is to be read."""
    return {
        "divided": "division" in set(compared["of"]),
        "stuck": write("stuck", stuck, "d") if stuck else "",
        "some": stuck < sum(compared["n"].to_list()),
        "units": write("units", sum(compared["n"].to_list()), "d") if stuck else "",
        "single": bool(min(compared["n"]) < 2),
        "alike": {"official", "official_clean"} <= {split.split(",")[0] for split in compared["split"]},
    }


def draw_splits(points: pd.DataFrame, compared: pd.DataFrame) -> Figure:
    """Return the points of each split, their mean and its interval; a panel for each other combination."""
    rests = list(dict.fromkeys(compared["rest"]))
    columns = min(MAX_COLUMNS, len(rests))
    widest = max(int((compared["rest"] == rest).sum()) for rest in rests)
    width = min(10.0, max(4.2, 1.2 + columns * (0.6 + 0.75 * widest)))
    figure, panels = new_grid(len(rests), columns, width, 2.6, head_in=0.7, sharey=True)
    for position, (axes, rest) in enumerate(zip(panels, rests, strict=True)):
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
    for x, row in enumerate(rows_of(compared)):
        of_split = points.loc[points["split"] == row["split"]]
        values, stuck = of_split["test_accuracy"].to_numpy(dtype=float), of_split["stuck"].to_numpy(dtype=bool)
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


def _span(write: WriteNumber, row: Mapping[str, Any], low: str, high: str, form: str) -> str:
    return NONE if math.isnan(row[low]) else f"{write(low, row[low], form)} to {write(high, row[high], form)}"
