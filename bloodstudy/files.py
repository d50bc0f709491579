"""Files that are either whole or absent.

Everything that another process may read is written beside its final name, flushed to disk and renamed: a kill at any
moment leaves the old content or the new, never half of either.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bloodstudy.errors import MachineError

_REMEDY = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EFBIG: "the file would be larger than this account or file system allows; raise the limit",
    errno.EROFS: "the file system is read-only; name a writable folder",
    errno.EACCES: "permission denied; name a folder that you may write to",
    errno.EPERM: "permission denied; name a folder that you may write to",
}


FAULT = "BLOODSTUDY_FAULT"  # tests alone set it: "killgroup:after-write:state-1:2" kills, by the process group, at the
# second file published as state-1...; "kill" ends this process alone. Points: before-write, after-write (before it is
# flushed), before-rename, after-rename.
_met = 0


def _meet(point: str, path: Path) -> None:
    """Die here if the tests ask for it."""
    global _met
    kind, *where = os.environ.get(FAULT, "").split(":")
    if not where or where[0] != point or not path.name.startswith(where[1]):
        return
    _met += 1
    if _met == int(where[2]):
        (os.killpg if kind == "killgroup" else os.kill)(0 if kind == "killgroup" else os.getpid(), signal.SIGKILL)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write `path` into a MachineError that names it and the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REMEDY:
            raise
        raise MachineError(f"cannot write {path}: {_REMEDY[error.errno]}") from error


def make_folder(path: Path) -> Path:
    """Create `path` with its parents where missing and return it; raises MachineError where that is refused."""
    with explained(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def published(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; once the block ends well, flush it and rename it to `path`."""
    make_folder(path.parent)
    with explained(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        beside = Path(name)
        try:
            _meet("before-write", path)
            yield beside
            _meet("after-write", path)
            with beside.open("rb+") as stream:
                os.fsync(stream.fileno())
            beside.chmod(0o644)
            _meet("before-rename", path)
            beside.replace(path)
            _meet("after-rename", path)
        finally:
            beside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Publish `text` as UTF-8 at `path`."""
    with published(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Publish `content` as JSON at `path`: sorted keys, no NaN or infinity (they are not JSON)."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Return the content of the JSON file at `path`, or None where there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
