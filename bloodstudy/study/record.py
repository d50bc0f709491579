"""What all stored records share: a value is checked for its kind when it is read, whoever wrote it.

In: plain containers, as YAML and JSON give them. Out: the same values; ValueError or TypeError, in words for people,
for what is not as it must be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def expect(value: Any, kind: type | tuple[type, ...], name: str = "") -> Any:
    """Return `value`; raises TypeError if it is no `kind`. A bool is no number, a whole number is a float too."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    allowed = (*kinds, int) if float in kinds else kinds
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in kinds):
        expected = " or ".join("nothing" if k is type(None) else f"a {k.__name__}" for k in kinds)
        received = f"{value!r:.80}" if name else f"a {type(value).__name__}"
        raise TypeError(f"{name}: expected {expected}; received {received}".removeprefix(": "))
    return value


def expect_fields(content: Any, fields: Mapping[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """Return `content`, a mapping in which each of `fields` has a value of its kind."""
    expect(content, dict)
    for name, kind in fields.items():
        expect(content.get(name), kind, name)
    return content


def expect_names(content: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return `content`, a mapping that has all of `names`, whatever stands under them."""
    if missing := [name for name in names if name not in expect(content, dict)]:
        raise ValueError(f"it lacks {', '.join(missing)}")
    return content
