"""Any tree of class folders: root/{train,test}/<class>/* or root/<class>/*.

In: a folder. Out: its listing. `train` and `test` are found in any case; other folders beside them are noted and
ignored. A `photographs.csv` at the root (columns image, photograph) says which photograph an image comes from.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

from bloodstudy.data.screening.listing import SIDES, Listing
from bloodstudy.data.screening.scan import Candidate, Place, passed_over, readable, scan_folders
from bloodstudy.errors import UserError

PHOTOGRAPHS = "photographs.csv"


def list_folder(root: str | Path | None, name: str = "folder") -> Listing:
    """Return the listing of the class folders under `root`.

    Raises:
        UserError: no root, a root that is no folder, two folders for one side, or a damaged photographs.csv.
    """
    if root is None:
        raise UserError(
            "data=folder needs the folder of the images: data.root=FOLDER, with FOLDER/train/<class>/ and "
            "FOLDER/test/<class>/, or FOLDER/<class>/."
        )
    root = existing(root)
    sides, ignored = _sides(root)
    places = [place for side, folder in (sides or {"": ""}).items() for place in _class_places(root, folder, side)]
    files, refused = scan_folders(root, places)
    notes = [f"ignored beside train and test: {', '.join(ignored)}"] if sides and ignored else []
    if len(sides) == 1:
        notes.append(f"there is a {next(iter(sides))} folder only, so there is no official split")
    photographs = _photographs(root)
    if photographs:
        files = tuple(file._replace(photograph=photographs.get(file.image, "")) for file in files)
        notes += _note_missing(root, files, photographs)
    classes = tuple(sorted({place.label for place in places}))
    return Listing(name, root, files, refused, classes, len(sides) == 2, tuple(notes))


def existing(root: str | Path) -> Path:
    """Return `root` as a real path; raises UserError if it is no folder that can be listed."""
    path = Path(root).expanduser()
    if not path.exists():
        raise UserError(f"data.root={root} does not exist; expected a folder with images. Check the path.")
    if not path.is_dir():
        raise UserError(f"data.root={root} is a file; expected the folder that holds the images.")
    if not os.access(path, os.R_OK | os.X_OK):
        raise UserError(f"data.root={root} may not be read; check its permissions.")
    return path.resolve()


def subfolders(folder: Path) -> list[str]:
    """Return the names of the folders in `folder` that are looked at, links included, sorted."""
    try:
        with os.scandir(folder) as listing:
            return sorted(e.name for e in listing if not passed_over(e.name) and (e.is_symlink() or e.is_dir()))
    except PermissionError as error:
        raise UserError(f"{folder} may not be listed; check its permissions.") from error


def _sides(root: Path) -> tuple[dict[str, str], list[str]]:
    """Return {side: folder} and the other folders; one lone `train` or `test` counts if it holds folders only."""
    names = subfolders(root)
    sides: dict[str, str] = {}
    for side in SIDES:
        twins = [name for name in names if name.lower() == side and (root / name).is_dir()]
        if len(twins) > 1:
            raise UserError(f"data.root={root} has {' and '.join(twins)}; expected one {side} folder. Rename one.")
        if twins:
            sides[side] = twins[0]
    if len(sides) == 1 and not _holds_classes(root / next(iter(sides.values()))):
        sides = {}
    for name in sides.values():
        if not (root / name).resolve().is_relative_to(root):
            raise UserError(f"data.root={root}: {name} is a link that leaves it. Name a folder that holds the images.")
    return sides, [readable(name) for name in names if name not in sides.values()]


def _holds_classes(folder: Path) -> bool:
    with os.scandir(folder) as listing:
        entries = [entry for entry in listing if not passed_over(entry.name)]
    return any(e.is_dir() for e in entries) and not any(e.is_file() for e in entries)


def _class_places(root: Path, folder: str, side: str) -> list[Place]:
    """Return one place for each class folder; a link that is no folder is kept, so that the scan names it."""
    real = Path(os.path.realpath(root / folder)) if folder else root
    below = os.path.relpath(real, root) if real != root else ""
    names = [name for name in subfolders(real) if not (real / name).is_file()]
    return [Place(str(Path(below, name)), readable(name), side) for name in names]


def _note_missing(root: Path, files: tuple[Candidate, ...], photographs: dict[str, str]) -> list[str]:
    """Say how many images photographs.csv leaves out; raises UserError if it names none, since its paths are others."""
    known = sum(bool(file.photograph) for file in files)
    if files and not known:
        raise UserError(
            f"{root / PHOTOGRAPHS} names none of the images; expected their paths below {root} in its column image, "
            f"such as {files[0].image!r}; received {next(iter(photographs))!r}. Mend it or move it away."
        )
    if known == len(files):
        return []
    return [f"{PHOTOGRAPHS} names the photograph of {known:,} of {len(files):,} images; scenes are not taken from it"]


def _photographs(root: Path) -> dict[str, str]:
    """Return {image: photograph} from photographs.csv; empty if there is none."""
    path = root / PHOTOGRAPHS
    rows = read_columns(path, ("image", "photograph"), "mend it or move it away") if path.is_file() else []
    return {readable(image): readable(photograph) for image, photograph in rows}


def read_columns(path: Path, columns: tuple[str, str], advice: str) -> list[tuple[str, str]]:
    """Return two columns of a CSV table, row by row, '' for what is missing.

    Raises UserError, which ends in `advice`, if the table cannot be read.
    """
    first, second = columns
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.DictReader(stream)
            if not set(columns) <= set(rows.fieldnames or ()):
                raise UserError(f"{path} has the columns {rows.fieldnames}; expected {first} and {second} among them.")
            return [(row[first] or "", row[second] or "") for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read as a UTF-8 CSV table ({error}); {advice}.") from error
