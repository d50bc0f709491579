"""What is wrong with a data set: duplicates, one cell on both sides of the split, labels that contradict each other.

In: a `Dataset`; its pixels are not looked at. Out: `Findings`, tidy frames. What depends on scenes that nobody knows is
NA there, never 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bloodstudy.data.dataset import Dataset
from bloodstudy.data.quality.effective_size import weigh_test
from bloodstudy.data.quality.leaks import SAME, count_across, find_conflicts, find_leaks, tally_leaks
from bloodstudy.data.splits.split import TRAINING, find_clean


@dataclass(frozen=True, eq=False)
class Findings:
    """The faults of a data set. Frames of images are in the manifest's order; tables by class end in the row `ALL`."""

    name: str
    split: str
    fingerprint: str
    classes: tuple[str, ...]
    provenance: str  # known, shipped, registered, unknown
    sides: tuple[str, ...]  # train, (validation,) test
    images: pd.DataFrame  # image, class, photograph, scene ('' not known), split ('' left out), sha256, score, margin
    counts: pd.DataFrame  # class, split, images, share of its split, photographs, scenes
    duplicates: pd.DataFrame  # sha256, image, class, split: every image whose bytes another file has too
    leaks: pd.DataFrame  # of `find_leaks`, the test images alone that training knows something of
    leaking: pd.DataFrame  # of `tally_leaks`: by class, how many test images they are
    conflicts: pd.DataFrame  # of `find_conflicts`: scenes under several classes
    effective: pd.DataFrame  # of `weigh_test`, over scenes, or over photographs if scenes are not known
    unplaced: pd.DataFrame  # image, class, split, score: images without a scene, if others have one
    quarantine: pd.DataFrame  # image, reason

    @property
    def scenes_known(self) -> bool:
        return self.provenance != "unknown"

    def summary(self) -> dict[str, Any]:
        """Return the findings as a few flat numbers; None is unknown."""
        photographs, scenes = set(self.images["photograph"]), set(self.images["scene"]) - {""}
        contents = set(zip(self.duplicates["sha256"], self.duplicates["class"], strict=True))
        copied = len(set(self.duplicates["sha256"]))
        leaking, effective = self.leaking.iloc[-1], self.effective["effective"].to_numpy()
        numbers = {
            "images": len(self.images),
            "refused": len(self.quarantine),
            "duplicates": len(self.duplicates) - copied,
            "duplicates_across": leaking["same_bytes"],
            "duplicate_conflicts": sum(n > 1 for n in Counter(content for content, _ in contents).values()),
            "provenance": self.provenance,
            "unplaced": len(self.unplaced) if self.scenes_known else None,
            "photographs": None if "" in photographs else len(photographs),
            "scenes": len(scenes) if self.scenes_known else None,
            "scenes_across": count_across(self.images, "scene") if self.scenes_known else None,
            "label_conflicts": len(set(self.conflicts["scene"])) if self.scenes_known else None,
            "test_images": leaking["images"],
            "test_images_leaking": leaking["any"],
            "test_share_leaking": leaking["share"],
            "effective_test_photographs": effective[-1],
            "effective_test_photographs_min": effective[:-1].min(),
        }
        return plain_numbers(numbers)


def find(dataset: Dataset) -> Findings:
    """Return what is wrong with `dataset` and its split. Takes milliseconds: the images are not read."""
    manifest, how = dataset.manifest, dataset.provenance.how
    columns = ["image", "photograph", "scene", "split", "sha256"]
    images = pd.DataFrame(manifest, columns=columns, dtype=object)  # looked through often: plain strings are faster
    images.insert(1, "class", np.asarray(dataset.classes, dtype=object)[manifest["label"].to_numpy()])
    scenes, sides = images["scene"].to_numpy(), images["split"].to_numpy(copy=True)
    if dataset.split == "official_clean":  # judged on the test images alone whose scene training lacks
        sides[(sides == "test") & ~find_clean(sides, scenes)] = ""
        images["split"] = sides
    measured = dataset.provenance.table
    images["score"], images["margin"] = measured["score"].to_numpy(), measured["margin"].to_numpy()
    present = tuple(side for side in (*TRAINING, "test") if side in sides)
    copied = images["sha256"].duplicated(keep=False).to_numpy()
    duplicates = pd.DataFrame(images.loc[copied, ["sha256", "image", "class", "split"]])
    leaks = find_leaks(images)
    same = np.column_stack([leaks[kind].to_numpy(dtype=np.int64, na_value=0) for kind in SAME])
    unplaced = (scenes == "") & (how != "unknown")
    unit = "photograph" if how == "unknown" else "scene"
    return Findings(
        name=dataset.name,
        split=dataset.split,
        fingerprint=dataset.fingerprint,
        classes=dataset.classes,
        provenance=how,
        sides=present,
        images=images,
        counts=_count(images, dataset.classes, present),
        duplicates=duplicates.sort_values(["sha256", "image"]).reset_index(drop=True),
        leaks=leaks.loc[(same > 0).any(axis=1)].reset_index(drop=True),
        leaking=tally_leaks(leaks, dataset.classes, how != "unknown"),
        conflicts=find_conflicts(images, present),
        effective=weigh_test(images.loc[sides == "test"], dataset.classes, unit),
        unplaced=pd.DataFrame(images.loc[unplaced, ["image", "class", "split", "score"]]),
        quarantine=dataset.quarantine,
    )


def _count(images: pd.DataFrame, classes: Sequence[str], sides: Sequence[str]) -> pd.DataFrame:
    """Return one row a class and side: images, their share of the side, photographs, scenes (NA: none is known)."""
    labels, splits, rows = images["class"].to_numpy(), images["split"].to_numpy(), []
    for name in classes:
        for side in sides:
            counted = (labels == name) & (splits == side)
            values = [set(images[column].to_numpy()[counted]) - {""} for column in ("photograph", "scene")]
            numbers = [len(known) if known or not counted.any() else None for known in values]
            rows.append((name, side, int(counted.sum()), counted.sum() / (splits == side).sum(), *numbers))
    table = pd.DataFrame(rows, columns=["class", "split", "images", "share", "photographs", "scenes"])
    return table.astype({"photographs": "Int64", "scenes": "Int64"})


def plain_numbers(numbers: dict[Any, Any]) -> dict[str, Any]:
    """Return plain numbers, to 6 significant digits if they have a fraction; None for what is not known."""
    return {name: _plain(value) for name, value in numbers.items()}


def _plain(value: Any) -> str | float | None:
    if pd.isna(value):
        return None
    if isinstance(value, str):
        return value
    return float(f"{value:.6g}") if isinstance(value, float | np.floating) else int(value)
