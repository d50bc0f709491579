"""How the interval that decides shrank, look by look.

In: an analysed study in which several looks were held. Out: a figure with a row an arm and in it a line a look, the
earliest one on top and palest: the interval, the one-sided bounds as ticks, the mean. A closed arm gets no more lines.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bloodstudy.analysis import Comparison, Step, StudyAnalysis, name_pair
from bloodstudy.reporting.figures.forest import find_limits
from bloodstudy.reporting.figures.intervals import (
    describe_bounds,
    draw_bounds,
    draw_interval,
    point_outside,
    shade_margin,
)
from bloodstudy.reporting.figures.style import INK, SHADE, Styles, fold, new_figure
from bloodstudy.reporting.render.markdown import plural
from bloodstudy.reporting.sections.verdicts import name_verdict

PALEST = 0.35
LINE_IN = 0.13
ROOM = 1.6  # times the intervals of the last looks: how far the axis reaches; those of first looks may be cut


def can_shrink(analysis: StudyAnalysis) -> bool:
    """Tell whether there is something to see: several looks were held."""
    return analysis.held > 1 and bool(list_shrinking(analysis))


def list_shrinking(analysis: StudyAnalysis) -> list[Comparison]:
    """Return the arms of which a look told something."""
    return [c for c in analysis.comparisons if c.seeds and any(step.told for step in c.course.steps)]


def draw_looks(analysis: StudyAnalysis, styles: Styles) -> Figure:
    """Return the figure; the verdict stands to the right of each row."""
    shown, held = list_shrinking(analysis), analysis.held
    pairs = [comparison.pair for comparison in shown]
    names = [fold(name_pair(pair, pairs), 30) for pair in pairs]
    figure = new_figure(9.0, 1.3 + (0.14 + LINE_IN * held) * len(names))
    axes = figure.subplots()
    margin = 100 * max(comparison.pair.margin for comparison in shown)
    limits = find_limits([_reach(comparison) for comparison in shown], margin)
    for row, comparison in enumerate(shown):
        shade_margin(axes, row, comparison)
        for step in comparison.course.steps:
            _draw_step(axes, row, comparison, step, held, limits, styles)
        place: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "color": INK, "fontsize": 8.5}
        axes.text(1.02, row, _describe_end(comparison), va="center", **place)
    axes.axvline(0, color=INK, linewidth=0.9, zorder=1)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    for row in range(1, len(names)):
        axes.axhline(row - 0.5, color="white", linewidth=1.6, zorder=0.8)
    edge = 0.03 * (limits[1] - limits[0])
    axes.set_xlim(limits[0] - edge, limits[1] + edge)
    axes.set_xlabel(f"difference to the reference in {analysis.sweep.plan.response_words} (points)")
    axes.grid(visible=False, axis="y")
    handles = [*_describe_shades(analysis), describe_bounds(), Patch(color=SHADE, label="margin")]
    figure.legend(handles=handles, loc="outside upper center", ncols=min(4, len(handles)), frameon=False)
    return figure


def _reach(comparison: Comparison) -> np.ndarray:
    told = [step.told for step in comparison.course.steps if step.told]
    means = [100 * (look.low + look.high) / 2 for look in told]
    half = ROOM * 100 * (told[-1].high - told[-1].low) / 2
    return np.array([*means, means[-1] - half, means[-1] + half])


def _draw_step(
    axes: Axes, row: int, comparison: Comparison, step: Step, held: int, limits: tuple[float, float], styles: Styles
) -> None:
    if step.told is None or step.effect is None:
        return
    style, place = styles[comparison.pair.arm], row + _place(step.look, held)
    alpha = _shade(step.look, held)
    draw_interval(axes, place, (step.told.low, step.told.high), limits, style, thick=True, capped=False, alpha=alpha)
    draw_bounds(axes, place, step.told, limits, style, 6, alpha)
    mean = 100 * step.effect.effect
    if limits[0] <= mean <= limits[1]:
        axes.plot([mean], [place], markersize=4, alpha=alpha, zorder=3, **style.marks)
    elif step is comparison.course.last:
        point_outside(axes, mean, limits[0] if mean < 0 else limits[1], place, style)


def _place(look: int, held: int) -> float:
    return 0.72 * ((look - 0.5) / held - 0.5)


def _shade(look: int, held: int) -> float:
    return PALEST + (1 - PALEST) * (look - 1) / (held - 1)


def _describe_shades(analysis: StudyAnalysis) -> list[Artist]:
    noun = "repetition" if analysis.by_folds else "seed"
    return [
        Line2D([], [], color=INK, alpha=_shade(look, analysis.held), marker="o", markersize=4, linewidth=3.2,
               label=f"look {look} ({plural(repetitions, noun)})")
        for look, repetitions in enumerate(analysis.looks[: analysis.held], start=1)
    ]  # fmt: skip


def _describe_end(comparison: Comparison) -> str:
    verdict = comparison.verdict
    return name_verdict(verdict, partial=False) + (f" (look {verdict.look})" if verdict.final and verdict.look else "")


def describe_looks(analysis: StudyAnalysis) -> str:
    """Return the alternative text of the figure."""
    shown = list_shrinking(analysis)
    pairs = [comparison.pair for comparison in shown]
    ends = "; ".join(f"{name_pair(own.pair, pairs)} {_describe_end(own)}" for own in shown)
    return f"How the interval of each tested arm shrank over {analysis.held} looks. At the end: {ends}"
