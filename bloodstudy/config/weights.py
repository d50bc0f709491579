"""A file of weights as a level: known by what it holds, not by where it lies.

In: what was typed, such as weights=FILE. Out: the path with the hash of its content, of which the hash alone has a part
in a trial's key; and the path again, if the file still holds that.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from bloodstudy.errors import MachineError, UserError

KNOWN = ("none", "imagenet")
MARK = "#sha256="


def identify(level: str) -> str:
    """Return the level with the hash of its file; raises UserError if there is none."""
    if level in KNOWN or MARK in level:
        return level
    path = Path(level).expanduser()
    if not path.is_file():
        raise UserError(f"weights: expected none, imagenet or a file of weights; there is no file {level!r}")
    if path.suffix not in (".h5", ".keras"):
        raise UserError(f"weights: expected a file that ends in .h5 or .keras; received {level!r}")
    return f"{path.resolve()}{MARK}{_hash(path)}"


def content_of(level: str) -> str:
    """Return what counts of a level: the hash of a file's content without its path."""
    return level.partition(MARK)[2] or level


def read_weights(level: str) -> Path | None:
    """Return the file of a level; raises MachineError if it is gone, or no longer what it was."""
    path, mark, digest = level.partition(MARK)
    if not mark:
        return None
    if not Path(path).is_file() or _hash(Path(path)) != digest:
        raise MachineError(f"{path} is gone, or was changed after the plan was made; put it back, or plan anew")
    return Path(path)


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
