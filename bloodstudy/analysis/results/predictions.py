"""What a trial predicted, image by image, and what it measured by that.

In: the predictions table of a trial, and the split that it is judged by. Out: a frozen `Predictions`, and its
responses. Trials on the same images share one table of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from bloodstudy.data.splits.split import find_clean
from bloodstudy.study import metrics
from bloodstudy.study.predictions import COLUMNS, PREFIX, STEP, to_frame


@dataclass(frozen=True, eq=False)
class TestCells:
    """The test images by class and scene: one cell is the images of one class in one scene."""

    classes: np.ndarray  # int (C,)
    scenes: tuple[str, ...]  # (C,): of the scene, else the photograph, else the image
    images: np.ndarray  # int (C,): how many each has
    of_image: np.ndarray  # int: the cell of each test image, in the order of the table


@dataclass(frozen=True, eq=False)
class EvaluationImages:
    """The images that trials were measured on; `clusters` number those of one class that are not independent."""

    table: pd.DataFrame  # split, image, photograph, scene, label; "" is unknown
    classes: tuple[str, ...]
    _cells: dict[str, TestCells] = field(default_factory=dict)

    @cached_property
    def labels(self) -> np.ndarray:
        """The true class of each image, as a position in `classes`."""
        return pd.Index(self.classes).get_indexer(self.table["label"].tolist())

    @cached_property
    def train(self) -> np.ndarray:
        return (self.table["split"] == "train").to_numpy()

    def tested(self, judged: str) -> np.ndarray:
        """Tell which images a trial is judged on: official_clean leaves out those whose scene is in training."""
        if judged == "official_clean":
            return self._clean
        return self._test

    @cached_property
    def _test(self) -> np.ndarray:
        return (self.table["split"] == "test").to_numpy()

    @cached_property
    def _clean(self) -> np.ndarray:
        return find_clean(self.table["split"].to_numpy(), self.table["scene"].to_numpy())

    @property
    def unit(self) -> str:
        """The word for what counts as one piece of evidence."""
        named = (name for name in ("scene", "photograph") if set(self.table[name]) != {""})
        return next(named, "image")

    @cached_property
    def shows(self) -> np.ndarray:
        """What each image shows: its scene, else its photograph, else itself."""
        name = self.table["image"].to_numpy()
        for unit in ("photograph", "scene"):
            known = self.table[unit].to_numpy()
            name = np.where(known == "", name, known)
        return name

    @cached_property
    def clusters(self) -> np.ndarray:
        """A number for each image: images of one class that show one scene have the same (else one photograph)."""
        return pd.factorize(pd.Series(self.labels).astype(str) + " " + self.shows)[0]

    def cells(self, judged: str) -> TestCells:
        """Return the cells of the images that a trial is judged on, ordered by class and scene."""
        if judged not in self._cells:
            tested = self.tested(judged)
            pairs = pd.MultiIndex.from_arrays([self.labels[tested], self.shows[tested]])
            codes, cells = pairs.factorize(sort=True)
            classes = np.array([label for label, _ in cells], dtype=int)
            images = np.bincount(codes, minlength=len(cells))
            self._cells[judged] = TestCells(classes, tuple(str(scene) for _, scene in cells), images, codes)
        return self._cells[judged]


@dataclass(frozen=True, eq=False)
class Predictions:
    """The probabilities of one trial."""

    shown: EvaluationImages
    thousandths: np.ndarray  # uint16 (images, classes)

    @cached_property
    def likeliest(self) -> np.ndarray:
        return self.thousandths.argmax(axis=1)

    @cached_property
    def correct(self) -> np.ndarray:
        return self.likeliest == self.shown.labels

    def measure(self, judged: str) -> dict[str, float]:
        """Return the responses of `metrics.measure`; NaN if there is no image to measure."""
        images = self.shown
        split = images.table["split"].to_numpy()
        return metrics.measure(self.likeliest, images.labels, split, images.tested(judged), images.classes)


class Reader:
    """Reads predictions, and keeps each table of images once."""

    def __init__(self) -> None:
        self._known: list[tuple[pa.Table, EvaluationImages]] = []

    def read(self, table: pa.Table) -> Predictions:
        """Return the predictions of a stored table."""
        names = [name for name in table.column_names if name.startswith(PREFIX)]
        classes = tuple(name.removeprefix(PREFIX) for name in names)
        probabilities = np.stack([table[name].to_numpy() for name in names], axis=1)
        images = table.select([name for name in COLUMNS if name in table.column_names])
        return Predictions(self._share(images, classes), np.rint(probabilities * STEP).astype("uint16"))

    def _share(self, images: pa.Table, classes: Sequence[str]) -> EvaluationImages:
        for known, shown in self._known:
            if known.equals(images) and shown.classes == classes:
                return shown
        frame = to_frame(images).reindex(columns=list(COLUMNS)).astype(object)
        frame = frame.where(frame.notna(), "")  # older tables have no scenes
        shown = EvaluationImages(frame, tuple(classes))
        self._known.append((images, shown))
        return shown
