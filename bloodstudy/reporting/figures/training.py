"""The other figures: training curves, confusion matrices, class frequencies.

In: a sweep and the styles of its arms. Out: matplotlib figures, whatever the number of arms.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bloodstudy.analysis import ArmSummary, StudyResults, summarise_arms
from bloodstudy.reporting.figures.style import (
    INK,
    MANY,
    Groups,
    Style,
    Styles,
    fold,
    label,
    label_all,
    name_classes,
    new_figure,
    new_grid,
    row_height,
)
from bloodstudy.reporting.render.markdown import describe_lost

MAX_MATRICES = 9
CLEAR_SEEDS = 20  # whose training curves can be told from their mean at full strength
MAX_WRITTEN = 8  # classes whose shares are written into the matrix and above the bars
OTHERS = "the other {}"  # classes of a matrix that has many
SIDES = {"train": (INK, ""), "test": ("0.7", "//"), "validation": ("0.5", "..")}  # shade and hatch of the bars
CURVES = (("fit_accuracy", "accuracy while fitting"), ("fit_loss", "loss while fitting"))


def draw_training(sweep: StudyResults, styles: Styles, groups: Groups) -> Figure:
    """Return accuracy and loss against the epoch, one line an arm (mean over seeds).

    A row of panels holds the arms of a group, named by its title.
    """
    figure = new_figure(9.6, 0.4 + 2.4 * len(groups))
    panels = figure.subplots(len(groups), 2, sharex=True, sharey="col", squeeze=False)
    for pair, (title, arms) in zip(panels, groups, strict=True):
        for axes, (column, words) in zip(pair, CURVES, strict=True):
            for arm in arms:
                _draw_curves(axes, sweep, arm, column, styles[arm])
            axes.set_ylabel(words)
            axes.xaxis.get_major_locator().set_params(integer=True)
        handles = [_legend_line(sweep, arm, styles[arm]) for arm in arms]
        place: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5)}
        pair[1].legend(handles=handles, title=label(title, 30), frameon=False, handlelength=3.5, **place)
    for axes in panels[-1]:
        axes.set_xlabel("epoch")
    losses = np.concatenate([history["fit_loss"].to_numpy(dtype=float) for history in sweep.histories.values()])
    losses = losses[np.isfinite(losses) & (losses > 0)]
    if len(losses) and losses.max() > 30 * losses.min():
        panels[0, 1].set_yscale("log")
    return figure


def _draw_curves(axes: Axes, sweep: StudyResults, arm: str, column: str, style: Style) -> None:
    known = [sweep.histories[key].set_index("epoch")[column] for key in sweep.of(arm)["key"] if key in sweep.histories]
    if not known:
        return
    together = pd.concat(known, axis=1).replace([np.inf, -np.inf], np.nan)
    if len(known) > 1:
        faint = 0.5 * min(1.0, CLEAR_SEEDS / len(known))  # many seeds fade together, or they hide the means
        axes.plot(together, color=style.colour, linewidth=0.6, alpha=faint)
    every = max(1, len(together) // 6)
    marks = {"marker": style.marker, "markersize": 4.5, "markevery": every}
    axes.plot(together.mean(axis=1), color=style.colour, linestyle=style.line, linewidth=1.6, **marks)


def _legend_line(sweep: StudyResults, arm: str, style: Style) -> Line2D:
    lost = describe_lost(sweep.of(arm))
    words = fold(arm, 30) + (f"\n({lost})" if lost else "")
    return Line2D([], [], color=style.colour, linestyle=style.line, marker=style.marker, markersize=4.5, label=words)


def list_tested(sweep: StudyResults) -> list[ArmSummary]:
    """Return the arms that have test predictions."""
    return [arm for arm in summarise_arms(sweep) if sweep.examined(arm.name)]


def choose_matrices(sweep: StudyResults, first: str | None = None) -> list[str]:
    """Return the arms whose confusions are drawn: all, or `first` and those with the highest and lowest accuracies."""
    shown = list_tested(sweep)
    if len(shown) > MAX_MATRICES:
        always = [arm for arm in shown if arm.name == first]
        ranked = sorted((arm for arm in shown if arm.name != first), key=lambda arm: -arm.test)
        most = MAX_MATRICES - len(always)
        highest = math.ceil(most / 2)
        kept = [*always, *ranked[:highest], *ranked[highest - most :]]
        shown = [arm for arm in shown if arm in kept]
    return [arm.name for arm in shown]


def draw_confusions(sweep: StudyResults, arms: list[str]) -> Figure:
    """Return one matrix an arm: share of each true class, with counts, summed over seeds.

    Of more than MANY classes, those that all arms together confuse most are drawn, and the others as one.
    """
    means = {arm.name: arm.test for arm in summarise_arms(sweep)}
    summed = {arm: sum_confusions([examined.confusion for examined in sweep.examined(arm)]) for arm in arms}
    kept = choose_classes(sum_confusions(summed.values()))
    columns = min(len(arms), 2 if len(arms) in (2, 4) else 3)
    figure, panels = new_grid(len(arms), columns, 1.2 + 2.9 * columns, 3.0, head_in=0.5)
    for position, (axes, arm) in enumerate(zip(panels, arms, strict=True)):
        shown = join_classes(summed[arm], kept)
        _draw_matrix(axes, shown.to_numpy(), list(shown.columns))
        axes.set_title(f"{fold(arm, 34)}\ntest {means[arm]:.3f}")
        if position % columns:
            axes.set_yticklabels([])
    figure.supxlabel("predicted class", fontsize=9)
    figure.supylabel("true class", fontsize=9)
    return figure


def sum_confusions(confusions: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return the sum of confusions (rows: true class, columns: predicted) of the same classes."""
    first, *others = confusions
    return pd.DataFrame(sum((other.to_numpy() for other in others), first.to_numpy()), first.index, first.columns)


