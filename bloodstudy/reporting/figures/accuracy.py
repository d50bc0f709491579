"""The figure of train and test accuracy against the swept factors, the gap shaded.

In: a sweep. Out: a figure: the first factor on the horizontal axis, one panel for each combination of the others. Each
seed is a small point, the mean over seeds a large one; filled is train, hollow is test.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bloodstudy.analysis import ArmSummary, StudyResults, summarise_arms
from bloodstudy.reporting.figures.style import INK, SHADE, Style, Styles, label, new_grid
from bloodstudy.reporting.render.markdown import describe_lost
from bloodstudy.study.arms import spell

MAX_COLUMNS = 4
CLOSE = 0.05  # levels nearer than this share of the axis would print over each other


@dataclass(frozen=True)
class Scale:
    """Where the levels of a factor stand on the horizontal axis."""

    positions: list[float]
    words: str
    ordered: bool = False  # numbers: neighbours may be joined
    logarithmic: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the axis, levels without a result included."""
        low, high = min(self.positions), max(self.positions)
        if not self.ordered or low == high:
            return low - 0.6, high + 0.6
        if self.logarithmic:
            pad = (high / low) ** 0.06
            return low / pad, high * pad
        return low - 0.06 * (high - low), high + 0.06 * (high - low)


def place_levels(key: str, levels: list[Any]) -> Scale:
    """Return the scale of a factor: even for names, by value for numbers, logarithmic where they span a decade."""
    if not all(isinstance(level, int | float) and not isinstance(level, bool) for level in levels):
        return Scale([float(i) for i in range(len(levels))], key)
    ordered = sorted(levels)
    logarithmic = len(levels) > 1 and ordered[0] > 0 and (key == "lr" or ordered[-1] / ordered[0] >= 10)
    scaled = [math.log(level) for level in ordered] if logarithmic else ordered
    if min((b - a for a, b in itertools.pairwise(scaled)), default=1) < CLOSE * (scaled[-1] - scaled[0]):
        return Scale([float(ordered.index(level)) for level in levels], f"{key} (evenly spaced)", ordered=True)
    words = f"{key} (log scale)" if logarithmic else key
    return Scale([float(level) for level in levels], words, ordered=True, logarithmic=logarithmic)


def draw_accuracy(sweep: StudyResults, styles: Styles) -> Figure:
    """Return the figure; needs at least one finished trial."""
    arms = summarise_arms(sweep)
    first, *others = sweep.factors or [""]
    combinations = list(itertools.product(*(sweep.plan.swept[key] for key in others)))
    columns = min(MAX_COLUMNS, len(sweep.plan.swept[others[-1]])) if others else 1
    width = 6.4 if columns == 1 else min(10.0, 2.6 + 2.6 * columns)
    row = 2.3 if len(combinations) > columns else 3.0
    figure, panels = new_grid(len(combinations), columns, width, row, head_in=0.9, sharey=True)
    for position, (axes, combination) in enumerate(zip(panels, combinations, strict=True)):
        shared = dict(zip(others, combination, strict=True))
        here = [arm for arm in arms if all(sweep.levels[arm.name][key] == level for key, level in shared.items())]
        _draw_panel(axes, sweep, first, here, styles)
        if position + columns < len(combinations):
            axes.set_xlabel("")
        axes.set_title("\n".join(label(f"{key}={spell(level)}", 34) for key, level in shared.items()))
        axes.set_ylabel("accuracy" if position % columns == 0 else "")
    shares = {arm.largest for arm in arms if arm.finished}
    lowest = min(value for arm in arms if arm.finished for value in (arm.test_low, arm.train, arm.largest))
    panels[0].set_ylim(max(-0.03, math.floor(lowest * 10) / 10 - 0.1), 1.03)
    _add_legend(figure, len(sweep.seeds) > 1, min(shares) if len(shares) == 1 else None)
    return figure


