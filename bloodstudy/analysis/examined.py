"""What the stored predictions say about the test set: confusions, and on how many photographs they rest.

In: the predictions table of one trial (split, image, photograph, scene, label, one probability a class). Out: a
`Examined`, of all its test images or of those whose scene is not in training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bloodstudy.data.split import find_clean


@dataclass(frozen=True)
class Examined:
    """One trial on its test images."""

    confusion: pd.DataFrame  # counts, rows: true class, columns: predicted class, in the order of the classes
    photographs: int | None  # different photographs among the test images; None where they are not known
    shared: int | None  # of these, how many have a copy among the training images


def examine(predictions: pd.DataFrame) -> Examined:
    """Return what a predictions table says about its test images."""
    classes = [name.removeprefix("p_") for name in predictions.columns if name.startswith("p_")]
    in_test = (predictions["split"] == "test").to_numpy()
    labels, photographs = predictions["label"].to_numpy()[in_test], predictions["photograph"].fillna("").to_numpy()
    likeliest = predictions[[f"p_{name}" for name in classes]].to_numpy()[in_test].argmax(axis=1)
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(counts, (pd.Index(classes).get_indexer(labels), likeliest), 1)
    confusion = pd.DataFrame(counts, index=classes, columns=classes)
    tested, trained = set(photographs[in_test]), set(photographs[(predictions["split"] == "train").to_numpy()])
    if "" in tested | trained:
        return Examined(confusion, None, None)
    return Examined(confusion, len(tested), len(tested & trained))


def drop_seen(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the table without the test images whose scene is in training, or in none that is known."""
    split, scenes = predictions["split"].to_numpy(), predictions["scene"].fillna("").to_numpy()
    return predictions.loc[(split != "test") | find_clean(split, scenes)]
