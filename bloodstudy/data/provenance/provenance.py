"""Which photograph and which scene each image shows, and how that is known.

In: a listing and what was decoded of it. Out: a `Provenance`. A scene joins the photographs of one field of view;
scenes, not files, are what an honest split may not cut. What is known costs nothing; what must be registered is done
only if wanted, and kept in the cache:

    <cache>/<fingerprint>/photographs-<rule>.csv
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.provenance import shipped
from bloodstudy.data.provenance.scenes import join_copies
from bloodstudy.data.screening.cache import Decoded
from bloodstudy.data.screening.listing import Listing, Progress, show_nothing
from bloodstudy.files import explained, is_whole, locked, make_folder, write_hash, write_text

RULE = 1  # raise it with any change of what registration decides: tables of another rule are not used
COLUMNS = ["photograph", "scene", "score", "margin"]


@dataclass(frozen=True, eq=False)
class Provenance:
    """The photograph and the scene of each usable image."""

    # In the order of the manifest: photograph, scene ('': not placed or unknown), score and margin (NaN: known).
    table: pd.DataFrame
    how: str  # known: the source says it; shipped: the table of the package; registered: computed here; unknown
    mended: str = ""  # what of the cache was damaged and is made anew

    @property
    def digest(self) -> str:
        """Return 16 hex digits over the scene of each image in order; '' if scenes are unknown."""
        if self.how == "unknown":
            return ""
        return hashlib.sha256("\0".join(self.table["scene"].to_list()).encode()).hexdigest()[:16]

    @property
    def unplaced(self) -> int:
        """Return how many images have no scene."""
        return self.table["scene"].to_list().count("")


def trace(
    listing: Listing,
    decoded: Decoded,
    choice: DataChoice,
    cache: Path,
    *,
    register: str,
    progress: Progress = show_nothing,
) -> Provenance:
    """Return the provenance of the usable images.

    `register` is never, missing (only if nothing else knows the photographs) or anew (whatever is known). Files of the
    same content show one scene, whatever else is known of them.
    Raises UserError if registration is wanted and impossible: `registration.register` says when.
    """
    found, contents = _find(listing, decoded, choice, cache, register, progress), decoded.screening.hashes
    if found.how == "unknown" or len(set(contents)) == len(contents):
        return found
    return replace(found, table=found.table.assign(scene=join_copies(found.table["scene"].to_list(), contents)))


def _find(
    listing: Listing, decoded: Decoded, choice: DataChoice, cache: Path, register: str, progress: Progress
) -> Provenance:
    photographs = [file.photograph for file in decoded.files]
    if all(photographs) and listing.name != "bccd":  # the photographs of bccd overlap
        return Provenance(_table(photographs, photographs), "known")
    table = shipped.lookup(listing.name, decoded) if register != "anew" else None
    if table is not None:
        return Provenance(table.loc[:, COLUMNS], "shipped")
    images = [file.image for file in decoded.files]
    kept = cache / decoded.fingerprint / f"photographs-{RULE}.csv"
    table, mended = (_recall(kept, images) if register != "anew" else None), ""
    if table is None and register != "never":
        make_folder(kept.parent)
        with explained(kept), locked(kept.with_name(f"{kept.name}.lock")):
            table = _recall(kept, images) if register != "anew" else None
            if table is None:
                from bloodstudy.data.provenance import registration  # and with it OpenCV, which nothing else needs

                mended = (
                    f"{kept} was damaged or of an older version; it is made anew"
                    if kept.exists() and register != "anew"
                    else ""
                )
                table = registration.register(listing, decoded.files, choice, progress)
                text = table.to_csv(index=False, lineterminator="\n")
                write_hash(kept, hashlib.sha256(text.encode()).hexdigest())
                write_text(kept, text)
    if table is not None:
        return Provenance(table.loc[:, COLUMNS], "registered", mended)
    return Provenance(_table(photographs, ""), "unknown")


def _table(photographs: list[str], scenes: list[str] | str) -> pd.DataFrame:
    return pd.DataFrame({"photograph": photographs, "scene": scenes, "score": np.nan, "margin": np.nan})


def _recall(kept: Path, images: list[str]) -> pd.DataFrame | None:
    """Return the kept table if it is whole and of these very images."""
    try:
        if not is_whole(kept):
            return None
        table = pd.read_csv(io.BytesIO(kept.read_bytes()), keep_default_na=False)
        return table if table["image"].to_list() == images and set(COLUMNS) <= set(table) else None
    except (OSError, ValueError, KeyError):
        return None
