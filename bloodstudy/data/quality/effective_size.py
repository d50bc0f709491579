"""How much evidence a test set is: the number of independent images that its dependent ones are worth.

In: how many images each scene gave. Out: effective numbers, and the interval of an accuracy that such a number allows.
The worst case is taken: all images of one scene are right or wrong together. The truth lies between that and the count
of images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd

ALL = "all"  # the row of all classes together
ACCURACY = 0.8  # what the intervals of an audit are told for: about what networks reach on these images
CONFIDENCE = 0.95


def effective_number(sizes: Sequence[int] | np.ndarray) -> float:
    """Return (sum n)^2 / sum n^2 of the images n that each scene gave, NaN of none (Kish, Survey Sampling, 1965).

    It is the number of scenes if all gave as many, and less if a few gave most.
    """
    sizes = np.asarray(sizes, dtype=float)
    return float(sizes.sum() ** 2 / (sizes**2).sum()) if sizes.sum() else math.nan


def combine_classes(images: Sequence[float], effective: Sequence[float]) -> float:
    """Return the effective number of a test set divided into classes of so many `images`, each worth `effective`.

    The accuracy over all classes is the mean of theirs, weighted by their share of the images, and scenes of different
    classes are independent: its variance is sum of share^2 p (1 - p) / effective, so 1 / sum of share^2 / effective
    images would have the same, with one p for all classes.
    """
    shares = np.asarray(images, dtype=float) / np.sum(images)
    return float(1 / np.sum(shares**2 / np.asarray(effective, dtype=float)))


def interval(number: float, accuracy: float = ACCURACY) -> tuple[float, float]:
    """Return the ends of Wilson's interval for an accuracy measured on `number` independent images, whole or not.

    Wilson, Journal of the American Statistical Association 22 (1927) 209.
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    centre = (accuracy + z**2 / (2 * number)) / (1 + z**2 / number)
    half = z / (1 + z**2 / number) * math.sqrt(accuracy * (1 - accuracy) / number + z**2 / (4 * number**2))
    return centre - half, centre + half


def weigh_test(images: pd.DataFrame, classes: Sequence[str], unit: str) -> pd.DataFrame:
    """Return what the test images of each class are worth; the last row is for all classes.

    Args:
        images: the test images: class, and the column that `unit` names.
        classes: in the order of the rows.
        unit: scene or photograph, the column whose equal values are counted as one; '' is left out as not known.

    Columns: class, images, units (how many different), effective, and the ends of the intervals of an accuracy of
    `ACCURACY`: naive_low, naive_high (each image counts), honest_low, honest_high (the effective number counts); NaN
    if no unit is known.
    """
    rows = []
    for name in classes:
        units = images.loc[images["class"] == name, unit]
        sizes = units[units != ""].value_counts().to_numpy()
        rows.append((name, len(units), len(sizes), effective_number(sizes)))
    tested = [row for row in rows if row[1]]
    overall = combine_classes([row[1] for row in tested], [row[3] for row in tested])
    known = images.loc[images["class"].isin(list(classes)) & (images[unit] != ""), unit]
    rows.append((ALL, sum(row[1] for row in rows), known.nunique(), overall))  # one under two classes is one
    table = pd.DataFrame(rows, columns=["class", "images", "units", "effective"])
    for name, column in (("naive", "images"), ("honest", "effective")):
        ends = [interval(number) if number > 0 else (math.nan, math.nan) for number in table[column]]
        table[[f"{name}_low", f"{name}_high"]] = ends
    table["units"] = table["units"].astype("Int64").mask(table["effective"].isna())
    return table
