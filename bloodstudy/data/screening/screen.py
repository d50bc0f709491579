"""Read each offered file once: hash it, decode it, or say why it cannot be used.

In: a listing, limits on bytes and pixels, the wanted view. Out: decoded images in the listing's order, one at a time,
and a `Screening`: content hashes, refusals, the fingerprint. Nothing downstream ever opens a file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.screening import decode
from bloodstudy.data.screening.listing import Listing, Progress, show_nothing, side_of
from bloodstudy.data.screening.scan import Candidate, Refusal
from bloodstudy.errors import MachineError, UserError

_CHUNK = 32  # files a task, enough to make its overhead small ...
_CHUNK_BYTES = 8_000_000  # ... unless their pixels are more than this: a few tasks wait in memory
_THE_FILES_FAULT = {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENXIO}
_MANY = 10  # files: fewer refusals than this never stop a run


@dataclass(frozen=True)
class Screening:
    """The content of the files of a listing, and which of them cannot be used."""

    content: tuple[str | None, ...]  # SHA-256 of each candidate in the listing's order; None: refused
    refused: tuple[Refusal, ...]  # of the candidates

    @property
    def hashes(self) -> list[str]:
        """Return the SHA-256 of each usable candidate, in the listing's order."""
        return [content for content in self.content if content is not None]

    def usable(self, listing: Listing) -> list[Candidate]:
        """Return the candidates that can be used, in the listing's order."""
        return [file for file, content in zip(listing.candidates, self.content, strict=True) if content is not None]


def fingerprint(listing: Listing, screening: Screening) -> str:
    """Return 16 hex digits over image, content, label, box and side of all usable files, in whatever order.

    A side that a folder of the image's path names is in its path already.
    """
    pairs = zip(listing.candidates, screening.content, strict=True)
    sides = ("" if f.side in map(side_of, f.image.split("/")) else f.side for f in listing.candidates)
    lines = sorted(
        f"{f.image}\0{content}\0{f.label}\0{f.box or ''}\0{side}\n"
        for (f, content), side in zip(pairs, sides, strict=True)
        if content is not None
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def screen(
    listing: Listing,
    choice: DataChoice,
    view: decode.View,
    keep: Callable[[np.ndarray], None],
    progress: Progress = show_nothing,
) -> Screening:
    """Decode every candidate once, in threads; `keep` gets the pixels of each usable one, in the listing's order."""
    contents: list[str | None] = []
    refused: list[Refusal] = []
    files = listing.candidates
    with decode.pillow_limits(choice.max_pixels):
        chunk_size = max(1, min(_CHUNK, _CHUNK_BYTES // (view.height * view.width * view.channels)))
        for chunk in _in_order(files, chunk_size, lambda file: _read(file, choice, view)):
            for content, pixels in chunk:
                if isinstance(pixels, str):
                    refused.append((files[len(contents)].image, pixels))
                    contents.append(None)
                else:
                    keep(pixels)
                    contents.append(content)
            progress("decoding", len(contents), len(files))
    return Screening(tuple(contents), tuple(refused))


def refuse_too_many(refused: Sequence[Refusal], offered: int, max_refused: float, table: Path) -> None:
    """Raise UserError if more than `max_refused` of the offered files and more than 10 cannot be used."""
    if len(refused) <= _MANY or len(refused) <= max_refused * offered:
        return
    first = "; ".join(f"{image!r}: {reason}" for image, reason in refused[:3])
    raise UserError(
        f"{len(refused)} of {offered} files cannot be used, {len(refused) / offered:.1%}; data.max_refused allows "
        f"{max_refused:.1%}. The first: {first}. All of them: {table}. Mend or remove them, or raise data.max_refused."
    )


_Reading = tuple[str, np.ndarray | str]  # SHA-256, pixels or the reason for refusing


def _read(file: Candidate, choice: DataChoice, view: decode.View) -> _Reading:
    """Read, hash and decode one file."""
    try:
        if file.size > choice.max_bytes:
            raise decode.UnusableError(f"{file.size:,} bytes, more than {choice.max_bytes:,} (data.max_bytes)")
        content = read_file(file.path, choice.max_bytes)
        if not content:
            raise decode.UnusableError("zero bytes")
        pixels = decode.decode(content, view, choice.max_pixels, file.box)
        return hashlib.sha256(content).hexdigest(), pixels
    except decode.UnusableError as error:
        return "", str(error)
    except MemoryError as error:
        raise MachineError(
            f"not enough memory to decode {file.path}; close other programs or lower data.max_pixels"
        ) from error


def read_file(path: str, max_bytes: int) -> bytes:
    """Return the content of a regular file, never waiting for one that has become a pipe, never more than allowed.

    Raises UnusableError for what is wrong with the file, MachineError for what is wrong with the disk.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb", buffering=0) as stream:  # noqa: PTH123 (a descriptor has no path)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise decode.UnusableError("not a regular file (a pipe, a socket or a device)")
            content = stream.read(max_bytes + 1) or b""
    except OSError as error:
        if error.errno in _THE_FILES_FAULT:
            raise decode.UnusableError(f"cannot be read: {error.strerror}") from error
        raise MachineError(
            f"cannot read {path}: {error.strerror}; mend the disk or the mount, then try again"
        ) from error
    if len(content) > max_bytes:
        raise decode.UnusableError(f"more than {max_bytes:,} bytes (data.max_bytes)")
    return content


def _in_order(files: Sequence[Candidate], size: int, read: Callable[[Candidate], _Reading]) -> Iterator[list[_Reading]]:
    """Read the files in threads and yield the results in order, `size` at a time, with few of them waiting."""
    from joblib import cpu_count  # the cores that this process may use: fewer than there are, under a scheduler

    threads = cpu_count()
    chunks = (files[start : start + size] for start in range(0, len(files), size))
    left = threading.Event()  # nobody waits for the rest: a command that is stopped ends after the files in work

    def read_all(some: Sequence[Candidate]) -> list[_Reading]:
        return [read(file) for file in some if not left.is_set()]

    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        waiting: deque[Future[list[_Reading]]] = deque()
        try:
            for chunk in chunks:
                waiting.append(pool.submit(read_all, chunk))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            left.set()
