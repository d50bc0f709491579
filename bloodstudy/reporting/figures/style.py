"""How all figures look: one colour, marker and line for each arm throughout; sizes; the file format.

In: the arms of a sweep, and finished figures. Out: their styles, and PNG or SVG files that hold no date and no program
name, so that the same numbers give the same bytes.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.style
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bloodstudy import files
from bloodstudy.config.visible import visible

Drawing = Callable[[], Figure]  # a figure that is not drawn yet
DPI = 120
INK = "0.25"  # what belongs to no arm: legends, chance level
SHADE = "0.85"  # the gap
MANY = 12  # classes, from which on they stand below each other, not side by side
DARKEST = 0.5  # share of a question's colour that its first arm has
DISTINCT = 8  # arms that differ in colour, marker and line; the ninth starts again
_COLOURS = (0, 1, 2, 4, 3, 9, 5, 7)  # of seaborn's colour-blind palette, without the two too pale for a line
_FIRST = "s^Dv<>hp"  # of arms beside a reference, which has the circle
_SECOND = "PXd*h8pD"  # of the ninth to sixteenth arm of a study
_LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 2)), (0, (4, 1, 1, 1)))
_LOOK: dict[str, Any] = {
    "font.size": 9, "axes.titlesize": 9, "axes.labelsize": 9, "legend.fontsize": 8.5, "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5, "figure.dpi": DPI, "font.family": "DejaVu Sans", "axes.edgecolor": "0.6",
    "grid.color": "0.92", "savefig.bbox": None, "svg.hashsalt": "bloodstudy",
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How one arm is drawn, readable in greyscale too."""

    colour: tuple[float, float, float]
    marker: str
    line: Any

    @property
    def marks(self) -> dict[str, Any]:
        """How its points are drawn, without a line."""
        return {"color": self.colour, "marker": self.marker, "linestyle": ""}


def style_study(
    arms: Sequence[str], references: Collection[str], questions: Sequence[Sequence[str]] = ()
) -> dict[str, Style]:
    """Return the style of each arm of a study: references in ink, sixteen others that differ in colour or marker.

    With `questions`, the arms of each, a colour is a question's and its shades are its arms, dark to light in their
    order, so that they differ in greyscale too; an arm of several questions has the colour of the first.
    """
    palette, others = sns.color_palette("colorblind"), [arm for arm in arms if arm not in references]
    styles = {arm: Style((0.15, 0.15, 0.15), "o", "-") for arm in arms if arm in references}
    for i, arm in enumerate(others):
        again = (i // DISTINCT) % 2  # the same colours, other markers and lines
        marker, line = (_FIRST, _SECOND)[again][i % DISTINCT], _LINES[(i + 3 * again) % DISTINCT]
        styles[arm] = Style(palette[_COLOURS[i % DISTINCT]], marker, line)
    for place, asked in enumerate(questions):
        known = {arm for earlier in questions[:place] for arm in earlier}
        own = [arm for arm in asked if arm in others and arm not in known]
        for i, arm in enumerate(own):
            light = DARKEST + (1 - DARKEST) * (i / (len(own) - 1) if len(own) > 1 else 1)
            red, green, blue = (light * part for part in palette[_COLOURS[place % DISTINCT]])
            again, nth = divmod(i, DISTINCT)
            styles[arm] = Style((red, green, blue), (_FIRST, _SECOND)[again % 2][nth], _LINES[1 + i % (DISTINCT - 1)])
    return styles


Styles = Mapping[str, Style]  # by arm
Groups = Sequence[tuple[str, Sequence[str]]]  # title and arms of each panel


@contextmanager
def look() -> Iterator[None]:
    """Draw with our settings alone, whatever the user's own matplotlib settings are."""
    with matplotlib.style.context(["default", sns.axes_style("whitegrid"), _LOOK]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a class name in another script: the tables spell it
        yield


def label(text: object, most: int = 44) -> str:
    """Return `text` for a figure: shortened in the middle, dollar signs meaning themselves, shown in legends."""
    line = visible(text)
    if len(line) > most:
        line = f"{line[: most // 2]}…{line[-(most - most // 2 - 1) :]}"
    return (" " + line if line.startswith("_") else line).replace("$", r"\$")


def label_all(names: Iterable[object], most: int = 16) -> list[str]:
    """Return the labels of one axis: shortened as `label` does, but never so far that two become the same.

    Names that differ only where they are very long are numbered.
    """
    names = list(names)
    shown, width = [label(name, most) for name in names], most
    while len(set(shown)) < len(set(names)) and width < 2 * most:
        width += 2
        pairs = zip(names, shown, strict=True)
        shown = [label(name, width) if shown.count(short) > 1 else short for name, short in pairs]
    if len(set(shown)) == len(set(names)):
        return shown
    places = {name: place for place, name in enumerate(dict.fromkeys(names), 1)}
    return [f"{label(name, most)} ({places[name]})" for name in names]


def fold(arm: str, most: int) -> str:
    """Return the name of an arm over several lines of at most `most` characters, broken between its levels."""
    lines: list[str] = []
    for part in arm.split(", "):
        if lines and len(lines[-1]) + len(part) + 2 <= most:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return ",\n".join(label(line, most) for line in lines)


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure that arranges its panels by itself."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def new_grid(
    count: int, columns: int, width_in: float, row_in: float, *, head_in: float = 0.0, sharex=False, sharey=False
) -> tuple[Figure, list[Axes]]:
    """Return a figure of `count` panels in rows of `columns`, and its panels; what is left over stays empty."""
    rows = math.ceil(count / columns)
    figure = new_figure(width_in, head_in + row_in * rows)
    panels = list(figure.subplots(rows, columns, sharex=sharex, sharey=sharey, squeeze=False).flat)
    for axes in panels[count:]:
        axes.set_visible(False)
    return figure, panels[:count]


def name_classes(axes: Axes, names: Sequence[str]) -> None:
    """Write the names of classes under the axis, turned if they are many or long; downwards beside it if MANY."""
    if len(names) > MANY:
        axes.set_yticks(range(len(names)), names, fontsize=7.5)
        axes.set_ylim(len(names) - 0.4, -0.6)
        return
    turned = len(names) > 5 or max(map(len, names)) > 12
    how = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if turned else {}
    axes.set_xticks(range(len(names)), names, **how)


def row_height(rows: int) -> float:
    """Return the inches of one of so many rows: a figure of many classes grows, but less than they do."""
    return max(0.2, min(0.36, 6 / max(rows, 1)))


def draw_figures(drawings: Mapping[str, Drawing], folder: Path) -> list[str]:
    """Draw the figures into `folder`, as PNG and as SVG; return their names."""
    files.make_folder(folder)
    with look():
        for name, draw in drawings.items():
            figure = draw()
            for kind in ("png", "svg"):
                save(figure, folder / f"{name}.{kind}")
    return list(drawings)


def save(figure: Figure, path: Path) -> None:
    """Publish `figure` at `path`, whose name ends in .png or .svg."""
    kind = path.suffix.removeprefix(".")
    nothing = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    with files.published(path) as beside:
        figure.savefig(beside, format=kind, dpi=DPI, metadata=nothing)
