"""The embedded data set `smear`: drawn once into the cache, then read as any folder.

In: how much to draw and the seed. Out: the listing of the drawn folder.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.screening.listing import Listing, Progress, show_nothing
from bloodstudy.data.sources.folder import list_folder
from bloodstudy.errors import UserError
from bloodstudy.files import explained, hash_file, locked, make_folder, read_hash, write_hash

DRAWING = 2
PER_PHOTOGRAPH = 12  # four classes, and for each training photograph two of the test
MOST = 1_000_000  # images: of more, no predictions are kept


def list_smear(choice: DataChoice, cache: Path, progress: Progress = show_nothing) -> Listing:
    """Return the listing of the drawn images, drawing them first if the cache lacks any."""
    images = PER_PHOTOGRAPH * choice.photographs * choice.copies
    if images > MOST:
        raise UserError(
            f"data.photographs={choice.photographs} data.copies={choice.copies} ask for {images:,} images; expected at "
            f"most {MOST:,}"
        )
    key = f"{DRAWING}/{choice.photographs}/{choice.copies}/{choice.draw_seed}"
    folder = cache / f"smear-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    listing = _drawn(folder)
    if listing is None:
        make_folder(cache)
        with locked(cache / f"{folder.name}.lock"):
            listing = _drawn(folder)
            if listing is None:
                mended = f"{folder} was damaged or of an older version; it is made anew" if folder.exists() else ""
                _draw(folder, choice, progress)
                listing = replace(list_folder(folder, "smear"), mended=mended)
    return listing


def _drawn(folder: Path) -> Listing | None:
    """Return the listing if every file is there and as it was drawn: cleaners of caches remove single files."""
    return list_folder(folder, "smear") if folder.is_dir() and _hash(folder) == read_hash(folder) else None


def _hash(folder: Path) -> str:
    """Return a hash over the names and contents of all files below `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{path.relative_to(folder).as_posix()} {hash_file(path)}\n" for path in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _draw(folder: Path, choice: DataChoice, progress: Progress) -> None:
    """Draw beside `folder`, then rename: a kill leaves no half-drawn folder under the final name."""
    from bloodstudy.data.synthetic import draw

    beside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    make_folder(beside)
    draw.draw(beside, choice, progress)
    write_hash(folder, _hash(beside))
    with explained(folder):
        if folder.exists():
            shutil.rmtree(folder)
        beside.replace(folder)
