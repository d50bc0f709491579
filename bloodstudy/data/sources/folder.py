"""Any tree of class folders: root/{train,test}/<class>/* or root/<class>/*.

In: a folder. Out: its listing. `sides` finds the folders of train and test; other folders beside them are noted and
ignored. A `photographs.csv` at the root (columns image, photograph) says which photograph an image comes from.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

from bloodstudy.data.screening.listing import Listing
from bloodstudy.data.screening.scan import Candidate, Place, passed_over, readable, scan_folders
from bloodstudy.data.sources.sides import describe_sides, find_sides, subfolders
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
    sides, others = find_sides(root)
    places = [place for side, folder in (sides or {"": ""}).items() for place in _class_places(root, folder, side)]
    _refuse_repeated(root, places)
    files, refused = scan_folders(root, places)
    notes = describe_sides(sides, others) + _note_oddities(root, sides, places)
    photographs = _photographs(root)
    if photographs is not None:
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


def _class_places(root: Path, folder: str, side: str) -> list[Place]:
    """Return one place for each class folder; a link that is no folder is kept, so that the scan names it."""
    real = Path(os.path.realpath(root / folder)) if folder else root
    below = os.path.relpath(real, root) if real != root else ""
    names = [name for name in subfolders(real) if not (real / name).is_file()]
    return [Place(str(Path(below, name)), readable(name), side) for name in names]


def _refuse_repeated(root: Path, places: list[Place]) -> None:
    """Raise UserError if a class folder holds folders named as other classes: of such a tree no class is known."""
    labels = {place.label for place in places}
    for place in places:
        folder = root / place.folder
        below = subfolders(folder) if folder.is_dir() and not folder.is_symlink() else []
        if within := [name for name in below if readable(name) in labels - {place.label}]:
            raise UserError(
                f"{folder} would be the class {place.label!r}, and holds folders named as other classes "
                f"({', '.join(sorted(within))}). Move its images into those classes if they belong "
                "there, or move it out of the folder of the images."
            )


def _note_oddities(root: Path, sides: dict[str, str], places: list[Place]) -> list[str]:
    """Return sentences on files beside the class folders, and on classes that differ in their case alone."""
    notes = []
    for folder in sides.values() or [""]:
        with os.scandir(root / folder) as entries:
            files = [entry.name for entry in entries if entry.is_file() and not passed_over(entry.name)]
        if loose := [name for name in files if name.lower() != PHOTOGRAPHS]:
            where = f" in {readable(folder)}" if folder else ""
            count = f"{len(loose):,} files" if len(loose) > 1 else "a file"
            notes.append(f"{count} beside the class folders{where}, in no class, such as {readable(min(loose))}")
    labels = sorted({place.label for place in places})
    twins = [label for label in labels if sum(label.lower() == other.lower() for other in labels) > 1]
    return [*notes, f"classes that differ in case alone: {', '.join(twins)}"] if twins else notes


def _note_missing(root: Path, files: tuple[Candidate, ...], photographs: dict[str, str]) -> list[str]:
    """Say how many images photographs.csv leaves out; raises UserError if it names none, since its paths are others."""
    known = sum(bool(file.photograph) for file in files)
    if files and not known:
        raise UserError(
            f"{root / PHOTOGRAPHS} names none of the images; expected their paths below {root} in its column image, "
            f"such as {files[0].image!r}; received {next(iter(photographs), 'no row')!r}. Mend it or move it away."
        )
    absent = photographs.keys() - {file.image for file in files}
    images = f"{len(absent):,} image{'' if len(absent) == 1 else 's'}"
    notes = [f"{images} of {PHOTOGRAPHS} not found, such as {min(absent)}"] if absent else []
    if known == len(files):
        return notes
    return [
        *notes,
        f"{PHOTOGRAPHS} names the photograph of {known:,} of {len(files):,} images; scenes are not taken from it",
    ]


def _photographs(root: Path) -> dict[str, str] | None:
    """Return {image: photograph} from photographs.csv; None if there is none, in any case of its letters."""
    names = sorted(path.name for path in root.iterdir() if path.name.lower() == PHOTOGRAPHS)
    if not names:
        return None
    if names != [PHOTOGRAPHS]:
        raise UserError(f"{root} holds {' and '.join(names)}; expected {PHOTOGRAPHS} alone. Rename or remove it.")
    return read_columns(root / PHOTOGRAPHS, ("image", "photograph"), "mend it or move it away", _spell_path)


def _spell_path(entry: str) -> str:
    """Return the path of an image as we spell it: blanks around it, ./ before it and backslashes in it are people's."""
    return readable(entry.strip().replace("\\", "/").removeprefix("./"))


def read_columns(
    path: Path, columns: tuple[str, str], advice: str, name: Callable[[str], str] = readable
) -> dict[str, str]:
    """Return two columns of a CSV table as a dictionary, '' for what is missing; `name` makes a key of an entry.

    Raises UserError, which ends in `advice`, if the table cannot be read, or says two things of one entry.
    """
    first, second = columns
    values: dict[str, str] = {}
    numbers: dict[str, int] = {}
    if not path.is_file():
        raise UserError(f"{path}: expected a table; it is a folder, a pipe, or a link that leads nowhere; {advice}.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.DictReader(stream)
            if sorted(name for name in rows.fieldnames or () if name in columns) != sorted(columns):
                raise UserError(f"{path} has the columns {rows.fieldnames}; expected {first} and {second} among them.")
            for number, row in enumerate(rows, start=2):  # the first row is the header
                if None in row:
                    raise UserError(
                        f"{path}: row {number} has more cells than the header; put what holds a comma in quotes, or "
                        f"{advice}."
                    )
                key, value = name(row[first] or ""), readable(row[second] or "").strip()
                if values.setdefault(key, value) != value:
                    raise UserError(
                        f"{path}: rows {numbers[key]} and {number} give {first} {row[first]!r} two {second}s, "
                        f"{values[key]!r} and {value!r}; expected one; {advice}."
                    )
                numbers.setdefault(key, number)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. Check its permissions") from error
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise UserError(f"{path} cannot be read as a UTF-8 CSV table ({error}); {advice}.") from error
    return values
