"""What images share that should not: one photograph on both sides of a split, one scene under two classes.

In: one row an image: image, class, split, photograph, scene, sha256; '' is a photograph or scene that is not known.
Out: tidy frames. Training is every side that a network or a choice between networks sees: train and validation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bloodstudy.data.quality.effective_size import ALL
from bloodstudy.data.splits.split import TRAINING

SAME = {"same_bytes": "sha256", "same_photograph": "photograph", "same_scene": "scene"}


def find_leaks(images: pd.DataFrame) -> pd.DataFrame:
    """Return one row a test image, with how many training images have its bytes, its photograph, its scene.

    Columns image, class, photograph, scene, same_bytes, same_photograph, same_scene; a number is NA if the
    image's photograph or scene is not known.
    """
    sides = images["split"].to_numpy()
    tested, training = sides == "test", np.isin(sides, TRAINING)
    leaks = pd.DataFrame(images.loc[tested, ["image", "class", "photograph", "scene"]])
    for name, column in SAME.items():
        codes, values = pd.factorize(images[column])
        partners = np.bincount(codes[training], minlength=len(values))[codes[tested]]
        leaks[name] = pd.arrays.IntegerArray(partners, images[column].to_numpy()[tested] == "")
    return leaks.reset_index(drop=True)


def tally_leaks(leaks: pd.DataFrame, classes: Sequence[str], scenes_known: bool) -> pd.DataFrame:
    """Return how many test images training knows, and how; one row a class, the last for all.

    Columns class, images (tested), same_bytes, same_photograph, same_scene, any, share (any of images). A number is NA
    if no image has what it counts by; `any` is NA if scenes are not known: bytes alone would flatter the split.
    """
    labels = leaks["class"].to_numpy()
    known = np.column_stack([leaks[kind].notna().to_numpy() for kind in SAME])
    same = np.column_stack([leaks[kind].to_numpy(dtype=np.int64, na_value=0) > 0 for kind in SAME])
    rows = []
    for name, counted in [*((name, labels == name) for name in classes), (ALL, np.ones(len(leaks), dtype=bool))]:
        images, leaking = int(counted.sum()), int(same[counted].any(axis=1).sum())
        counts = np.where(known[counted].any(axis=0), same[counted].sum(axis=0), -1).tolist()
        rows.append((name, images, *(n if n >= 0 else None for n in counts), leaking if scenes_known else None))
    table = pd.DataFrame(rows, columns=["class", "images", *SAME, "any"])
    table = table.astype(dict.fromkeys(["images", *SAME, "any"], "Int64"))
    return table.assign(share=table["any"].astype("Float64") / table["images"])


def find_conflicts(images: pd.DataFrame, sides: Sequence[str]) -> pd.DataFrame:
    """Return one row a class of each scene that stands under several: scene, class, photographs, images by side."""
    known = images.loc[images["scene"] != ""]
    shared = known.loc[known.groupby("scene")["class"].transform("nunique") > 1]
    rows = []
    for (scene, label), group in shared.groupby(["scene", "class"]):
        photographs = " ".join(sorted(set(group["photograph"])))
        rows.append((scene, label, photographs, *((group["split"] == side).sum() for side in sides)))
    return pd.DataFrame(rows, columns=["scene", "class", "photographs", *sides])


def count_across(images: pd.DataFrame, column: str) -> int:
    """Return how many different values of `column` stand both in the test and in training; '' is none."""
    values, sides = images[column].to_numpy(), images["split"].to_numpy()
    return len((set(values[sides == "test"]) & set(values[np.isin(sides, TRAINING)])) - {""})
