"""What the stored predictions say about the test set: confusions, chance level, and on how much that rests.

In: the predictions table of one trial (split, image, photograph, label, one probability a class). Out: a `Tested`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Tested:
    """One trial on its test images."""

    confusion: pd.DataFrame  # counts, rows: true class, columns: predicted class, in the order of the classes
    photographs: int | None  # different photographs among the test images; None where they are not known
    shared: int | None  # of these, how many have a copy among the training images

    @property
    def images(self) -> int:
        return int(self.confusion.to_numpy().sum())

    @property
    def chance(self) -> float:
        """The share of the largest class: the accuracy of always answering that class."""
        return float(self.confusion.sum(axis=1).max() / self.images)

    @property
    def noise(self) -> float:
        """One binomial standard error at chance level, over photographs where they are known: copies are no evidence."""
        return (self.chance * (1 - self.chance) / (self.photographs or self.images)) ** 0.5


def examine(predictions: pd.DataFrame) -> Tested:
    """Return what a predictions table says about its test images."""
    test = predictions[predictions["split"] == "test"]
    classes = [name.removeprefix("p_") for name in predictions.columns if name.startswith("p_")]
    likeliest = test[[f"p_{name}" for name in classes]].to_numpy().argmax(axis=1)
    guessed = [classes[position] for position in likeliest]
    counts = pd.crosstab(pd.Series(test["label"].to_numpy()), pd.Series(guessed, dtype=object))
    confusion = counts.reindex(index=classes, columns=classes, fill_value=0)
    if (predictions["photograph"] == "").any() or predictions["photograph"].isna().any():
        return Tested(confusion, None, None)
    tested = set(test["photograph"])
    trained = set(predictions["photograph"][predictions["split"] == "train"])
    return Tested(confusion, len(tested), len(tested & trained))
