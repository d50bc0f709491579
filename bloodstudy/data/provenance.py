"""Which photograph and which scene each image shows, and how that is known.

In: a listing and its screening. Out: a `Provenance`. A scene joins the photographs of one field of view; scenes, not
files, are what an honest split may not cut. What is known costs nothing; what must be registered is done only where
wanted, and kept in the cache.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bloodstudy.config import DataChoice
from bloodstudy.data.listing import Listing, Progress
from bloodstudy.data.screen import Screening

HOW = ("known", "shipped", "registered", "unknown")


@dataclass(frozen=True, eq=False)
class Provenance:
    """The photograph and the scene of each usable image."""

    table: (
        pd.DataFrame
    )  # in the order of the manifest: photograph, scene ('' not placed or unknown), score (NaN: known)
    how: str  # known: the source says it; shipped: the table of the package; registered: computed here; unknown

    @property
    def digest(self) -> str:
        """Return 16 hex digits over the scene of each image in order; '' where scenes are unknown."""
        if self.how == "unknown":
            return ""
        return hashlib.sha256("\0".join(self.table["scene"].to_list()).encode()).hexdigest()[:16]

    @property
    def unplaced(self) -> int:
        """Return how many images have no scene."""
        return self.table["scene"].to_list().count("")


def trace(
    listing: Listing,
    screening: Screening,
    choice: DataChoice,
    cache: Path,
    *,
    wanted: bool,
    progress: Progress | None = None,
) -> Provenance:
    """Return the provenance of the usable images; registers them only where `wanted` and nothing else knows."""
    photographs = [file.photograph for file in screening.usable(listing)]
    known = all(photographs) and listing.name != "bccd"  # the photographs of bccd overlap
    scenes = photographs if known else [""] * len(photographs)
    table = pd.DataFrame({"photograph": photographs, "scene": scenes, "score": np.nan})
    return Provenance(table, "known" if known else "unknown")
