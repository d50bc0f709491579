"""Which files a class folder offers: one documented rule for hidden files, nested folders and links.

In: the root folder and its class folders. Out: regular files in a fixed order, and what was refused with the reason.

The rule. Names that begin with a dot, `__MACOSX`, `Thumbs.db` and `desktop.ini` are passed over in silence. Folders
below a class folder belong to that class, at any depth. Whatever else is no regular file (pipe, device, socket) is
refused. A link is followed once if its target lies inside the root; it is refused if the target lies outside, is
missing, is counted already, or is a folder that holds the link itself. So no link makes a file count twice. Files whose
names are the same in NFC are refused: an image is known by its name.
"""

# Plain strings here: 12,444 Path objects would take longer than all the rest of a second start.
# ruff: noqa: PTH112, PTH114, PTH118, PTH120
from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_PASSED_OVER = {"__macosx", "thumbs.db", "desktop.ini"}
_NO_UNICODE = re.compile("[\ud800-\udfff]")  # what Python makes of the bytes of such a name

LEAVES_ROOT = "a link that leaves the root folder"
TWINS = "two files have this name, but for how Unicode writes it; rename one"

Refusal = tuple[str, str]  # image or folder (relative posix path), reason


class Place(NamedTuple):
    """A folder to scan: its path below the root, and what its files are."""

    folder: str  # relative, as the file system spells it; "" is the root itself
    label: str
    side: str  # train, test or ""


class Candidate(NamedTuple):
    """A regular file that a source offers as an image."""

    image: str  # posix path below the root, NFC-normalised
    path: str  # what to open; no link
    label: str
    side: str
    size: int  # bytes
    modified: int  # mtime, nanoseconds
    changed: int  # ctime, nanoseconds: moves even if a tool puts mtime back
    photograph: str = ""
    box: tuple[int, int, int, int] | None = None  # left, top, right, bottom in pixels: the part to use


@dataclass
class _Scan:
    """What a scan has met so far."""

    files: list[Candidate] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    links: list[Place] = field(default_factory=list)  # `folder` is the link's path
    counted: set[str] = field(default_factory=set)  # real paths of files and folders taken so far


def readable(name: str) -> str:
    """Return `name` in NFC, with bytes that are no Unicode written as escapes."""
    if name.isascii():
        return name
    return unicodedata.normalize("NFC", name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))


def passed_over(name: str) -> bool:
    """Tell whether a file or folder of this name is never looked at."""
    return name.startswith(".") or name.lower() in _PASSED_OVER


def scan_folders(root: Path, places: Iterable[Place]) -> tuple[tuple[Candidate, ...], tuple[Refusal, ...]]:
    """Return the files of `places`, sorted by image, and what was refused, whatever order the file system has."""
    base = os.path.realpath(root)
    scan = _Scan()
    for place in sorted(places):
        if os.path.islink(os.path.join(base, place.folder)):
            scan.links.append(place)
        else:
            _descend(os.path.join(base, place.folder), place, scan)
    while scan.links:
        scan.links.sort(reverse=True)
        _follow(base, scan.links.pop(), scan)
    counts = Counter(file.image for file in scan.files)
    alone = [file for file in scan.files if counts[file.image] == 1]
    scan.refused += [(file.image, TWINS) for file in scan.files if counts[file.image] > 1]
    return tuple(sorted(alone)), tuple(sorted(scan.refused))


def _descend(real: str, place: Place, scan: _Scan) -> None:
    """List the folder `real` (no link), known below the root as `place.folder`, and all folders in it."""
    waiting = [(real, place.folder)]
    while waiting:
        real, folder = waiting.pop()
        if real in scan.counted:
            continue
        scan.counted.add(real)
        prefix = f"{folder}/" if folder else ""
        shown = readable(prefix.replace(os.sep, "/"))
        try:
            with os.scandir(real) as listing:
                entries = list(listing)
        except OSError as error:
            scan.refused.append((shown.rstrip("/"), f"a folder that cannot be listed: {error.strerror}"))
            continue
        for entry in entries:
            name = entry.name
            if passed_over(name):
                continue
            if entry.is_symlink():
                scan.links.append(place._replace(folder=prefix + name))
            elif entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, prefix + name))
            else:
                _offer(entry.path, shown + readable(name), place, scan)


def _offer(path: str, image: str, place: Place, scan: _Scan) -> None:
    """Add the file at `path` (no link), or refuse it by its kind or its name."""
    if path in scan.counted:
        scan.refused.append((image, "counted already, through a link"))
        return
    try:
        status = os.lstat(path)
    except OSError as error:
        scan.refused.append((image, f"cannot be read: {error.strerror}"))
        return
    if not stat.S_ISREG(status.st_mode):
        scan.refused.append((image, "not a regular file (a pipe, a socket or a device)"))
    elif not path.isascii() and _NO_UNICODE.search(path):
        scan.refused.append((image, "its name is not valid Unicode; rename it"))
    else:
        scan.counted.add(path)
        scan.files.append(
            Candidate(image, path, place.label, place.side, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        )


def _follow(base: str, link: Place, scan: _Scan) -> None:
    """Follow one link below the root `base`, or refuse it."""
    path, image = os.path.join(base, link.folder), readable(link.folder.replace(os.sep, "/"))
    try:
        target = os.path.realpath(path, strict=True)
    except OSError:
        scan.refused.append((image, "a link that leads nowhere"))
        return
    home = os.path.realpath(os.path.dirname(path))
    if target != base and not target.startswith(base + os.sep):
        scan.refused.append((image, LEAVES_ROOT))
    elif home == target or home.startswith(target + os.sep):
        scan.refused.append((image, "a link to a folder that holds it"))
    elif target in scan.counted:
        scan.refused.append((image, "a link to what is counted already"))
    elif os.path.isdir(target):
        _descend(target, link, scan)
    else:
        _offer(target, image, link, scan)