def choose_classes(confusion: pd.DataFrame) -> list[str]:
    """Return all classes, or of many the most confused: by how often they are taken for others, and others for them."""
    names = list(confusion.columns)
    if len(names) <= MANY:
        return names
    counts = confusion.to_numpy()
    wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    kept = np.sort(np.argsort(-wrong, kind="stable")[: MANY - 1])
    return [names[place] for place in kept]


def join_classes(confusion: pd.DataFrame, kept: list[str]) -> pd.DataFrame:
    """Return the confusion of the classes that are kept, all others joined to one in the last row and column."""
    others = [name for name in confusion.columns if name not in kept]
    if not others:
        return confusion
    order = pd.Index([*kept, OTHERS.format(len(others))])
    group = [kept.index(name) if name in kept else len(kept) for name in confusion.columns]
    counts = np.zeros((len(order), len(order)), dtype=int)
    np.add.at(counts, np.ix_(group, group), confusion.to_numpy())
    return pd.DataFrame(counts, order, order)


def _draw_matrix(axes: Axes, counts: np.ndarray, classes: list[str]) -> None:
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(classes) <= MAX_WRITTEN:
        for (row, column), share in np.ndenumerate(shares):
            text = f"{100 * share:.0f} %\n{counts[row, column]}"
            colour = "white" if share > 0.55 else "0.1"
            size = 8 if len(classes) <= 4 else 6
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)
    names, places = label_all(classes, 14), range(len(classes))
    turn = 35 if len(classes) <= MAX_WRITTEN else 60
    axes.set_xticks(places, names, rotation=turn, ha="right", rotation_mode="anchor", fontsize=7.5)
    axes.set_yticks(places, names, fontsize=7.5)
    axes.grid(visible=False)


def draw_classes(counts: list[tuple[str, pd.DataFrame]]) -> Figure:
    """Return the images of each class (rows of a frame) by split (its columns), a panel for each data set."""
    most = max(len(frame) for _, frame in counts)
    many = most > MANY
    figure = new_figure(6.4, 0.4 + (0.6 + row_height(most) * most if many else 2.6) * len(counts))
    panels = figure.subplots(len(counts), 1, squeeze=False)
    for axes, (title, frame) in zip(panels.flat, counts, strict=True):
        names = label_all(frame.index)
        places = frame.set_axis(range(len(names))).rename_axis("place").reset_index()  # two names may shorten to one
        tidy = places.melt("place", var_name="split", value_name="n")
        shades = {split: SIDES[split][0] for split in frame.columns}
        where: dict[str, Any] = {"x": "n", "y": "place", "orient": "h"} if many else {"x": "place", "y": "n"}
        sns.barplot(tidy, **where, hue="split", palette=shades, saturation=1, ax=axes)
        for bars, split in zip(axes.containers, frame.columns, strict=True):
            for bar in bars:
                bar.set(hatch=SIDES[split][1], edgecolor="white")
            if len(names) <= MAX_WRITTEN:
                axes.bar_label(bars, fmt="{:,.0f}", fontsize=8)
        words = ("images", "") if many else ("", "images")
        axes.set(xlabel=words[0], ylabel=words[1], title=label(title, 96) if len(counts) > 1 else "")
        name_classes(axes, names)
        axes.margins(**{"x" if many else "y": 0.12})
        axes.legend(axes.containers, frame.columns, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return figure
