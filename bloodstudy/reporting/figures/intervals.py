"""One row of a figure of effects: the margin as a band, intervals thick and thin, one-sided bounds as ticks.

In: axes in points of accuracy with how far they reach, and what a look says of an arm. Out: marks on the axes.
"""

from __future__ import annotations

import math

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bloodstudy.analysis import Comparison
from bloodstudy.analysis.statistics.sequential import Look
from bloodstudy.reporting.figures.style import INK, SHADE, Style


def shade_margin(axes: Axes, row: float, comparison: Comparison) -> None:
    """Draw the margin of an arm as a band behind its row."""
    margin = 100 * comparison.pair.margin
    axes.fill_betweenx([row - 0.5, row + 0.5], -margin, margin, color=SHADE, linewidth=0, zorder=0.5)


def draw_interval(
    axes: Axes, row: float, ends: tuple[float, float], limits: tuple[float, float], style: Style, *,
    thick: bool = False, capped: bool = True, alpha: float = 1.0,
) -> None:  # fmt: skip
    """Draw an interval (in fractions); where it goes on beyond the axis stands a caret. Nothing if there is none."""
    low, high = (100 * end for end in ends)
    if math.isnan(low) or low > limits[1] or high < limits[0]:
        return
    width = 3.2 if thick else 1.1
    axes.hlines(
        row, max(low, limits[0]), min(high, limits[1]), color=style.colour, linewidth=width, alpha=alpha, zorder=2
    )
    for end, edge, cut, caret in ((low, limits[0], low < limits[0], 4), (high, limits[1], high > limits[1], 5)):
        if cut or capped:
            mark, tall = (caret, 6) if cut else ("|", 5)
            axes.plot(
                [edge if cut else end], [row], marker=mark, markersize=tall, color=style.colour, linestyle="",
                alpha=alpha,
            )  # fmt: skip


def draw_bounds(
    axes: Axes, row: float, told: Look, limits: tuple[float, float], style: Style, tall: float, alpha: float = 1.0
) -> None:
    """Draw the one-sided bounds of a look as ticks, taller than the mark of the mean."""
    inside = [100 * end for end in (told.at_least, told.at_most) if limits[0] <= 100 * end <= limits[1]]
    axes.plot(
        inside, [row] * len(inside), marker="|", markersize=tall, mew=1.3, color=style.colour, linestyle="", alpha=alpha
    )


def point_outside(axes: Axes, mean: float, end: float, row: float, style: Style) -> None:
    """Say where a mean lies that the axis does not reach."""
    arrow = {"arrowstyle": "-|>", "color": style.colour, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
    axes.annotate(
        f"{mean:+z.1f}", (end, row), xytext=(0.72 * end, row), arrowprops=arrow, fontsize=8,
        va="center", ha="left" if mean < 0 else "right", color=INK,
    )  # fmt: skip


def describe_intervals() -> list[Artist]:
    """Return what a legend says of the interval that decides and of its ticks."""
    return [Line2D([], [], color=INK, linewidth=3.2, label="decides on improves, harms"), describe_bounds()]


def describe_bounds() -> Artist:
    """Return what a legend says of the ticks."""
    return Line2D(
        [], [], color=INK, marker="|", markersize=11, mew=1.3, linestyle="", label="decide on equivalent, not worse"
    )
