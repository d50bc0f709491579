"""What is kept between runs: the screening of a source and the decoded arrays, shared by all processes.

In: a listing and a view. Out: its screening and a read-only memory map, from the cache where nothing has changed,
otherwise decoded now, by one process while the others wait. A damaged or foreign cache file is made anew.

    <cache>/source-<hash of the place and the limits>/index.json, quarantine.csv
    <cache>/<fingerprint>/<height>x<width>-<colour>-<conversion rule>.npy
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np
from filelock import FileLock

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.screening import decode
from bloodstudy.data.screening.listing import Listing, Progress
from bloodstudy.data.screening.scan import Refusal
from bloodstudy.data.screening.screen import Screening, fingerprint, screen
from bloodstudy.errors import MachineError
from bloodstudy.files import explained, make_folder, read_json, write_json, write_text

_INDEX = 1  # raise it with any change of index.json


@dataclass(frozen=True, eq=False)
class Decoded:
    """The usable images of a listing."""

    screening: Screening
    fingerprint: str
    images: np.memmap  # uint8 (N, height, width, channels), read-only
    quarantine: Path  # the table of refused files


@dataclass(frozen=True)
class Request:
    """Which images are wanted, how, and where they are kept."""

    listing: Listing
    choice: DataChoice
    view: decode.View
    cache: Path

    @cached_property
    def signature(self) -> str:
        """Return what changes with any file."""
        return self.listing.signature()

    @cached_property
    def source(self) -> Path:
        """Return the folder of the index: one for each place, kind of box and pair of limits."""
        boxed = any(file.box for file in self.listing.candidates)
        limits = self.choice.max_bytes, self.choice.max_pixels
        parts = (str(self.listing.root), self.listing.name, boxed, limits, decode.RULE)
        return self.cache / f"source-{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"

    def array(self, fingerprint: str) -> Path:
        """Return where the decoded array of the data with this fingerprint is kept."""
        return self.cache / fingerprint / f"{self.view.height}x{self.view.width}-{self.view.colour}-{decode.RULE}.npy"


def fetch(request: Request, progress: Progress | None = None) -> Decoded:
    """Return the decoded images; decodes only where the cache does not have them.

    Raises MachineError where the cache folder cannot be written.
    """
    found = _recall(request)
    if found is None:
        make_folder(request.source)
        name = f"{request.view.height}x{request.view.width}-{request.view.colour}"
        with explained(request.cache), FileLock(request.source / f"{name}.lock"):
            found = _recall(request)
            if found is None:
                _build(request, request.source / f"{name}.part", progress)
                found = _recall(request)
    if found is None:
        raise MachineError(f"the cache in {request.cache} changes while it is written; remove it and try again")
    return found


def _recall(request: Request) -> Decoded | None:
    """Return what the cache knows of the unchanged listing, or None."""
    screening = _read_index(request)
    if screening is None:
        return None
    digits = fingerprint(request.listing, screening)
    usable, view = len(screening.content) - screening.content.count(None), request.view
    images = _open_array(request.array(digits), (usable, view.height, view.width, view.channels))
    return None if images is None else Decoded(screening, digits, images, request.source / "quarantine.csv")


def _read_index(request: Request) -> Screening | None:
    """Return the kept screening where it is whole and of this very listing."""
    try:
        index = read_json(request.source / "index.json")
        if index is None or index["version"] != _INDEX or index["signature"] != request.signature:
            return None
        screening = Screening(tuple(index["content"]), tuple((image, reason) for image, reason in index["refused"]))
        if len(screening.content) != len(request.listing.candidates):
            return None
        return screening if index["fingerprint"] == fingerprint(request.listing, screening) else None
    except (ValueError, KeyError, TypeError, OSError):
        return None


def _open_array(path: Path, shape: tuple[int, int, int, int]) -> np.memmap | None:
    """Map the array at `path`, or return None where it is missing, cut short or not what it should be."""
    if shape[0] == 0:
        return np.zeros(shape, np.uint8)  # pyright: ignore[reportReturnType] - nothing can be mapped; the caller refuses such data
    try:
        images = np.lib.format.open_memmap(path, mode="r")
        right = images.shape == shape and images.dtype == np.uint8 and images.flags.c_contiguous
        return images if right and path.stat().st_size == images.offset + images.nbytes else None
    except (OSError, ValueError, EOFError, SyntaxError):
        return None


def _build(request: Request, part: Path, progress: Progress | None) -> None:
    """Screen and decode in one pass, then publish the array, the quarantine list and, last, the index.

    The array is written as a stream, not through a map: a full disk is then an error that can be told, not a signal
    that ends the process, and the pixels never count as this process's memory. `part` is the same file for each
    attempt, so a killed one leaves nothing behind that the next does not overwrite.
    """
    listing, view = request.listing, request.view
    with part.open("wb") as stream:
        start = _write_header(stream, 0, view)
        screening = screen(listing, request.choice, view, lambda pixels: _write(stream, pixels), progress)
        usable = len(screening.content) - screening.content.count(None)
        stream.seek(0)
        if _write_header(stream, usable, view) != start:  # numpy pads the header so that the first axis may grow
            raise RuntimeError(f"numpy {np.__version__} wrote array headers of two lengths for one kind of array")
        stream.flush()
        os.fsync(stream.fileno())
    digits = fingerprint(listing, screening)
    final = request.array(digits)
    make_folder(final.parent)
    with explained(final):
        part.replace(final)
    _write_table(request.source / "quarantine.csv", sorted(listing.refused + screening.refused))
    index = {"version": _INDEX, "signature": request.signature, "fingerprint": digits}
    write_json(request.source / "index.json", index | {"content": screening.content, "refused": screening.refused})


def _write_header(stream: BinaryIO, images: int, view: decode.View) -> int:
    """Write the header of a .npy file of so many images; returns where the pixels begin."""
    shape = (images, view.height, view.width, view.channels)
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return stream.tell()


def _write(stream: BinaryIO, pixels: np.ndarray) -> None:
    stream.write(np.ascontiguousarray(pixels).data)


def _write_table(path: Path, refused: Sequence[Refusal]) -> None:
    """Publish the quarantine list; quoted, since a file name may hold commas, quotes and line ends."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("image", "reason"))
    writer.writerows(refused)
    write_text(path, table.getvalue())
