"""Accuracy against the time that a trial takes: the figure of cost.md.

In: a sweep. Out: a figure. Times differ from machine to machine, so it stands apart from the report's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bloodstudy.analysis import Sweep
from bloodstudy.reporting.style import Style, fold, new_figure

PER_COLUMN = 12  # arms in a column of the legend


def draw_time(sweep: Sweep, styles: Mapping[str, Style]) -> Figure:
    """Return mean test accuracy of each arm against the mean seconds of fitting, with every seed."""
    figure = new_figure(8.4, 4.2)
    axes, handles = figure.subplots(), []
    for arm in sweep.arms:
        done = sweep.of(arm, "finished").dropna(subset=["fit_seconds", "test_accuracy"])
        if not len(done):
            continue
        style, seconds = styles[arm], done["fit_seconds"].to_numpy(dtype=float)
        accuracy = 100 * done["test_accuracy"].to_numpy(dtype=float)
        marks: dict[str, Any] = {"marker": style.marker, "linestyle": "", "color": style.colour}
        axes.plot(seconds, accuracy, markersize=3, mfc="none", alpha=0.5, **marks)
        axes.plot([seconds.mean()], [accuracy.mean()], markersize=7.5, zorder=3, **marks)
        handles.append(Line2D([], [], markersize=6, label=fold(arm, 30), **marks))
    axes.margins(x=0.08)
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds of fitting")
    axes.set_ylabel("test accuracy (%)")
    columns = 1 + (len(handles) - 1) // PER_COLUMN
    axes.legend(
        handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, ncols=columns, fontsize=7.5
    )
    return figure
