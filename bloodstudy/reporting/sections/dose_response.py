"""Dose and response: train and test accuracy over the ordered levels of a numeric factor.

In: an analysed question about one factor. Out: a `Dose` if its levels are numbers, or names that an extension has
declared to be ordered, and its figure: accuracies on the
left, as in the effects classes weighing alike and without dead trials; the effect on test accuracy with the interval
that decides on the right. A learning rate stands on a log axis.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bloodstudy.analysis import Comparison, StudyAnalysis
from bloodstudy.analysis.comparisons.validity import look_at_training
from bloodstudy.config.factors import level_in
from bloodstudy.reporting.figures.accuracy import Scale, place_levels
from bloodstudy.reporting.figures.levels import collect_accuracies
from bloodstudy.reporting.figures.style import INK, SHADE, Styles, label, new_figure
from bloodstudy.reporting.render.markdown import describe_lost
from bloodstudy.study.arms import spell
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.planned import PlannedQuestion

MIN_LEVELS = 3  # levels that make a curve
UPRIGHT = 7  # levels whose names and notes have room side by side


@dataclass(frozen=True, eq=False)
class Dose:
    """The arms of a question in the order of their levels."""

    factor: str
    scale: Scale
    levels: tuple[Any, ...]  # rising
    arms: tuple[str, ...]
    comparisons: tuple[Comparison | None, ...]  # None: the reference


def find_dose(question: PlannedQuestion, analysis: StudyAnalysis) -> Dose | None:
    """Return the arms of `question` by their level; None if these have no order, or are fewer than three."""
    factor, sweep, levels = question.factor, analysis.sweep, {}
    for arm in [question.reference, *question.arms]:
        own, base = sweep.levels_of(arm), sweep.levels_of(question.reference)
        other_levels = {key for key in {*own, *base} - {factor} if own.get(key) != base.get(key)}
        result = sweep.result_of(arm)
        level = level_in(result.factors, factor, sweep.plan.neutral) if factor and result else None
        if level is not None and not other_levels:
            levels[arm] = level
    if factor is None or len(set(map(str, levels.values()))) < MIN_LEVELS:
        return None
    named = {one.name: one.levels.levels for own in sweep.plan.own for one in own.factors if one.ordered}
    order = list(named.get(factor, ()))
    arms = sorted(levels, key=lambda arm: order.index(levels[arm]) if order else 0)
    scale = place_levels(factor, [levels[arm] for arm in arms])
    if not order and scale.ordered:
        arms = sorted(levels, key=levels.__getitem__)
        scale = place_levels(factor, [levels[arm] for arm in arms])
    elif not order:
        return None
    rising, compared = [levels[arm] for arm in arms], [analysis.find(arm, question.reference) for arm in arms]
    return Dose(factor, replace(scale, ordered=True), tuple(rising), tuple(arms), tuple(compared))


def draw_dose(dose: Dose, analysis: StudyAnalysis, styles: Styles) -> Figure:
    """Return the figure."""
    figure = new_figure(9.6, 3.4)
    left, right = figure.subplots(1, 2)
    chance = {arm: look_at_training(analysis.sweep, arm, analysis.sweep.seeds).chance for arm in dose.arms}
    crowded = len(dose.arms) > UPRIGHT
    lost = [_describe_lost(analysis.sweep.of(arm), chance[arm], 0 if crowded else 10) for arm in dose.arms]
    _draw_accuracies(left, dose, styles)
    _draw_effects(right, dose, styles)
    beside = " ({})" if crowded else "\n{}"
    notes = [beside.format(note) if note else "" for note in lost]
    names = [label(spell(x), 12) + note for x, note in zip(dose.levels, notes, strict=True)]
    for axes in (left, right):
        if dose.scale.logarithmic:
            axes.set_xscale("log")
        axes.set_xlim(*dose.scale.ends)
        axes.set_xticks(dose.scale.positions, names)
        if crowded:
            axes.tick_params("x", labelrotation=35)
            for text in axes.get_xticklabels():
                text.set(ha="right", rotation_mode="anchor")
        axes.set_xticks([], minor=True)
        axes.set_xlabel(dose.scale.words)
        axes.grid(visible=False, axis="x")
    marks: dict[str, Any] = {"color": INK, "marker": "o"}
    handles = [
        Line2D([], [], **marks, markersize=6.5, linestyle="-", label="train, mean"),
        Line2D([], [], **marks, markersize=8, linestyle="--", mfc="none", label="test, mean"),
        Line2D(
            [],
            [],
            **marks,
            markersize=3,
            linestyle="",
            mfc="none",
            label="one block" if analysis.by_folds else "one seed",
        ),
        Line2D([], [], color=INK, linestyle=":", label="reference"),
        Patch(color=SHADE, label="margin"),
    ]
    if any(comparison and comparison.course.last for comparison in dose.comparisons):
        handles.insert(4, Line2D([], [], color=INK, linewidth=3.2, label="decides on improves, harms"))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)
    return figure


def _describe_lost(trials: pd.DataFrame, chance: Sequence[int], most: int) -> str:
    """Return what became of those trials that say nothing here, in lines of `most` characters; 0: in one line.

    One that is still to be trained is none of them: how far the study has come stands on the page.
    """
    ended = trials.loc[trials["outcome"] != Outcome.MISSING]
    notes = [note for note in (describe_lost(ended), f"{len(chance)} at chance" if chance else "") if note]
    return "\n".join(textwrap.fill(note, most) for note in notes) if most else ", ".join(notes)


def _draw_accuracies(axes: Axes, dose: Dose, styles: Styles) -> None:
    means: dict[str, list[float]] = {"train_accuracy": [], "test_accuracy": []}
    accuracies = collect_accuracies([comparison for comparison in dose.comparisons if comparison])
    for x, arm in zip(dose.scale.positions, dose.arms, strict=True):
        style = styles[arm]
        for name, values in means.items():
            every = 100 * accuracies[arm][name].to_numpy(dtype=float)
            face, size = (style.colour, 6.5) if name == "train_accuracy" else ("none", 8)
            axes.plot([_beside(x, dose)] * len(every), every, markersize=3, alpha=0.7, mfc=face, **style.marks)
            values.append(float(every.mean()) if len(every) else np.nan)
            axes.plot([x], [values[-1]], markersize=size, mew=1.5, zorder=3, mfc=face, **style.marks)
    for (_, values), line in zip(means.items(), ("-", "--"), strict=True):
        axes.plot(dose.scale.positions, values, color=INK, linewidth=1, linestyle=line, zorder=1)
    axes.set(ylabel="accuracy (%), classes weighing alike", title="train and test accuracy")


def _beside(x: float, dose: Dose) -> float:
    """Return where the single seeds of a level stand, so that they do not hide their mean."""
    low, high = min(dose.scale.positions), max(dose.scale.positions)
    return x / (high / low) ** 0.025 if dose.scale.logarithmic else x - 0.025 * (high - low)


def _draw_effects(axes: Axes, dose: Dose, styles: Styles) -> None:
    margin = next((100 * c.pair.margin for c in dose.comparisons if c), 0.0)
    axes.axhspan(-margin, margin, color=SHADE, linewidth=0, zorder=0.5)
    axes.axhline(0, color=INK, linewidth=0.9, zorder=1)
    for x, arm, comparison in zip(dose.scale.positions, dose.arms, dose.comparisons, strict=True):
        style = styles[arm]
        if comparison is None:
            axes.axvline(x, color=INK, linestyle=":", linewidth=1.2, zorder=1)
        elif comparison.seeds:
            points, effect = 100 * comparison.points[comparison.response].to_numpy(dtype=float), comparison.test
            face = style.colour if comparison.pair.tested else "white"
            axes.plot([_beside(x, dose)] * len(points), points, markersize=3, mfc="none", alpha=0.7, **style.marks)
            width = 3.2 if comparison.course.last else 1.1
            axes.vlines(x, 100 * effect.low, 100 * effect.high, color=style.colour, linewidth=width)
            axes.plot([x], [100 * effect.mean], markersize=7, mew=1.4, mfc=face, zorder=3, **style.marks)
    response = next((c.response for c in dose.comparisons if c), "test_accuracy").replace(
        "test_accuracy", "test accuracy"
    )
    axes.set(ylabel="difference (points)", title=f"effect on {response}")
