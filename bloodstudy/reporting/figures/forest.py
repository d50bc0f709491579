"""The estimation figure of a question: what each arm changes, seed by seed, in train accuracy, test accuracy and gap.

In: comparisons of one question and the styles of their arms. Out: a figure of three panels, arms on the vertical axis:
every seed's paired difference, the mean with its 95 % interval, the margin as a band. Exploratory arms are hollow.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bloodstudy.analysis import Comparison
from bloodstudy.reporting.figures.style import INK, SHADE, Style, Styles, fold, new_figure

Rows = Mapping[int, Comparison]  # by the place of their name on the axis
PANELS = {"train_accuracy": "train accuracy", "test_accuracy": "test accuracy", "accuracy_gap": "gap (train − test)"}
FAR = 5.0  # points that lie so many times farther out than those of other arms are cut off, where they are
FAR_POINTS = 20.0  # farther out than this, which no arm does that learnt
LEAST = 0.2  # of the longer side of the axis: how long the other one is at least
ROW_IN = 0.46


def draw_effects(comparisons: Sequence[Comparison], styles: Styles) -> Figure:
    """Return the figure; an arm without a paired seed keeps its row, which says what became of it."""
    names = [fold(comparison.pair.arm, 26) for comparison in comparisons]
    height = 1.25 + ROW_IN * len(names) + 0.13 * sum(name.count("\n") for name in names)
    figure = new_figure(9.6, max(1.9, height))
    draw_panels(figure, names, dict(enumerate(comparisons)), styles)
    return figure


def draw_panels(figure: Figure, names: Sequence[str], rows: Rows, styles: Styles, seeds: bool = True) -> Sequence[Axes]:
    """Draw the three panels with their legend and return them; `rows` says which comparison stands at which name.

    Without `seeds`, means and intervals alone are drawn, and an arm without a paired seed leaves its row empty.
    """
    comparisons = list(rows.values())
    panels = figure.subplots(1, len(PANELS), sharey=True, squeeze=False)[0]
    margin = 100 * max((comparison.pair.margin for comparison in comparisons), default=0.0)
    limits = find_limits([_reach(c, name, seeds) for c in comparisons for name in PANELS], margin)
    for axes, (response, words) in zip(panels, PANELS.items(), strict=True):
        _draw_panel(axes, rows, response, styles, limits, seeds)
        axes.set_title(words)
        axes.set_xlabel("difference to the reference (points)" if seeds else "difference (points)")
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.45, -0.55)
    _add_legend(figure, comparisons, seeds)
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


def _reach(comparison: Comparison, response: str, seeds: bool) -> np.ndarray:
    """Return what the axis must reach: all points, or the mean and its interval, where they alone are drawn.

    An interval of few seeds can be several times as wide as the points lie apart; its ends count as far as these lie.
    """
    effect = comparison.effects[response]
    values = comparison.points[response].to_numpy(dtype=float)
    values = values[np.isfinite(values)]
    if not seeds and len(values):
        ends = np.array([effect.low, effect.mean, effect.high])
        values = np.clip(ends[np.isfinite(ends)], values.min(), values.max())
    return 100 * values


def _draw_panel(
    axes: Axes, rows: Rows, response: str, styles: Styles, limits: tuple[float, float], seeds: bool
) -> None:
    left, right = limits
    above, size = (0.12, 7) if seeds else (0.0, 5)
    for row, comparison in rows.items():
        style, effect = styles[comparison.pair.arm], comparison.effects[response]
        if response == "test_accuracy":
            margin = 100 * comparison.pair.margin
            axes.fill_betweenx([row - 0.5, row + 0.5], -margin, margin, color=SHADE, linewidth=0, zorder=0.5)
        if seeds:
            values = 100 * comparison.points[response].to_numpy(dtype=float)
            spread = row + 0.2 + np.linspace(-0.09, 0.09, len(values)) * (len(values) > 1)
            axes.plot(
                np.clip(values, left, right), spread, markersize=3, mfc="none", mew=0.8, alpha=0.85, **style.marks
            )
        if math.isnan(effect.mean):
            if seeds:
                axes.text(0, row, f" {comparison.verdict.word}", va="center", color=INK, fontsize=8)
            continue
        face = style.colour if comparison.pair.tested else "white"
        mean, low, high = 100 * effect.mean, 100 * effect.low, 100 * effect.high
        if left <= mean <= right:
            axes.hlines(row - above, max(low, left), min(high, right), color=style.colour, linewidth=2)
            for end, edge, cut, caret in ((low, left, low < left, 4), (high, right, high > right, 5)):
                # A stroke taller than the mean's mark, which would hide a short interval; a caret where it goes on.
                place, mark, tall = (edge, caret, 6) if cut else (end, "|", size + 4)
                axes.plot([place], [row - above], marker=mark, markersize=tall, color=style.colour, linestyle="")
            axes.plot([mean], [row - above], markersize=size, mfc=face, mew=1.4, zorder=3, **style.marks)
        else:
            _point_outside(axes, mean, left if mean < 0 else right, row - above, style)
    axes.axvline(0, color=INK, linewidth=0.9, zorder=1)
    edge = 0.03 * (right - left)
    axes.set_xlim(left - edge, right + edge)
    axes.grid(visible=False, axis="y")


def _point_outside(axes: Axes, mean: float, end: float, row: float, style: Style) -> None:
    """Say where a mean lies that the axis does not reach."""
    arrow = {"arrowstyle": "-|>", "color": style.colour, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
    axes.annotate(
        f"{mean:+.1f}", (end, row), xytext=(0.72 * end, row), arrowprops=arrow, fontsize=8,
        va="center", ha="left" if mean < 0 else "right", color=INK,
    )  # fmt: skip


def _add_legend(figure: Figure, comparisons: Sequence[Comparison], seeds: bool) -> None:
    handles: list[Artist] = [
        Line2D([], [], color=INK, marker="o", markersize=7, linewidth=2, label="mean, 95 % interval")
    ]
    if seeds:
        one = Line2D([], [], color=INK, marker="o", mfc="none", markersize=3, linestyle="", label="one seed, paired")
        handles.insert(0, one)
    if any(not comparison.pair.tested for comparison in comparisons):
        handles.append(
            Line2D([], [], color=INK, marker="o", mfc="white", mew=1.4, markersize=7, linestyle="", label="not tested")
        )
    margins = sorted({f"{100 * comparison.pair.margin:g}" for comparison in comparisons})
    band = f"margin (±{margins[0]} points)" if len(margins) == 1 else "margin"
    handles.append(Patch(color=SHADE, label=band))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)
