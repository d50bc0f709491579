"""What a trial got right, cell by cell: all that a verdict is made from.

In: the predictions of a finished trial and the split that it is judged by. Out: a frozen `Score`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bloodstudy.analysis.results.predictions import Predictions, Reader, TestCells
from bloodstudy.analysis.statistics.chance import at_chance, clearance
from bloodstudy.errors import UserError
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.run_folder import RETRAIN, StudyFolder, readable
from bloodstudy.study.trial_files import read_predictions


@dataclass(frozen=True, eq=False)
class Score:
    """One finished trial on its test images, and on those training images that were measured."""

    cells: TestCells
    correct: np.ndarray  # int (C,): images of each cell that it got right
    train: float  # class-balanced accuracy
    dead: bool  # it names one class for all images, or is no better than chance
    number: float | None = None  # of the metric that the verdicts are about, if they are about one; NaN: not measured

    @property
    def measured(self) -> bool:
        """Whether it has the response that the verdicts are about."""
        return self.number is None or not math.isnan(self.number)

    @property
    def response(self) -> float:
        """What the verdicts are about."""
        return self.test if self.number is None else self.number

    @property
    def clearance(self) -> float:
        """How far its class-balanced accuracy lies above chance for certain; NaN if that cannot be told."""
        return clearance(self.correct, self.cells.images, self.cells.classes)

    @property
    def test(self) -> float:
        """Class-balanced accuracy."""
        return _mean_recall(self.cells.classes, self.correct, self.cells.images)


def score(predictions: Predictions, judged: str) -> Score:
    """Return the score of a trial; NaN for the train accuracy if no training image was measured."""
    shown = predictions.shown
    cells, tested = shown.cells(judged), shown.tested(judged)
    right = predictions.correct[tested]
    correct = np.bincount(cells.of_image, weights=right, minlength=len(cells.images)).astype(int)
    constant = len(np.unique(predictions.likeliest[tested])) < 2
    return Score(cells, correct, _balance(predictions), constant or at_chance(correct, cells.images, cells.classes))


def score_trials(study_folder: Path, rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Score]:
    """Return the scores of the finished trials among `rows` (key, judged, outcome), by key and judged.

    Of a trial whose predictions are not there nothing is known.
    """
    scores, reader = {}, Reader()
    for row in rows:
        if row["outcome"] != Outcome.FINISHED:
            continue
        trial = StudyFolder(study_folder).trial(row["key"])
        with suppress(UserError), readable(trial.predictions, RETRAIN):  # damage is for the report to refuse
            table = read_predictions(trial)
            if table is not None:
                scores[row["key"], row["judged"]] = score(reader.read(table), row["judged"])
    return scores


def _balance(predictions: Predictions) -> float:
    labels = predictions.shown.labels[predictions.shown.train]
    if not len(labels):
        return float("nan")
    return _mean_recall(labels, predictions.correct[predictions.shown.train], np.ones(len(labels)))


def _mean_recall(classes: np.ndarray, correct: np.ndarray, images: np.ndarray) -> float:
    """Return the mean over those classes that are there."""
    right, every = (np.bincount(classes, weights=counts) for counts in (correct, images))
    return float((right[every > 0] / every[every > 0]).mean())
