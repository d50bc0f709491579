"""Are the probabilities of an arm what they say? How often it is right, where it is so sure.

In: the predictions of an arm's trials. Out: a frozen `Reliability`: a curve over bins of the largest probability, and
the expected calibration error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bloodstudy.analysis.results.predictions import Predictions
from bloodstudy.study.predictions import STEP

BINS = 10


@dataclass(frozen=True, eq=False)
class Reliability:
    """The calibration of one arm on its test images, means over its seeds."""

    curve: pd.DataFrame  # bin (its lower end), sure (mean largest probability), right (share), share (of all images)
    error: float  # expected calibration error, mean over seeds of that of each
    excess: float  # mean largest probability - accuracy: above 0 the arm is surer than it is right


def weigh_probabilities(trials: Sequence[Predictions], judged: Sequence[str]) -> Reliability:
    """Return the calibration over `trials`, each on the test images that it is judged on; needs at least one.

    The expected calibration error (Guo et al. 2017) is the sum over ten equal bins of the largest probability of their
    share of images times |right - sure|; the curve pools the images of all seeds.
    """
    sure, right, errors = [], [], []
    for predictions, split in zip(trials, judged, strict=True):
        tested = predictions.shown.tested(split)
        largest = predictions.thousandths[tested].max(axis=1) / STEP
        correct = predictions.correct[tested]
        own = _tabulate(largest, correct)
        errors.append(float(np.sum(own["share"].to_numpy() * np.abs((own["right"] - own["sure"]).to_numpy()))))
        sure.append(largest)
        right.append(correct)
    curve = _tabulate(np.concatenate(sure), np.concatenate(right))
    excess = [float(s.mean() - r.mean()) for s, r in zip(sure, right, strict=True)]
    return Reliability(curve, float(np.mean(errors)), float(np.mean(excess)))


def _tabulate(sure: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    places = np.minimum((sure * BINS).astype(int), BINS - 1)
    number = np.bincount(places, minlength=BINS)
    there = np.flatnonzero(number)
    sums = [np.bincount(places, weights=values, minlength=BINS)[there] for values in (sure, right.astype(float))]
    means = [total / number[there] for total in sums]
    return pd.DataFrame({"bin": there / BINS, "sure": means[0], "right": means[1], "share": number[there] / len(sure)})
