"""What is kept between runs: the screening of a source and the decoded arrays, shared by all processes.

In: a listing and a view. Out: its screening and a read-only memory map, from the cache if nothing has changed,
otherwise decoded now, by one process while the others wait. A damaged or foreign cache file is made anew: an array
has its hash beside it.

    <cache>/source-<hash of the place and the limits>/index.json, quarantine.csv
    <cache>/<fingerprint>/<height>x<width>-<colour>-<conversion rule>.npy
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from bloodstudy.config.schema import DataChoice
from bloodstudy.config.visible import show_cell
from bloodstudy.data.screening import decode
from bloodstudy.data.screening.listing import Listing, Progress, show_nothing
from bloodstudy.data.screening.scan import Candidate
from bloodstudy.data.screening.screen import Screening, fingerprint, screen
from bloodstudy.errors import MachineError
from bloodstudy.files import (
    explained,
    hash_file,
    is_whole,
    locked,
    make_folder,
    read_json,
    write_hash,
    write_json,
    write_text,
)

_INDEX = 1  # raise it with any change of index.json


@dataclass(frozen=True, eq=False)
class Decoded:
    """The usable images of a listing."""

    files: list[Candidate]  # in the listing's order
    screening: Screening
    fingerprint: str
    images: np.memmap  # uint8 (N, height, width, channels), read-only
    quarantine: Path  # the table of refused files
    mended: str = ""  # what of the cache was damaged and is made anew


@dataclass(frozen=True)
class Request:
    """Which images are wanted, how, and where they are kept."""

    listing: Listing
    choice: DataChoice
    view: decode.View
    cache: Path

    @cached_property
    def source(self) -> Path:
        """Return the folder of the index: one for each place, kind of box and pair of limits."""
        boxed = any(file.box for file in self.listing.candidates)
        limits = self.choice.max_bytes, self.choice.max_pixels
        parts = (str(self.listing.root), self.listing.name, boxed, limits, decode.RULE)
        return self.cache / f"source-{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"

    def array(self, fingerprint: str) -> Path:
        """Return where the decoded array of the data with this fingerprint is kept."""
        return self.cache / fingerprint / f"{self.view.name}-{decode.RULE}.npy"


def fetch(request: Request, progress: Progress = show_nothing) -> Decoded:
    """Return the decoded images; decodes only if the cache does not have them.

    Raises MachineError if the cache folder cannot be written.
    """
    decoded = _recall(request)
    if decoded is None:
        make_folder(request.source)
        with explained(request.cache), locked(request.source / f"{request.view.name}.lock"):
            decoded = _recall(request)
            if decoded is None:
                damaged = _find_damaged(request)
                _build(request, request.source / f"{request.view.name}.part", progress)
                decoded = _recall(request)
                if decoded is not None and damaged is not None:
                    decoded = replace(decoded, mended=f"{damaged} was damaged or of an older version; it is made anew")
    if decoded is None:
        raise MachineError(f"the cache in {request.cache} changes while it is written; remove it and try again")
    return decoded


def _recall(request: Request) -> Decoded | None:
    """Return what the cache knows of the unchanged listing, or None."""
    screening = _read_index(request)
    if screening is None:
        return None
    digits = fingerprint(request.listing, screening)
    images = _open_array(request.array(digits), _shape(len(screening.hashes), request.view))
    files, quarantine = screening.usable(request.listing), request.source / "quarantine.csv"
    return None if images is None else Decoded(files, screening, digits, images, quarantine)


def _find_damaged(request: Request) -> Path | None:
    """Return the array of the unchanged listing, which cannot be used, if there is one."""
    screening = _read_index(request)
    path = None if screening is None else request.array(fingerprint(request.listing, screening))
    return path if path is not None and path.exists() else None


def _read_index(request: Request) -> Screening | None:
    """Return the kept screening if it is whole and of this very listing."""
    try:
        path = request.source / "index.json"
        index = read_json(path) if is_whole(path) else None
        if index is None or index["version"] != _INDEX or index["signature"] != request.listing.signature:
            return None
        screening = Screening(tuple(index["content"]), tuple((image, reason) for image, reason in index["refused"]))
        if len(screening.content) != len(request.listing.candidates):
            return None
        return screening if index["fingerprint"] == fingerprint(request.listing, screening) else None
    except (ValueError, KeyError, TypeError, OSError):
        return None


def _open_array(path: Path, shape: tuple[int, int, int, int]) -> np.memmap | None:
    """Map the array at `path`, or return None if it is missing, or is not what was published."""
    if shape[0] == 0:
        return np.zeros(shape, np.uint8)  # pyright: ignore[reportReturnType] - nothing can be mapped; the caller refuses such data
    try:
        images = np.lib.format.open_memmap(path, mode="r")
        right = images.shape == shape and images.dtype == np.uint8 and images.flags.c_contiguous
        return images if right and is_whole(path) else None
    except (OSError, ValueError, EOFError, SyntaxError):
        return None


def _build(request: Request, part: Path, progress: Progress) -> None:
    """Screen and decode in one pass, then publish the array, the quarantine list and, last, the index.

    The array is written as a stream, not through a map: a full disk is then an error that can be told, not a signal
    that ends the process, and the pixels never count as this process's memory. `part` is the same file for each
    attempt, so a killed one leaves nothing behind that the next does not overwrite.
    """
    listing, view = request.listing, request.view
    with part.open("wb") as stream:
        start = _write_header(stream, 0, view)
        screening = screen(listing, request.choice, view, lambda pixels: _write(stream, pixels), progress)
        stream.seek(0)
        # numpy pads the header so that the first axis may grow
        if _write_header(stream, len(screening.hashes), view) != start:
            raise RuntimeError(f"numpy {np.__version__} wrote array headers of two lengths for one kind of array")
        stream.flush()
        os.fsync(stream.fileno())
    digits = fingerprint(listing, screening)
    final = request.array(digits)
    make_folder(final.parent)
    write_hash(final, hash_file(part))
    with explained(final):
        part.replace(final)
    table = pd.DataFrame(sorted(listing.refused + screening.refused), columns=["image", "reason"])
    write_text(request.source / "quarantine.csv", table.map(show_cell).to_csv(index=False, lineterminator="\n"))
    index = {"version": _INDEX, "signature": listing.signature, "fingerprint": digits}
    path = request.source / "index.json"
    write_json(path, index | {"content": screening.content, "refused": screening.refused})
    write_hash(path, hash_file(path))


def _write_header(stream: BinaryIO, images: int, view: decode.View) -> int:
    """Write the header of a .npy file of so many images; returns where the pixels begin."""
    header = {"descr": "|u1", "fortran_order": False, "shape": _shape(images, view)}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.tell()


def _shape(images: int, view: decode.View) -> tuple[int, int, int, int]:
    return images, view.height, view.width, view.channels


def _write(stream: BinaryIO, pixels: np.ndarray) -> None:
    stream.write(np.ascontiguousarray(pixels).data)
