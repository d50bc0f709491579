"""Which test images nobody gets right: wrong in every seed of every arm.

In: a sweep, and the trials that learnt something. Out: a tidy frame of images, those first that are called the same
wrong class most often. Often they are the ones whose label is wrong.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bloodstudy.analysis.results.predictions import Predictions
from bloodstudy.analysis.results.sweep import StudyResults
from bloodstudy.study.outcome import Outcome

COLUMNS = ("image", "photograph", "label", "called", "share")


@dataclass(frozen=True, eq=False)
class HardImages:
    """The test images that all trials get wrong."""

    images: pd.DataFrame  # image, photograph, label, called (the class named most often), share (of trials naming it)
    tested: int  # test images in all
    keys: tuple[str, ...]  # of the trials that were looked at


def find_hard_images(sweep: StudyResults, without: Collection[str] = ()) -> HardImages:
    """Return what all finished trials but those `without` (keys) get wrong.

    Trials on other images than the first are left out: the images would not be the same.
    """
    done = sweep.trials.loc[sweep.trials["outcome"] == Outcome.FINISHED].drop_duplicates(["key"])
    known: dict[str, Predictions] = {}
    judged = ""
    for key, split in zip(done["key"], done["judged"], strict=True):
        if key not in sweep.predictions or key in without:
            continue
        predictions = sweep.predictions[key]
        first = next(iter(known.values()), predictions)
        if predictions.shown is first.shown and split == (judged or split):
            known[str(key)], judged = predictions, str(split)
    if not known:
        return HardImages(pd.DataFrame(columns=list(COLUMNS)), 0, ())
    shown = next(iter(known.values())).shown
    tested = np.flatnonzero(shown.tested(judged))
    wrong = ~np.any([predictions.correct[tested] for predictions in known.values()], axis=0)
    rows = tested[wrong]
    named = np.stack([predictions.likeliest[rows] for predictions in known.values()])
    votes = np.stack([(named == i).mean(axis=0) for i in range(len(shown.classes))])
    table = shown.table.iloc[rows]
    frame = pd.DataFrame({name: table[name].tolist() for name in ("image", "photograph", "label")})
    frame["called"] = [shown.classes[i] for i in votes.argmax(axis=0)] if len(rows) else []
    frame["share"] = votes.max(axis=0)
    frame = frame.sort_values(["share", "image"], ascending=[False, True], kind="stable").reset_index(drop=True)
    return HardImages(frame, len(tested), tuple(known))
