"""A stored record that knows its own hash, so that whoever reads it sees what was changed or cut off.

In: the plain content of a plan or result. Out: the same under a format and a digest; and when it is read, the content,
or ValueError. Records of format 1, which had neither, are read as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bloodstudy.study.record import is_mapping

FORMAT = 2  # stands first, so that a file that is cut off still says that it has a digest


def seal(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return `content` between its format and its digest."""
    sealed = {"format": FORMAT, **content}
    return {**sealed, "digest": _digest(sealed)}


def unseal(content: Any) -> Any:
    """Return what was sealed; raises ValueError if it is not what it was."""
    if not is_mapping(content) or not {"format", "digest"} & {*content}:
        return content
    if content.get("format", FORMAT) != FORMAT:
        raise ValueError(f"expected format {FORMAT}; received {content['format']!r}. Another version wrote it")
    kept = {name: value for name, value in content.items() if name != "digest"}
    if content.get("digest") != _digest(kept):
        raise ValueError("it was changed or cut off after it was written: its digest is not that of its content")
    return {name: value for name, value in kept.items() if name != "format"}


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]
