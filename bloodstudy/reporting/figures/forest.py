"""The estimation figure of a question: what each arm changes, block by block, in train accuracy, test accuracy and gap.

In: comparisons of one question and the styles of their arms. Out: a figure of three panels, arms on the vertical axis:
every block's paired difference and the mean with a 95 % interval. On test the interval that decides is thick, with the
one-sided bounds as ticks, and the 95 % interval for these photographs is below it; the margin is a band. Exploratory
arms are hollow; of a pilot there are points alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bloodstudy.analysis import Comparison
from bloodstudy.reporting.figures.intervals import (
    describe_intervals,
    draw_bounds,
    draw_interval,
    point_outside,
    shade_margin,
)
from bloodstudy.reporting.figures.style import INK, SHADE, Styles, fold, new_figure

Rows = Mapping[int, Comparison]  # by the place of their name on the axis
PANELS = {"train_accuracy": "train accuracy", "test_accuracy": "test accuracy", "accuracy_gap": "gap (train − test)"}
FAR = 5.0  # points that lie so many times farther out than those of other arms are cut off, where they are
FAR_POINTS = 20.0  # farther out than this, which no arm does that learnt
LEAST = 0.2  # of the longer side of the axis: how long the other one is at least
ROW_IN = 0.46
ONE_ROW = 90  # characters of a legend that fit beside each other
SHAPES = 3  # of marks that the legend shows: each arm has its own, and they mean nothing else
MARKS: tuple[dict[str, Any], ...] = (
    {"markersize": 6.5},
    {"markersize": 3, "mfc": "none"},
    {"markersize": 6.5, "mfc": "white", "mew": 1.4},
)  # of means, of single blocks, of arms that are not tested


def draw_effects(comparisons: Sequence[Comparison], styles: Styles, by_folds: bool = False) -> Figure:
    """Return the figure; an arm without a paired block keeps its row, which says what became of it."""
    names = [fold(comparison.pair.arm, 26) for comparison in comparisons]
    height = 1.25 + ROW_IN * len(names) + 0.13 * sum(name.count("\n") for name in names)
    figure = new_figure(9.6, max(1.9, height))
    draw_panels(figure, names, dict(enumerate(comparisons)), styles, "block" if by_folds else "seed")
    return figure


def draw_panels(
    figure: Figure, names: Sequence[str], rows: Rows, styles: Styles, points: str | None = None
) -> Sequence[Axes]:
    """Draw the panels with their legend and return them; `rows` says which comparison stands at which name.

    Without `points`, the word for what each of them is, means and intervals alone are drawn, and an arm without any
    leaves its row empty.
    """
    comparisons = list(rows.values())
    shown = dict(PANELS)
    for comparison in comparisons:
        shown.setdefault(comparison.response, comparison.response)
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    margin = 100 * max((comparison.pair.margin for comparison in comparisons), default=0.0)
    limits = find_limits([_reach(c, name, points is not None) for c in comparisons for name in shown], margin)
    for axes, (response, words) in zip(panels, shown.items(), strict=True):
        _draw_panel(axes, rows, response, styles, limits, points is not None)
        axes.set_title(words)
        axes.set_xlabel("difference to the reference (points)" if points else "difference (points)")
    panels[0].set_yticks(range(len(names)), names)
    for text, name in zip(panels[0].get_yticklabels(), names, strict=True):
        if "\n" in name:  # so that it stays within its row
            text.set(fontsize=7, linespacing=0.95)
    panels[0].set_ylim(len(names) - 0.45, -0.55)
    _add_legend(figure, comparisons, styles, points)
    return panels


def find_limits(reaches: Sequence[np.ndarray], margin: float) -> tuple[float, float]:
    """Return how far the axis reaches to the left and to the right of 0: over all, but not to a single arm far out.

    `reaches` are the values of each arm and response, in points, as is `margin`, whose ends are always shown.
    """
    reaches = [values for values in reaches if len(values)]
    farthest = sorted((float(np.abs(values).max()) for values in reaches), reverse=True)
    if not farthest:
        return -1.2 * margin, 1.2 * margin
    kept = farthest[0]
    for position, (far, near) in enumerate(itertools.pairwise(farthest), start=1):
        if far > max(FAR * near, FAR_POINTS) and near > 0 and position <= len(farthest) // 3:
            kept = near
    limit, values = max(1.08 * kept, 1.2 * margin), 1.08 * np.concatenate(reaches)
    # Where nothing lies on one side, enough of it stays for 0 to be seen to lie inside.
    least = max(LEAST * limit, 1.2 * margin)
    return max(-limit, min(values.min(), -least)), min(limit, max(values.max(), least))


def _reach(comparison: Comparison, response: str, points: bool) -> np.ndarray:
    """Return what the axis must reach: all points, or the mean and its interval, where they alone are drawn.

    An interval of few blocks can be several times as wide as the points lie apart; its ends count as far as these lie.
    """
    effect = comparison.effects[response]
    values = comparison.points[response].to_numpy(dtype=float)
    values = values[np.isfinite(values)]
    if not points and len(values):
        ends = np.array([effect.low, effect.mean, effect.high])
        values = np.clip(ends[np.isfinite(ends)], values.min(), values.max())
    return 100 * values


def _draw_panel(
    axes: Axes, rows: Rows, response: str, styles: Styles, limits: tuple[float, float], points: bool
) -> None:
    left, right = limits
    above, below, size = (0.16, 0.07, 7) if points else (0.1, 0.24, 5)
    for row, comparison in rows.items():
        style, effect = styles[comparison.pair.arm], comparison.effects[response]
        decides = response == comparison.response
        if decides:
            shade_margin(axes, row, comparison)
        if points:
            values = 100 * comparison.points[response].to_numpy(dtype=float)
            spread = row + 0.28 + np.linspace(-0.08, 0.08, len(values)) * (len(values) > 1)
            axes.plot(
                np.clip(values, left, right), spread, markersize=3, mfc="none", mew=0.8, alpha=0.85, **style.marks
            )
        if math.isnan(effect.mean):
            if points:
                axes.text(0, row, f" {comparison.verdict.word}", va="center", color=INK, fontsize=8)
            continue
        mean = 100 * effect.mean
        if not left <= mean <= right:
            point_outside(axes, mean, left if mean < 0 else right, row - above, style)
            continue
        last = comparison.course.last if decides else None
        draw_interval(
            axes, row - above, (effect.low, effect.high), limits, style, thick=last is not None, capped=last is None
        )
        if last is not None and last.told is not None:
            draw_bounds(axes, row - above, last.told, limits, style, size + 5)
            draw_interval(axes, row + below, comparison.these, limits, style, capped=False)
        face = style.colour if comparison.pair.tested else "white"
        axes.plot([mean], [row - above], markersize=size, mfc=face, mew=1.4, zorder=3, **style.marks)
    axes.axvline(0, color=INK, linewidth=0.9, zorder=1)
    edge = 0.03 * (right - left)
    axes.set_xlim(left - edge, right + edge)
    axes.grid(visible=False, axis="y")


def _add_legend(figure: Figure, comparisons: Sequence[Comparison], styles: Styles, points: str | None) -> None:
    shapes = list(dict.fromkeys(styles[comparison.pair.arm].marker for comparison in comparisons))[:SHAPES]
    means, single, untested = (
        tuple(Line2D([], [], color=INK, linestyle="", marker=shape, **form) for shape in shapes) for form in MARKS
    )
    handles: list[Any] = [means]
    labels = {id(means): "mean", id(single): f"one {points}, paired", id(untested): "not tested"}
    if points:
        handles.insert(0, single)
    if any(not comparison.pair.tested for comparison in comparisons):
        handles.append(untested)
    if any(comparison.course.last for comparison in comparisons):
        handles += describe_intervals()
    if any(not math.isnan(effect.low) for c in comparisons for effect in c.effects.values()):
        decides = next((c.response for c in comparisons if c.course.last), "").replace("test_accuracy", "test")
        beside = f"; {decides}: these photographs" if decides else ""
        handles.append(Line2D([], [], color=INK, linewidth=1.1, label=f"95 % interval{beside}"))
    margins = sorted({f"{100 * comparison.pair.margin:g}" for comparison in comparisons})
    band = f"margin (±{margins[0]} points)" if len(margins) == 1 else "margin"
    handles.append(Patch(color=SHADE, label=band))
    told = [labels.get(id(handle)) or str(handle.get_label()) for handle in handles]
    figure.legend(
        handles, told, handler_map={tuple: HandlerTuple(ndivide=None, pad=0.6)}, handlelength=2.6,
        loc="outside upper center", ncols=len(handles) if sum(map(len, told)) < ONE_ROW else 3, frameon=False,
    )  # fmt: skip
