"""The embedded data set `smear`: drawn once into the cache, then read as any folder.

In: how much to draw and the seed. Out: the listing of the drawn folder.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from filelock import FileLock

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.screening.listing import Listing, Progress, show_nothing
from bloodstudy.data.sources.folder import PHOTOGRAPHS, list_folder
from bloodstudy.files import explained, make_folder

DRAWING = 2


def list_smear(choice: DataChoice, cache: Path, progress: Progress = show_nothing) -> Listing:
    """Return the listing of the drawn images, drawing them first if the cache lacks any."""
    key = f"{DRAWING}/{choice.photographs}/{choice.copies}/{choice.draw_seed}"
    folder = cache / f"smear-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    listing = _drawn(folder)
    if listing is None:
        make_folder(cache)
        with FileLock(f"{folder}.lock"):
            listing = _drawn(folder)
            if listing is None:
                _draw(folder, choice, progress)
                listing = list_folder(folder, "smear")
    return listing


def _drawn(folder: Path) -> Listing | None:
    """Return the listing if every image of photographs.csv is there: cleaners of caches remove single files."""
    if not (folder / PHOTOGRAPHS).is_file():
        return None
    listing = list_folder(folder, "smear")
    with (folder / PHOTOGRAPHS).open(encoding="utf-8") as stream:
        expected = sum(1 for _ in stream) - 1
    complete = len(listing.candidates) == expected and all(file.photograph for file in listing.candidates)
    return listing if complete else None


def _draw(folder: Path, choice: DataChoice, progress: Progress) -> None:
    """Draw beside `folder`, then rename: a kill leaves no half-drawn folder under the final name."""
    from bloodstudy.data.synthetic import draw

    beside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    make_folder(beside)
    draw.draw(beside, choice, progress)
    with explained(folder):
        if folder.exists():
            shutil.rmtree(folder)
        beside.replace(folder)
