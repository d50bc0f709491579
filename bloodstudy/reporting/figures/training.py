"""Training curves, and the images of each class.

In: a sweep and the styles of its arms. Out: matplotlib figures, whatever the number of arms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bloodstudy.analysis import StudyResults
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
    row_height,
)
from bloodstudy.reporting.render.markdown import describe_lost

BAND = (0.1, 0.9)  # of the trials of an arm: what its band holds in each epoch
MAX_WRITTEN = 8  # classes whose shares are written into the matrix and above the bars
SIDES = {  # shade and hatch of the bars
    "train": (INK, ""),
    "test": ("0.7", "//"),
    "validation": ("0.5", ".."),
    "pool": (INK, ""),
}
CURVES = (  # what is fitted, what validation images say of it, in words
    ("fit_accuracy", "validation_accuracy", "accuracy"),
    ("fit_loss", "validation_loss", "loss"),
)


def draw_training(sweep: StudyResults, styles: Styles, groups: Groups) -> Figure:
    """Return accuracy and loss against the epoch, one line an arm (mean over seeds), and one of validation images.

    A row of panels holds the arms of a group, named by its title. Marks are filled for what is fitted, and hollow for
    validation.
    """
    validated = any("validation_loss" in history for history in sweep.histories.values())
    lines = max(sum(len(_legend_words(sweep, arm).splitlines()) for arm in arms) for _, arms in groups)
    figure = new_figure(9.6, 0.4 + max(2.4, 0.17 * (lines + 2 * validated) + 0.4) * len(groups))
    panels = figure.subplots(len(groups), 2, sharex=True, sharey="col", squeeze=False)
    for pair, (title, arms) in zip(panels, groups, strict=True):
        for axes, (column, validation, words) in zip(pair, CURVES, strict=True):
            for arm in arms:
                _draw_curves(axes, sweep, arm, column, styles[arm])
                _draw_curves(axes, sweep, arm, validation, styles[arm], hollow=True)
            axes.set_ylabel(words if validated else f"{words} while fitting")
            axes.xaxis.get_major_locator().set_params(integer=True)
        handles = [_legend_line(sweep, arm, styles[arm]) for arm in arms]
        if validated:
            kinds = (("while fitting", INK), ("validation images", "white"))
            handles += [
                Line2D([], [], color=INK, marker="o", markersize=4.5, mfc=face, label=kind) for kind, face in kinds
            ]
        place: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5)}
        pair[1].legend(handles=handles, title=label(title, 30), frameon=False, handlelength=3.5, **place)
    for axes in panels[-1]:
        axes.set_xlabel("epoch")
    losses = np.concatenate([history["fit_loss"].to_numpy(dtype=float) for history in sweep.histories.values()])
    losses = losses[np.isfinite(losses) & (losses > 0)]
    if len(losses) and losses.max() > 30 * losses.min():
        panels[0, 1].set_yscale("log")
    return figure


def _draw_curves(axes: Axes, sweep: StudyResults, arm: str, column: str, style: Style, hollow: bool = False) -> None:
    histories = [sweep.histories[key] for key in sweep.of(arm)["key"] if key in sweep.histories]
    known = [history.set_index("epoch")[column] for history in histories if column in history]
    if not known:
        return
    together = pd.concat(known, axis=1).replace([np.inf, -np.inf], np.nan)
    if len(known) > 1 and not hollow:
        low, high = (together.quantile(share, axis=1) for share in BAND)
        axes.fill_between(together.index, low, high, color=style.colour, alpha=0.18, linewidth=0)
    every = max(1, len(together) // 6)
    marks: dict[str, Any] = {"marker": style.marker, "markersize": 4.5, "markevery": every}
    marks |= {"mfc": "white", "linewidth": 1.0} if hollow else {"linewidth": 1.6}
    axes.plot(together.mean(axis=1), color=style.colour, linestyle=style.line, **marks)


def _legend_line(sweep: StudyResults, arm: str, style: Style) -> Line2D:
    words = _legend_words(sweep, arm)
    return Line2D([], [], color=style.colour, linestyle=style.line, marker=style.marker, markersize=4.5, label=words)


def _legend_words(sweep: StudyResults, arm: str) -> str:
    lost = describe_lost(sweep.of(arm))
    return fold(arm, 30) + (f"\n({lost})" if lost else "")


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
