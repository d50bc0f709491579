"""Does the result of a trial say what its stored predictions give?

In: a result and its table of predictions. Out: a sentence for each number that differs. Losses are left out: they come
from probabilities that are not stored to the last digit.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from bloodstudy.data.splits.split import find_clean
from bloodstudy.study import metrics
from bloodstudy.study.predictions import PREFIX
from bloodstudy.study.result import Result


def find_differences(result: Result, table: pd.DataFrame) -> list[str]:
    """Return what `result` says otherwise than `table`, the content of predictions.parquet; [] if it is the same."""
    classes = [str(name).removeprefix(PREFIX) for name in table.columns if str(name).startswith(PREFIX)]
    if classes != list(result.data.classes):
        return [f"its classes are {', '.join(result.data.classes)}; those of its predictions {', '.join(classes)}"]
    differences = []
    sides = [str(side) for side in result.data.counts]
    for side in dict.fromkeys([*sides, *table["split"].unique()]):
        stored = table.loc[table["split"] == side, "label"].value_counts()
        said = result.data.counts.get(side, {})
        if {name: int(stored.get(name, 0)) for name in classes} != {name: said.get(name, 0) for name in classes}:
            differences.append(f"its counts of {side} images are not those of its predictions")
    measured = _measure(table, classes, clean="test_images_clean" in result.responses)
    for name, value in result.responses.items():
        if name in measured and not math.isclose(value, measured[name], abs_tol=1e-9):
            differences.append(f"its {name} is {value:.6g}; its predictions give {measured[name]:.6g}")
    return differences


def _measure(table: pd.DataFrame, classes: list[str], clean: bool) -> dict[str, float]:
    likeliest = table[[f"{PREFIX}{name}" for name in classes]].to_numpy(dtype=float).argmax(axis=1)
    labels = pd.Index(classes).get_indexer(pd.Index(table["label"]))
    split = table["split"].to_numpy(dtype=object)
    measured = metrics.measure(likeliest, labels, split, np.asarray(split == "test"), classes, absent=0.0)
    if clean:
        scenes = table["scene"].to_numpy(dtype=object)
        measured |= metrics.measure_clean(likeliest, labels, split, find_clean(split, scenes), classes)
    return measured
