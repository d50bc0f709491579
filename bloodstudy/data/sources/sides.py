"""Which folders are the sides of a split, and which are classes.

In: a root. Out: the folders that mean train and test, in the English forms that people use, and the other ones. What
could be read in two ways is refused.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from bloodstudy.data.screening.listing import SIDES, looks_like_side, side_of
from bloodstudy.data.screening.scan import passed_over, readable
from bloodstudy.errors import UserError


def subfolders(folder: Path) -> list[str]:
    """Return the names of the folders in `folder` that are looked at, links included, sorted."""
    try:
        with os.scandir(folder) as listing:
            return sorted(e.name for e in listing if not passed_over(e.name) and (e.is_symlink() or e.is_dir()))
    except PermissionError as error:
        raise UserError(f"{folder} may not be listed; check its permissions.") from error


def find_sides(root: Path) -> tuple[dict[str, str], list[str]]:
    """Return {side: folder} and the other folders; one lone side counts if it holds folders only.

    Raises UserError if two folders mean one side, if a side is a link that leaves `root`, or if the sides lie below
    the classes.
    """
    names = subfolders(root)
    sides: dict[str, str] = {}
    for side in SIDES:
        twins = [name for name in names if side_of(name) == side and (root / name).is_dir()]
        if len(twins) > 1:
            raise UserError(f"data.root={root} has {' and '.join(twins)}; expected one {side} folder. Rename one.")
        if twins:
            sides[side] = twins[0]
    if len(sides) == 1 and not _holds_classes(root / next(iter(sides.values()))):
        sides = {}
    for name in sides.values():
        if not (root / name).resolve().is_relative_to(root):
            raise UserError(f"data.root={root}: {name} is a link that leaves it. Name a folder that holds the images.")
    if not sides:
        _refuse_sides_below(root, names)
        _refuse_sides_unnamed(root, names)
    return sides, [readable(name) for name in names if name not in sides.values()]


def describe_sides(sides: dict[str, str], others: list[str]) -> list[str]:
    """Return sentences on what was understood."""
    if not sides:
        return []
    notes = [f"the {side} images are those of {name}" for side, name in sides.items() if name.lower() != side]
    if others:
        notes.append(f"ignored beside train and test: {', '.join(others)}")
    if len(sides) == 1:
        notes.append(f"there is a {next(iter(sides))} folder only, so there is no official split")
    return notes


def _holds_classes(folder: Path) -> bool:
    with os.scandir(folder) as listing:
        entries = [entry for entry in listing if not passed_over(entry.name)]
    return any(e.is_dir() for e in entries) and not any(e.is_file() for e in entries)


def _refuse_sides_below(root: Path, classes: list[str]) -> None:
    """Refuse <class>/train/ and <class>/test/: all their images would count as one heap of the class."""
    for name in classes:
        below = subfolders(root / name) if (root / name).is_dir() and os.access(root / name, os.R_OK | os.X_OK) else []
        found = {side: folder for folder in below if (side := side_of(folder))}
        if len(found) == 2:
            raise UserError(
                f"data.root={root}: {readable(name)} holds {found['train']} and {found['test']}, so the sides of the "
                f"split lie below the classes; expected train/<class>/ and test/<class>/. Move the folders, or, if "
                f"{readable(name)} is no class, type data.root={root / name}"
            )


def _refuse_sides_unnamed(root: Path, names: list[str]) -> None:
    """Refuse folders that look like sides: they hold the same folders, or their names say what they are."""
    below = [subfolders(root / name) if os.access(root / name, os.R_OK | os.X_OK) else [] for name in names]
    same = len(names) > 1 and len(below[0]) > 1 and all(each == below[0] for each in below)
    words = [set(re.findall(r"train|test", name.lower())) for name in names]
    named = len(names) > 1 and all(map(looks_like_side, names))  # train and val, say, or dev and eval
    if same or named or set().union(*words) == {"train", "test"}:
        shown = ", ".join(map(readable, names[:6]))
        raise UserError(
            f"data.root={root} holds {shown}, which look like sides of a split and not like classes; expected "
            "train/<class>/ and test/<class>/, or <class>/ with the images of each class. Rename or move the folders."
        )