def _draw_panel(axes: Axes, sweep: StudyResults, first: str, arms: list[ArmSummary], styles: Styles) -> None:
    levels = list(sweep.plan.swept[first]) if first else ["all seeds"]
    scale = place_levels(first, levels)
    places = {arm.name: scale.positions[levels.index(sweep.levels[arm.name][first]) if first else 0] for arm in arms}
    arms = sorted(arms, key=lambda arm: places[arm.name])
    x, train, test = [places[arm.name] for arm in arms], [arm.train for arm in arms], [arm.test for arm in arms]
    if scale.logarithmic:
        axes.set_xscale("log")
    axes.set_xlim(*scale.ends)  # before the rest: of a single arm matplotlib would make a log axis without width
    axes.vlines(x, test, train, color=SHADE, linewidth=4 if scale.ordered else 14)
    if scale.ordered:
        axes.fill_between(x, test, train, color=SHADE, linewidth=0)
        axes.plot(x, train, color=INK, linewidth=1)
        axes.plot(x, test, color=INK, linewidth=1, linestyle="--")
    if len({arm.largest for arm in arms if arm.finished}) == 1:
        axes.axhline(next(arm.largest for arm in arms if arm.finished), color=INK, linestyle=":", linewidth=1.2)
    else:  # tested on different images
        axes.plot(x, [arm.largest for arm in arms], color=INK, linestyle="", marker="_", markersize=24)
    for arm in arms:
        _draw_arm(axes, sweep.of(arm.name, "finished"), arm, places[arm.name], styles[arm.name])
    lost = {places[arm.name]: describe_lost(sweep.of(arm.name)) for arm in arms}
    _name_levels(axes, scale, [label(spell(level), 18) for level in levels], [lost[at] for at in scale.positions])
    axes.grid(visible=False, axis="x")


def _draw_arm(axes: Axes, done: pd.DataFrame, arm: ArmSummary, x: float, style: Style) -> None:
    for name, mean, face, size in (("train", arm.train, style.colour, 6.5), ("test", arm.test, "none", 9.5)):
        if arm.planned > 1:
            values = done[f"{name}_accuracy"].to_numpy(dtype=float)
            axes.plot([x] * len(values), values, markersize=size / 2, mfc=face, **style.marks)
        axes.plot([x], [mean], markersize=size, mew=1.5, mfc=face, **style.marks)  # two sizes: neither hides the other


def _name_levels(axes: Axes, scale: Scale, names: list[str], notes: list[str]) -> None:
    """Write the levels under the axis, with what became of those that did not finish."""
    spec = axes.get_subplotspec()
    room = 90 / max(1.0, 0.8 * (spec.get_gridspec().ncols if spec else 1))  # characters
    pairs = list(zip(names, notes, strict=True))
    if sum(max(len(name), len(note)) + 3 for name, note in pairs) < room:
        axes.set_xticks(scale.positions, ["\n".join(filter(None, pair)) for pair in pairs])
    else:
        texts = [f"{name} ({note})" if note else name for name, note in pairs]
        axes.set_xticks(scale.positions, texts, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_xticks([], minor=True)
    axes.set_xlabel(scale.words)


def _add_legend(figure: Figure, seeds: bool, largest: float | None) -> None:
    marks: dict[str, Any] = {"color": INK, "marker": "o", "linewidth": 1}
    mean = ", mean" if seeds else ""
    handles = [
        Line2D([], [], **marks, markersize=6.5, linestyle="-", label=f"train{mean}"),
        Line2D([], [], **marks, markersize=8, linestyle="--", mfc="none", label=f"test{mean}"),
        Patch(color=SHADE, label="gap (train − test)"),
    ]
    words = "always the largest class"
    if largest is None:
        handles.append(Line2D([], [], color=INK, marker="_", markersize=16, linestyle="", label=words))
    else:
        handles.append(Line2D([], [], color=INK, linestyle=":", label=f"{words} {largest:.3f}"))
    if seeds:
        handles.insert(2, Line2D([], [], **marks, markersize=3.5, linestyle="", label="one seed"))
    figure.legend(handles=handles, loc="outside upper center", ncols=3 if seeds else 4, frameon=False)
