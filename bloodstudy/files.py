"""Files that are either whole or absent.

Everything that another process may read is written beside its final name, flushed to disk and renamed: a kill at any
moment leaves the old content or the new, never half of either.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from bloodstudy.errors import MachineError

UMASK = os.umask(0o077)  # can only be read by being set
os.umask(UMASK)

_HOST = re.sub(r"[^A-Za-z0-9]", "", socket.gethostname())[:20]

_REMEDY = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EFBIG: "the file would be larger than this account or file system allows; raise the limit",
    errno.EROFS: "the file system is read-only; name a writable folder",
    errno.EACCES: "permission denied; name a folder that you may write to",
    errno.EPERM: "permission denied; name a folder that you may write to",
}


# Called with the step of a write and the final path: before-write, after-write (before it is flushed), before-rename,
# after-rename. The package adds nothing here; whoever watches writes does, such as the tests that kill in between.
observers: list[Callable[[str, Path], None]] = []


def _notify(step: str, path: Path) -> None:
    for observe in observers:
        observe(step, path)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write `path` into a MachineError that names it and the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REMEDY:
            raise
        raise MachineError(f"cannot write {path}: {_REMEDY[error.errno]}") from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that the file `path` stands for, made if need be; raises MachineError if that is refused."""
    lock = FileLock(path)
    with explained(path):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def make_folder(path: Path) -> Path:
    """Create `path`, with its parents, if it is missing and return it; raises MachineError if that is refused."""
    with explained(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def published(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; once the block ends well, flush it and rename it to `path`."""
    make_folder(path.parent)
    with explained(path):
        prefix = f".{path.name[:40]}.{_HOST}-"
        _remove_rests(path, prefix)
        handle, name = tempfile.mkstemp(prefix=f"{prefix}{os.getpid()}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        beside = Path(name)
        try:
            _notify("before-write", path)
            yield beside
            _notify("after-write", path)
            with beside.open("rb+") as stream:
                os.fsync(stream.fileno())
            beside.chmod(0o666 & ~UMASK)  # as any new file: the temporary one is for its owner alone
            _notify("before-rename", path)
            beside.replace(path)
            _notify("after-rename", path)
        finally:
            beside.unlink(missing_ok=True)


def _remove_rests(path: Path, prefix: str) -> None:
    """Remove what processes of this machine that were killed have left of writing `path`."""
    with os.scandir(path.parent) as entries:
        rests = [entry.name for entry in entries if entry.name.startswith(prefix)]
    if not rests:
        return
    import psutil  # here: hardly any write finds such a thing

    for rest in rests:
        writer = rest.removeprefix(prefix).partition(".")[0]
        if writer.isdigit() and not psutil.pid_exists(int(writer)):
            left = path.parent / rest
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield an empty folder that is gone after the block; those of processes that were killed go with it."""
    prefix = f"bloodstudy.{_HOST}-"
    _remove_rests(Path(tempfile.gettempdir(), prefix), prefix)
    with tempfile.TemporaryDirectory(prefix=f"{prefix}{os.getpid()}.") as name:
        yield Path(name)


@contextmanager
def published_folder(path: Path, names: Collection[str]) -> Iterator[Path]:
    """Yield an empty folder beside `path`; once the block ends well, put it in the place of `path`.

    `names` are the files and folders that are written there: none of an earlier folder stays. What else lies in it is
    kept.
    """
    path = path.resolve()
    beside, before = (path.with_name(f".{path.name}.{part}") for part in ("new", "old"))
    make_folder(path.parent)
    with explained(path), locked(path.with_name(f".{path.name}.lock")):
        if before.exists() and not path.exists():  # killed between the renames
            before.replace(path)
        _move_others(before, path, names)  # killed after them
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        try:
            yield beside
            if path.exists():
                path.replace(before)
            beside.replace(path)
            _move_others(before, path, names)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def _move_others(before: Path, path: Path, names: Collection[str]) -> None:
    """Move from the folder `before` to `path` what has none of `names`, and remove the rest."""
    if before.exists():
        for other in before.iterdir():
            if other.name not in names and not (path / other.name).exists():
                other.replace(path / other.name)
        shutil.rmtree(before)


def write_text(path: Path, text: str) -> None:
    """Publish `text` as UTF-8 at `path`."""
    with published(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Publish `content` as JSON at `path`: sorted keys, no NaN or infinity (they are not JSON)."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Return the content of the JSON file at `path`, or None if there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def hash_file(path: Path) -> str:
    """Return the SHA-256 of the file at `path`, in hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_hash(path: Path, digest: str) -> None:
    """Publish the hash of what is, or is about to be, at `path`, in a file beside it."""
    write_text(_hash_path(path), f"{digest}\n")


def read_hash(path: Path) -> str:
    """Return the hash that was published of what is at `path`; empty if there is none."""
    try:
        return _hash_path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def remove_hash(path: Path) -> None:
    """Forget the hash that was published of what is at `path`."""
    _hash_path(path).unlink(missing_ok=True)


def is_whole(path: Path) -> bool:
    """Tell whether the file at `path` has the hash that was published of it; a process reads an unchanged file once."""
    try:
        state = path.stat()
        return read_hash(path) == _hash_once(path, state.st_mtime_ns, state.st_size, state.st_ino)
    except OSError:
        return False


def _hash_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


@lru_cache(maxsize=256)
def _hash_once(path: Path, *state: int) -> str:
    return hash_file(path)
