"""The digest of the code that decides a trial's numbers.

In: the package's own sources. Out: sixteen hex digits, kept with every result and every saved state, so that edited
code is reported and never continues what other code began.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from bloodstudy import PACKAGE

DECIDING = ("config", "study/trial.py", "study/metrics.py", "data", "model", "training")  # parts of the package


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Return sixteen hex digits over the sources that decide a trial's numbers, as they are when first asked for."""
    return digest_of(PACKAGE, [file for name in DECIDING for file in _sources(PACKAGE / name)])


def digest_of(root: Path, sources: list[Path]) -> str:
    """Return sixteen hex digits over the names of `sources` below `root` and their content."""
    digest = hashlib.sha256()
    for file in sorted(sources):
        content = file.read_bytes().replace(b"\r\n", b"\n")  # the same on a clone that git gave other line ends
        digest.update(f"{file.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def _sources(path: Path) -> list[Path]:
    return [path] if path.is_file() else list(path.rglob("*.py"))
