"""What the stored predictions say about the test set: confusions, and on how many photographs they rest.

In: the predictions of one trial, and the split that it is judged by. Out: an `Examined`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bloodstudy.analysis.results.predictions import Predictions
from bloodstudy.study.metrics import count_confusions


@dataclass(frozen=True)
class Confusion:
    """One trial on its test images."""

    confusion: pd.DataFrame  # counts, rows: true class, columns: predicted class, in the order of the classes
    photographs: int | None  # different photographs among the test images; None if they are not known
    shared: int | None  # of these, how many have a copy among the training images


def examine(predictions: Predictions, judged: str) -> Confusion:
    """Return what predictions say about the test images that `judged` leaves."""
    shown, classes = predictions.shown, list(predictions.shown.classes)
    tested = shown.tested(judged)
    truth, guess = shown.labels[tested], predictions.likeliest[tested]
    confusion = pd.DataFrame(count_confusions(truth, guess, len(classes)), index=classes, columns=classes)
    photographs = shown.table["photograph"].to_numpy()
    here, trained = set(photographs[tested]), set(photographs[shown.train])
    if "" in here | trained:
        return Confusion(confusion, None, None)
    return Confusion(confusion, len(here), len(here & trained))
