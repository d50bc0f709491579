"""Images that an extension lists: where its function says they are, and what it says of them.

In: the name of a data source, and the folder that it is given. Out: its listing. The function runs in a process of its
own. Its files must lie in that folder; they are screened and decoded like any others.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from bloodstudy.config.extension.describe import list_images
from bloodstudy.config.extension.known import DATA_SOURCES, joined
from bloodstudy.data.screening.listing import SIDES, Listing
from bloodstudy.data.screening.scan import Candidate, Place, readable, scan_folders
from bloodstudy.data.sources.folder import existing
from bloodstudy.errors import UserError


def list_own(name: str, root: str | Path | None) -> Listing:
    """Return the listing of the data source `name` of an extension; raises UserError for what it may not say."""
    if root is None:
        raise UserError(f"data={name} needs the folder of the images: data.root=FOLDER, which the extension is given")
    folder = existing(root)
    (extension,) = (one for one in joined() if one.digest == DATA_SOURCES[name].extension)
    told = f"data={name} of extend={extension.source.typed}"
    rows = list_images(extension.source, name, folder)
    files, refused = scan_folders(folder, [Place("", "", "")])
    by_path = {file.path: file for file in files}
    taken: dict[str, Candidate] = {}
    for row in rows:
        path = os.path.realpath(folder / row.path)
        file = by_path.get(path)
        if file is None:
            raise UserError(f"{told}: {row.path!r} is no file in {folder}; expected paths of images in data.root")
        if path in taken:
            raise UserError(f"{told}: {row.path!r} is listed twice; expected each image once")
        side, photograph = row.side or "", readable(row.photograph or "")
        taken[path] = file._replace(label=readable(row.label), side=side, photograph=photograph)
    sided = Counter(bool(file.side) for file in taken.values())
    if len(sided) == 2:
        raise UserError(
            f"{told}: {sided[True]:,} images have a side and {sided[False]:,} have none; expected "
            f"{' or '.join(SIDES)} for all of them, or None for all"
        )
    classes = tuple(sorted({file.label for file in taken.values()}))
    notes = _describe_rest(len(files) - len(taken), list(taken.values()))
    return Listing(name, folder, tuple(sorted(taken.values())), refused, classes, bool(sided[True]), notes)


def _describe_rest(rest: int, taken: list[Candidate]) -> tuple[str, ...]:
    notes = [f"{rest:,} files of the folder are not listed by the extension"] if rest else []
    known = sum(bool(file.photograph) for file in taken)
    if 0 < known < len(taken):
        notes.append(f"the photograph of {known:,} of {len(taken):,} images is named; scenes are not taken from it")
    return tuple(notes)
