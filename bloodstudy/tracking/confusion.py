"""The confusion matrix of a trial as a picture that MLflow's interface shows: an SVG, written by hand.

In: the stored predictions of a trial and the split that it is judged by. Out: the text of the picture.
"""

# pyarrow has no types of its own.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from bloodstudy.config.visible import show
from bloodstudy.study.predictions import PREFIX

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "confusion_matrix.svg"
MAX_CLASSES = 40  # of more nobody reads the cells
CELL, LETTER = 64, 8  # pixels


def draw_confusion(table: pa.Table) -> str | None:
    """Return the picture of the test images of a predictions table; None without any, or with very many classes."""
    classes = [name.removeprefix(PREFIX) for name in table.column_names if name.startswith(PREFIX)]
    tested = np.array(table["split"].to_pylist()) == "test"
    if not tested.any() or len(classes) > MAX_CLASSES:
        return None
    likeliest = np.stack([table[PREFIX + name].to_numpy() for name in classes], axis=1).argmax(axis=1)
    place = {name: position for position, name in enumerate(classes)}
    truth = np.array([place[label] for label in table["label"].to_pylist()])
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (truth[tested], likeliest[tested]), 1)
    return _draw(counts, classes)


def _draw(counts: np.ndarray, classes: Sequence[str]) -> str:
    names = [show(name)[:24] for name in classes]
    left, top = LETTER * max(map(len, names)) + 40, 70
    step = max(CELL, LETTER * max(map(len, names)) + 8)
    width, height = left + step * len(names) + 20, top + CELL * len(names) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        'font-size="13" text-anchor="middle">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{left + step * len(names) / 2}" y="24">test images: true class (rows), predicted class (columns)'
        "</text>",
    ]
    for position, name in enumerate(names):
        parts.append(f'<text x="{left + step * (position + 0.5)}" y="{top - 12}">{escape(name)}</text>')
        y = top + CELL * (position + 0.5) + 5
        parts.append(f'<text x="{left - 10}" y="{y}" text-anchor="end">{escape(name)}</text>')
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for (row, column), share in np.ndenumerate(shares):
        x, y, dark = left + step * column, top + CELL * row, share > 0.5
        shade = tuple(round(255 + share * (end - 255)) for end in (20, 80, 140))
        parts.append(
            f'<rect x="{x}" y="{y}" width="{step}" height="{CELL}" fill="rgb{shade}" stroke="white"/>'
            f'<text x="{x + step / 2}" y="{y + CELL / 2 + 5}" fill="{"white" if dark else "black"}">'
            f"{counts[row, column]} ({share:.0%})</text>"
        )
    return "\n".join([*parts, "</svg>", ""])
