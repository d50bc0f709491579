"""Whether an extension has changed what all networks of a process share: functions and classes of other modules.

In: the modules of this process, before an extension is imported and after a trial. Out: whether one of their functions,
classes or methods is another object now. A process of which that is true trains nothing more: its next trial would not
be the one that is trained alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

LIBRARIES = ("keras", "tensorflow", "numpy", "bloodstudy")

_noted: dict[tuple[str, ...], Any] = {}  # the objects themselves, so that none gives its address to another


def note() -> None:
    """Remember what is there, if that was not done before."""
    if not _noted:
        _noted.update(_list())


def has_changed() -> bool:
    """Tell whether something that was noted has been replaced; what was added since is nobody else's."""
    now = dict(_list()) if _noted else {}
    return any(now.get(place, before) is not before for place, before in _noted.items())


def _list() -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in LIBRARIES:
            continue
        for key, value in list(getattr(module, "__dict__", {}).items()):
            if not callable(value):
                continue
            yield (name, key), value
            if isinstance(value, type) and value.__module__ == name:
                yield from (((name, key, part), own) for part, own in vars(value).items() if _is_code(own))


def _is_code(value: Any) -> bool:
    return callable(value) or isinstance(value, property | staticmethod | classmethod)
