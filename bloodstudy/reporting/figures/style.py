"""How all figures look: one colour, marker and line for each arm throughout; sizes; the file format.

In: the arms of a sweep, and finished figures. Out: their styles, and PNG or SVG files that hold no date and no program
name, so that the same numbers give the same bytes.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.style
import seaborn as sns
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bloodstudy import files
from bloodstudy.reporting.render.markdown import visible

DPI = 120
INK = "0.25"  # what belongs to no arm: legends, chance level
SHADE = "0.85"  # the gap
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


def style_study(arms: list[str], references: Collection[str]) -> dict[str, Style]:
    """Return the style of each arm of a study: references in ink, sixteen others that differ in colour or marker."""
    palette, others = sns.color_palette("colorblind"), [arm for arm in arms if arm not in references]
    styles = {arm: Style((0.15, 0.15, 0.15), "o", "-") for arm in arms if arm in references}
    for i, arm in enumerate(others):
        again = (i // DISTINCT) % 2  # the same colours, other markers and lines
        marker, line = (_FIRST, _SECOND)[again][i % DISTINCT], _LINES[(i + 3 * again) % DISTINCT]
        styles[arm] = Style(palette[_COLOURS[i % DISTINCT]], marker, line)
    return styles


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


def save(figure: Figure, path: Path) -> None:
    """Publish `figure` at `path`, whose name ends in .png or .svg."""
    kind = path.suffix.removeprefix(".")
    nothing = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    with files.published(path) as beside:
        figure.savefig(beside, format=kind, dpi=DPI, metadata=nothing)
