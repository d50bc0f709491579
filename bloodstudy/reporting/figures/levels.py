"""Train and test accuracy of the arms of a question side by side, the gap as the bar between them.

In: comparisons with one reference. Out: a figure of one row an arm, the reference first: filled is train, hollow is
test, means large and single trials small, and a stroke is the test accuracy of the reference on the arm's own blocks,
fewer than its own row has if the arm closed early. As in the effects, classes weigh alike and dead trials are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bloodstudy.analysis import Comparison
from bloodstudy.reporting.figures.style import INK, SHADE, Styles, fold, new_figure

SIDES = {"train_accuracy": (-0.24, 6.5), "test_accuracy": (0.24, 8.0)}  # where single trials stand, size of the mean
ROW_IN = 0.42


def collect_accuracies(comparisons: Sequence[Comparison]) -> dict[str, pd.DataFrame]:
    """Return train and test accuracy by arm and seed, the reference's first: of the comparison with most blocks."""
    most = max(comparisons, key=lambda comparison: len(comparison.seeds))
    return {most.pair.reference: most.reference} | {comparison.pair.arm: comparison.arm for comparison in comparisons}


def draw_levels(comparisons: Sequence[Comparison], styles: Styles, trial: str) -> Figure:
    """Return the figure; `trial` is the word for a point."""
    accuracies = collect_accuracies(comparisons)
    dead = {comparison.pair.arm: comparison.training.failing for comparison in comparisons}
    beside_arm = {
        c.pair.arm: 100 * float(c.reference["test_accuracy"].to_numpy(dtype=float).mean())
        for c in comparisons
        if c.seeds
    }
    names = [fold(arm, 30) for arm in accuracies]
    height = 1.1 + ROW_IN * len(names) + 0.13 * sum(name.count("\n") for name in names)
    figure = new_figure(7.4, max(1.9, height))
    axes = figure.subplots()
    beyond: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "color": INK, "fontsize": 8.5}
    axes.text(1.02, -0.65, "gap", va="bottom", **beyond)
    for row, (arm, table) in enumerate(accuracies.items()):
        style, means = styles[arm], []
        for response, (beside, size) in SIDES.items():
            every = 100 * table[response].to_numpy(dtype=float)
            face = style.colour if response == "train_accuracy" else "white"
            axes.plot(every, [row + beside] * len(every), markersize=3, alpha=0.7, mfc=face, **style.marks)
            means.append(float(every.mean()) if len(every) else math.nan)
            axes.plot([means[-1]], [row], markersize=size, mew=1.5, zorder=3, mfc=face, **style.marks)
        axes.hlines(row, min(means), max(means), color=SHADE, linewidth=7, zorder=1)
        if arm in beside_arm:
            axes.plot([beside_arm[arm]], [row], marker="|", markersize=15, mew=1.6, color=INK, linestyle="", zorder=2)
        words = [f"{means[0] - means[1]:+z.1f}"] if len(table) else []
        words += [f"dead {len(dead[arm])}"] if dead.get(arm) else []
        axes.text(1.02, row, "; ".join(words), va="center", **beyond)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.set_xlabel("accuracy (%), classes weighing alike")
    axes.grid(visible=False, axis="y")
    marks: dict[str, Any] = {"color": INK, "marker": "o", "linestyle": ""}
    stroke: dict[str, Any] = marks | {"marker": "|"}
    handles: list[Any] = [
        Line2D([], [], **marks, markersize=6.5, label="train, mean"),
        Line2D([], [], **marks, markersize=8, mfc="white", mew=1.5, label="test, mean"),
        Line2D([], [], **marks, markersize=3, mfc="white", label=f"one {trial}"),
        Line2D([], [], **stroke, markersize=12, mew=1.6, label=f"reference, test, same {trial}s"),
        Patch(color=SHADE, label="gap (train − test), points"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return figure
