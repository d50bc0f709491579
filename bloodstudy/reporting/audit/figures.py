"""The figures of an audit: what leaks, what the test is worth, how bright the images are.

In: findings, and brightness by image. Out: matplotlib figures with one row or one group a class, readable in greyscale.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from bloodstudy.data.quality.findings import Findings
from bloodstudy.reporting.figures.style import INK, MANY, label, label_all, name_classes, new_figure, row_height

LEAKS, CLEAN = "#c1272d", "0.88"  # dark and pale in greyscale too
SIDES = {"train": "0.62", "validation": "0.78", "test": "0.93"}


def draw_leak(panels: list[tuple[str, Findings]]) -> Figure:
    """Return the share of test images that training knows, a panel for each split, a bar for each class."""
    rows = len(panels[0][1].leaking)
    figure = new_figure(5.6 if len(panels) == 1 else 7.4, 0.9 + row_height(rows) * rows)
    axes_of = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (title, findings) in zip(axes_of, panels, strict=True):
        table = findings.leaking
        known, places = table["share"].astype(float).fillna(0).to_numpy(), np.arange(len(table))
        axes.barh(places, known, color=LEAKS, edgecolor="white", height=0.7, label="in training too")
        axes.barh(places, 1 - known, left=known, color=CLEAN, edgecolor="white", height=0.7, label="in the test alone")
        for place, part, whole in zip(places, table["any"].fillna(0), table["images"], strict=True):
            inside = part > 0.5 * whole
            words = f"{part:,} of {whole:,}"
            spot = part / whole if whole else 0
            shift, colour, side = (-0.02, "white", "right") if inside else (0.02, "0.1", "left")
            axes.text(spot + shift, place, words, ha=side, va="center", fontsize=8, color=colour)
        axes.set_yticks(places, label_all(table["class"]))
        axes.set(xlim=(0, 1), title=label(title, 40))
        axes.set_xticks([0, 0.5, 1])
        axes.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        axes.grid(visible=False, axis="y")
    if rows > MANY:
        axes_of[0].set_ylim(-0.8, rows - 0.2)
    axes_of[0].invert_yaxis()  # once: the panels share it
    figure.supxlabel("share of test images", fontsize=9)
    handles, names = axes_of[0].get_legend_handles_labels()
    words = [f"their scene stands {name}" for name in names]
    figure.legend(handles, words, loc="outside upper center", ncols=2, frameon=False)
    return figure


def draw_worth(effective: pd.DataFrame, unit: str) -> Figure:
    """Return, for each class, how many test images there are and how many independent ones they are worth."""
    figure = new_figure(6.8, 1.0 + row_height(len(effective)) * len(effective))
    axes = figure.subplots()
    places = np.arange(len(effective))
    images, worth = (effective[name].to_numpy(dtype=float) for name in ("images", "effective"))
    axes.hlines(places, worth, images, color="0.75", linewidth=2, zorder=1)
    axes.plot(images, places, "o", mfc="white", mec=INK, mew=1.5, markersize=10, label="test images")
    axes.plot(worth, places, "D", color=LEAKS, markersize=6, label=f"independent ones they are worth, by {unit}")
    for place, many, few in zip(places, images, worth, strict=True):
        axes.annotate(f"{many:,.0f}", (many, place), (9, 0), textcoords="offset points", va="center", fontsize=8)
        axes.annotate(
            f"{few:.3g}", (few, place), (-9, 0), textcoords="offset points", va="center", ha="right", fontsize=8
        )
    axes.set_yticks(places, label_all(effective["class"]))
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set(xlim=(max(0.4, np.nanmin(worth) / 3), images.max() * 3), xlabel="number (log scale)")
    axes.set_ylim(len(effective) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def draw_brightness(measured: pd.DataFrame, classes: tuple[str, ...], sides: tuple[str, ...]) -> Figure:
    """Return the spread of the images' brightness by class and split: middle, quartiles, 5th and 95th percentile."""
    many = len(classes) > MANY
    size = (6.8, 1 + row_height(len(classes)) * len(classes)) if many else (max(6.8, 1.5 + 0.9 * len(classes)), 3.4)
    figure = new_figure(*size)
    axes = figure.subplots()
    width = 0.7 / len(sides)
    for k, side in enumerate(sides):
        of_side = measured[(measured["split"] == side) & measured["brightness"].notna()]
        values = [of_side.loc[of_side["class"] == name, "brightness"].to_numpy() for name in classes]
        places = np.arange(len(classes)) + (k - (len(sides) - 1) / 2) * width
        ink = {"color": "0.1", "linewidth": 1}
        boxes = axes.boxplot(
            values, positions=places, widths=0.85 * width, whis=(5, 95), showfliers=False, manage_ticks=False,
            orientation="horizontal" if many else "vertical", patch_artist=True,
            boxprops={"facecolor": SIDES[side], "edgecolor": "0.1", "linewidth": 1},
            medianprops={"color": "0.1", "linewidth": 1 if many else 2.5}, whiskerprops=ink, capprops=ink,
        )  # fmt: skip
        boxes["boxes"][0].set_label(side)
    name_classes(axes, label_all(classes))
    axes.set(**{"xlabel" if many else "ylabel": "brightness of an image (0 to 255)"})
    axes.grid(visible=False, axis="y" if many else "x")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return figure
