"""What a split does to scenes: which test images show what training shows too, said in sentences.

In: a manifest, its classes, the resolved split and how the scenes are known. Out: notes for a reader, or a UserError
if the images that would be judged lack a class.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bloodstudy.data.screening.listing import table_of_counts
from bloodstudy.data.splits.split import OFFICIAL, TRAINING, find_clean, validates_by_scene
from bloodstudy.errors import UserError

COPIED = ("kaggle", "smear")  # several images of one photograph are certain, whether or not it is known which


def describe_leak(
    name: str, manifest: pd.DataFrame, classes: Sequence[str], split: str, known: bool
) -> tuple[str, ...]:
    """Return sentences on files and scenes that stand on both sides, on labels in conflict, on images without a scene.

    Raises UserError if split is official_clean and a class has no test image of a scene that training lacks.
    """
    divided, scenes = manifest["split"].to_numpy(), manifest["scene"].to_numpy()
    notes = _describe_copies(manifest, known)
    if "validation" in divided and not validates_by_scene(split, scenes.tolist()):
        notes.append("the validation images are drawn at random: copies of one photograph may stand on both sides")
    if not known:
        if split == "random" and name in COPIED:
            notes.append("the random split ignores photographs: copies of one photograph stand on both sides")
        return tuple(notes)
    clean, tested = find_clean(divided, scenes), divided == "test"
    leaking = int((tested & (scenes != "") & ~clean).sum())
    if leaking:
        ignores = "the random split ignores photographs: " if split == "random" else ""
        notes.append(f"{ignores}{leaking:,} of {tested.sum():,} test images show a scene that training shows too")
    if unplaced := int((scenes == "").sum()):
        done = " and left out" if split.startswith("grouped") else ""
        notes.append(f"{unplaced:,} image{'s are' if unplaced > 1 else ' is'} placed in no scene{done}")
    if split in OFFICIAL:
        notes += _describe_missing(manifest["label"].to_numpy(), clean, classes, split)
    return tuple(notes)


def _describe_copies(manifest: pd.DataFrame, known: bool) -> list[str]:
    """Say which files have the same bytes under two classes and, if scenes are not `known`, on both sides."""
    divided, contents, notes = manifest["split"].to_numpy(), manifest["sha256"].to_numpy(), []
    labels = Counter(content for content, _ in set(zip(contents, manifest["label"], strict=True)))
    if conflicts := sum(count > 1 for count in labels.values()):
        notes.append(f"{conflicts:,} image{'s stand' if conflicts > 1 else ' stands'} under two classes, byte for byte")
    tested, trained = contents[divided == "test"], set(contents[np.isin(divided, TRAINING)])
    if not known and (across := sum(content in trained for content in tested)):
        notes.append(f"{across:,} of {len(tested):,} test images repeat the bytes of a training image")
    return notes


def _describe_missing(labels: np.ndarray, clean: np.ndarray, classes: Sequence[str], split: str) -> list[str]:
    missing = [name for k, name in enumerate(classes) if not (clean & (labels == k)).any()]
    if not missing:
        return []
    named = ", ".join(repr(name) for name in missing)
    if split == "official_clean":
        counts = table_of_counts(classes, [str(classes[k]) for k in labels[clean]])
        raise UserError(
            f"data.split=official_clean: no test image of class {named} shows a scene that training lacks, so it "
            f"cannot be judged; test images left: {counts}. Use data.split=grouped, which divides the scenes anew."
        )
    return [f"no test image of class {named} shows a scene that training lacks"]
