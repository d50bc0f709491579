"""Draw docs/leak.png: one photograph's copies on both sides of a random split, and how many test images that concerns.

    python experiments/leak/figure.py [OUTPUT]

The images are drawn by data=smear. The counts are read from findings-kaggle.json beside this file, which is the
findings.json of `python -m bloodstudy.audit data=kaggle`; where it is missing or its scenes are unknown, so are they.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from bloodstudy import data, files
from bloodstudy.config.schema import DataChoice
from bloodstudy.reporting.audit import figures
from bloodstudy.reporting.audit.text import share
from bloodstudy.reporting.figures import style

HERE = Path(__file__).resolve().parent
SHOWN = 6  # copies a side
SIDES = {"train": "training", "test": "test"}


def main(output: Path) -> None:
    images = data.load(DataChoice(split="random"), colour="rgb", image_size=(120, 160))
    found = files.read_json(HERE / "findings-kaggle.json")
    counted = found is not None and found["summary"]["test_images_leaking"] is not None
    with style.look():
        figure = style.new_figure(10.6 if counted else 7.6, 2.7)
        parts = figure.subfigures(1, 2, width_ratios=[7.2, 3.4], squeeze=False)[0] if counted else [figure]
        draw_copies(parts[0], images)
        if counted:
            draw_counts(parts[1], found)
        style.save(figure, output)


def draw_copies(figure: Figure | SubFigure, images: data.Dataset) -> None:
    """Draw the first copies of one photograph that the split put on each side, in two labelled rows."""
    manifest = images.manifest
    tested = manifest[manifest["split"] == "test"].groupby("photograph").size()
    photograph = tested[tested == SHOWN].index[0]  # a fifth of its copies, as of all
    own = (manifest["photograph"] == photograph).to_numpy()
    rows = {side: np.flatnonzero(own & (manifest["split"] == side).to_numpy()) for side in SIDES}
    figure.suptitle(
        f"One photograph, {own.sum()} augmented copies: a random split trains on {len(rows['train'])} of them\n"
        f"and tests on the other {len(rows['test'])}, so the test asks for a cell that training has shown",
        fontsize=10,
    )
    panels = figure.subplots(len(SIDES), SHOWN)
    for row, (side, words) in zip(panels, SIDES.items(), strict=True):
        for axes, image in zip(row, rows[side][:SHOWN], strict=True):
            axes.imshow(images.images[image])
            axes.set(xticks=[], yticks=[])
        of_these = f"{SHOWN} of {len(rows[side])}" if len(rows[side]) > SHOWN else f"all {SHOWN}"
        row[0].set_ylabel(f"{words}\n{of_these}", fontsize=10)


def draw_counts(figure: Figure | SubFigure, found: dict[str, Any]) -> None:
    """Draw the share of the Kaggle test images that training knows, under a random and under the official split."""
    figure.suptitle("Kaggle test images whose scene\nstands in training too", fontsize=10)
    axes: Axes = figure.subplots()
    splits = {"random split": found["random"]["summary"], "official split": found["summary"]}
    for place, summary in enumerate(splits.values()):
        part, whole = summary["test_images_leaking"], summary["test_images"]
        axes.barh(place, 1, color=figures.CLEAN, height=0.5)
        axes.barh(place, part / whole, color=figures.LEAKS, height=0.5)
        axes.text(0, place - 0.31, share(part, whole), va="bottom", fontsize=9)
    axes.set_yticks(range(len(splits)), list(splits))
    axes.set(xlim=(0, 1), ylim=(len(splits) - 0.5, -0.6), xticks=[])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent.parent / "docs" / "leak.png")
