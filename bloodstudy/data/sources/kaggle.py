"""The Kaggle archive `paultimothymooney/blood-cells`: where it is, and its 12,444 augmented images.

In: a folder at any level of the archive, or nothing. Out: the listing of TRAIN and TEST; TEST_SIMPLE is never used.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from bloodstudy.data.screening.listing import Listing
from bloodstudy.data.screening.scan import Place, scan_folders
from bloodstudy.data.sources.folder import existing, list_folder
from bloodstudy.data.sources.sides import subfolders
from bloodstudy.errors import MachineError, UserError
from bloodstudy.files import locked, make_folder, read_json, write_json

HANDLE = "paultimothymooney/blood-cells"
PAGE = f"https://www.kaggle.com/datasets/{HANDLE}"
VARIABLE = "BLOODSTUDY_DATA"

_LEVELS = ("", "images", "dataset2-master/images", "dataset2-master/dataset2-master/images")
_EXPECTED = {"train": 9957, "test": 2487}
_UNUSED = "TEST_SIMPLE"


def list_kaggle(root: str | None, cache: Path) -> Listing:
    """Return the listing of TRAIN and TEST, in the official split. Raises UserError if they are not found."""
    archive = locate(root, cache)
    images = _find_images(archive)
    if images is None:
        raise UserError(
            f"{archive} does not hold the images of {PAGE}: expected the folders TRAIN and TEST in it, in images/ or "
            "in dataset2-master/dataset2-master/images/. Name the unpacked archive: data.root=FOLDER."
        )
    listing = list_folder(images, "kaggle")
    notes = []
    if (images / _UNUSED).is_dir():
        unused, _ = scan_folders(images, [Place(_UNUSED, "", "")])
        notes.append(f"left out the {len(unused)} images of {_UNUSED}: they are never used")
    counts = Counter(file.side for file in listing.candidates)
    if counts != _EXPECTED:
        notes.append(
            f"TRAIN and TEST hold {counts['train']:,} and {counts['test']:,} files; "
            f"the archive as published holds {_EXPECTED['train']:,} and {_EXPECTED['test']:,}"
        )
    return replace(listing, notes=tuple(notes))


def locate(root: str | None, cache: Path) -> Path:
    """Return the folder of the archive: `root`, else the folder named in BLOODSTUDY_DATA, else the download.

    Raises:
        UserError: the named folder does not exist, or there is none and kagglehub is not installed.
        MachineError: the download failed.
    """
    if root is not None:
        return existing(root)
    if named := os.environ.get(VARIABLE):
        if not Path(named).expanduser().is_dir():
            raise UserError(f"{VARIABLE}={named} is not a folder; expected the unpacked archive of {PAGE}.")
        return existing(named)
    return _download(cache)


def _find_images(archive: Path) -> Path | None:
    """Return the folder that holds TRAIN and TEST, at whatever level of the archive we were given."""
    for folder in (archive / level for level in _LEVELS):
        if folder.is_dir() and {"train", "test"} <= {name.lower() for name in subfolders(folder)}:
            return folder
    return None


def _download(cache: Path) -> Path:
    """Return the folder that kagglehub keeps; asked once, then remembered, since asking needs the network each time."""
    memory = cache / "kaggle.json"
    with contextlib.suppress(ValueError, KeyError, TypeError, OSError):
        remembered = Path(read_json(memory)["root"])
        if _find_images(remembered):
            return remembered
    if importlib.util.find_spec("kagglehub") is None:
        raise UserError(
            "the Kaggle images are not on this machine. Download and unpack "
            f"{PAGE}, then name the folder with data.root=FOLDER or {VARIABLE}=FOLDER; "
            'or let bloodstudy download them: pip install "bloodstudy[kaggle]". '
            "Without them, data=smear needs no download."
        )
    make_folder(cache)
    with locked(cache / "kaggle.lock"):
        folder = _ask_kagglehub()
        write_json(memory, {"root": str(folder)})
    return folder


def _ask_kagglehub() -> Path:
    try:
        kagglehub: Any = importlib.import_module("kagglehub")
        return Path(kagglehub.dataset_download(HANDLE)).resolve()
    except Exception as error:  # whatever a download library or the network below it may raise
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:120]
        raise MachineError(
            f"the Kaggle images are not on this machine, and the download of {PAGE} failed ({reason}). Check the "
            f"network and try again, or download and unpack it by hand and name the folder with data.root=FOLDER or "
            f"{VARIABLE}=FOLDER. Without them, data=smear needs no download."
        ) from error
