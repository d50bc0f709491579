"""Confusion matrices of the test set.

In: a sweep. Out: which arms and classes are drawn, and the figure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bloodstudy.analysis import ArmSummary, StudyResults, summarise_arms
from bloodstudy.reporting.figures.style import MANY, fold, label_all, new_grid

MAX_MATRICES = 24
FEW = 9  # matrices that have room for the numbers of images
MAX_WRITTEN = 8  # classes whose shares are written into the matrix
OTHERS = "the other {}"  # classes of a matrix that has many


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
    """Return one matrix an arm: share of each true class in per cent, of FEW arms with counts, summed over seeds.

    Of more than MANY classes, those that all arms together confuse most are drawn, and the others as one.
    """
    means = {arm.name: arm.test for arm in summarise_arms(sweep)}
    summed = {arm: sum_confusions([examined.confusion for examined in sweep.examined(arm)]) for arm in arms}
    kept = choose_classes(sum_confusions(summed.values()))
    few = len(arms) <= FEW
    columns = min(len(arms), 2 if len(arms) in (2, 4) else 3) if few else 4
    figure, panels = new_grid(
        len(arms), columns, 1.2 + (2.9 if few else 2.2) * columns, 3.0 if few else 2.3, head_in=0.5
    )
    for position, (axes, arm) in enumerate(zip(panels, arms, strict=True)):
        shown = join_classes(summed[arm], kept)
        _draw_matrix(axes, shown.to_numpy(), list(shown.columns), counted=few)
        axes.set_title(f"{fold(arm, 34 if few else 26)}\ntest {means[arm]:.3f}")
        if position % columns:
            axes.set_yticklabels([])
        if not few and position + columns < len(arms):
            axes.set_xticklabels([])
    figure.supxlabel("predicted class (test: share of all test images that are right)", fontsize=9)
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


def _draw_matrix(axes: Axes, counts: np.ndarray, classes: list[str], counted: bool = True) -> None:
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(classes) <= MAX_WRITTEN:
        for (row, column), share in np.ndenumerate(shares):
            text = f"{100 * share:.0f} %\n{counts[row, column]}" if counted else f"{100 * share:.0f}"
            colour = "white" if share > 0.55 else "0.1"
            size = 8 if len(classes) <= 4 else 6
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)
    names, places = label_all(classes, 14), range(len(classes))
    turn = 35 if len(classes) <= MAX_WRITTEN else 60
    axes.set_xticks(places, names, rotation=turn, ha="right", rotation_mode="anchor", fontsize=7.5)
    axes.set_yticks(places, names, fontsize=7.5)
    axes.grid(visible=False)
