"""Train and test accuracy of the arms of a question side by side, the gap as the bar between them.

In: a study and its arms, the reference first. Out: a figure of one row an arm: filled is train, hollow is test, means
large and single trials small; trials that stayed at chance are crosses, in no mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bloodstudy.analysis import StudyResults
from bloodstudy.reporting.figures.style import INK, SHADE, Styles, fold, new_figure

SIDES = {"train_accuracy": (-0.24, 6.5), "test_accuracy": (0.24, 8.0)}  # where single trials stand, size of the mean
ROW_IN = 0.42
STUCK = "stayed at chance, in no mean"


def draw_levels(
    sweep: StudyResults, arms: Sequence[str], stuck: Mapping[str, Sequence[int]], styles: Styles, trial: str
) -> Figure:
    """Return the figure; `stuck` are the seeds of each arm that stayed at chance, `trial` the word for a point."""
    names = [fold(arm, 30) for arm in arms]
    height = 1.1 + ROW_IN * len(arms) + 0.13 * sum(name.count("\n") for name in names)
    figure = new_figure(7.4, max(1.9, height))
    axes = figure.subplots()
    beyond: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "color": INK, "fontsize": 8.5}
    axes.text(1.02, -0.65, "gap", va="bottom", **beyond)
    for row, arm in enumerate(arms):
        done, style = sweep.of(arm, "finished"), styles[arm]
        out = done["seed"].isin(stuck[arm]).to_numpy(dtype=bool)
        means = {}
        for response, (beside, size) in SIDES.items():
            every = 100 * done[response].to_numpy(dtype=float)
            face = style.colour if response == "train_accuracy" else "white"
            axes.plot(every[out], [row + beside] * out.sum(), "x", color=style.colour, markersize=4)
            axes.plot(every[~out], [row + beside] * (~out).sum(), markersize=3, alpha=0.7, mfc=face, **style.marks)
            means[response] = float(every[~out].mean()) if (~out).any() else math.nan
            axes.plot([means[response]], [row], markersize=size, mew=1.5, zorder=3, mfc=face, **style.marks)
        ends = [means["train_accuracy"], means["test_accuracy"]]
        axes.hlines(row, min(ends), max(ends), color=SHADE, linewidth=7, zorder=1)
        if np.isfinite(ends).all():
            axes.text(1.02, row, f"{ends[0] - ends[1]:+.1f}", va="center", **beyond)
    axes.set_yticks(range(len(arms)), names)
    axes.set_ylim(len(arms) - 0.45, -0.55)
    axes.set_xlabel("accuracy (%)")
    axes.grid(visible=False, axis="y")
    marks: dict[str, Any] = {"color": INK, "marker": "o", "linestyle": ""}
    handles: list[Any] = [
        Line2D([], [], **marks, markersize=6.5, label="train, mean"),
        Line2D([], [], **marks, markersize=8, mfc="white", mew=1.5, label="test, mean"),
        Line2D([], [], **marks, markersize=3, mfc="white", label=f"one {trial}"),
        Patch(color=SHADE, label="gap (train − test), points"),
    ]
    if any(stuck[arm] for arm in arms):
        handles.append(Line2D([], [], color=INK, marker="x", markersize=4, linestyle="", label=STUCK))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)
    return figure
