"""Does the result of a trial say what its stored predictions give?

In: a result and its predictions. Out: a sentence for each number that differs. Losses are left out: they come from
probabilities that are not stored to the last digit.
"""

from __future__ import annotations

import math

import numpy as np

from bloodstudy.analysis.results.predictions import Predictions
from bloodstudy.data.splits.split import WHOLE, count_drawn
from bloodstudy.study.metrics import CLEAN
from bloodstudy.study.result import Result


def find_differences(result: Result, predictions: Predictions) -> list[str]:
    """Return what `result` says otherwise than `predictions`; [] if it is the same."""
    shown, classes = predictions.shown, list(predictions.shown.classes)
    if classes != list(result.data.classes):
        return [f"its classes are {', '.join(result.data.classes)}; those of its predictions {', '.join(classes)}"]
    differences, split = [], shown.table["split"].to_numpy()
    if result.data.measured_share is not None and result.data.split not in WHOLE and shown.unit != "image":
        differences.append("it kept a share of its training images, so which test images are clean cannot be told")
    for side in dict.fromkeys([*result.data.counts, *map(str, np.unique(split))]):
        stored = np.bincount(shown.labels[split == side], minlength=len(classes)).tolist()
        said = [result.data.counts.get(side, {}).get(name, 0) for name in classes]
        if side == "train" and (share := result.data.measured_share) is not None:
            said = [count_drawn(count, share) for count in said]
        if stored != said:
            differences.append(f"its counts of {side} images are not those of its predictions")
    measured = predictions.measure("official")
    if "test_images_clean" in result.responses:
        clean = predictions.measure("official_clean")
        measured |= {f"{name}_clean": clean[name] for name in CLEAN}
        measured["test_images_clean"] = int(shown.tested("official_clean").sum())
    for name, value in result.responses.items():
        known = measured.get(name, math.nan)  # no number: of a class without a test image
        if not math.isnan(known) and not math.isclose(value, known, abs_tol=1e-9):
            differences.append(f"its {name} is {value:.6g}; its predictions give {known:.6g}")
    return differences
