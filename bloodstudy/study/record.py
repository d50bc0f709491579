"""How a stored record is read: each value is checked for its type, whoever wrote it.

In: plain containers, as YAML and JSON give them, and the dataclass that they should be. Out: the dataclass; ValueError,
in words for people, for what is not as the annotations of its fields say. Names that no field has are passed over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Record = TypeVar("Record")


def read_record(kind: type[Record], content: Any) -> Record:
    """Return the record of this `kind` that `content` holds; raises ValueError for the first value that is wrong."""
    from pydantic import ValidationError

    try:
        text = json.dumps(content, allow_nan=False)
    except TypeError as error:  # YAML knows dates and sets too
        raise ValueError(f"expected plain values; {error}") from error
    try:
        return _adapter(kind).validate_json(text, strict=True)  # strict: "1" and true are no numbers
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(map(str, problem["loc"]))
        expected = problem["msg"].replace("Input should be", "expected")
        if problem["type"] == "missing":
            raise ValueError(f"{place} is missing") from None
        raise ValueError(f"{place}: {expected}; received {problem['input']!r:.80}".removeprefix(": ")) from None


def is_mapping(content: Any) -> TypeGuard[dict[str, Any]]:
    """Tell whether `content` is a mapping, the only plain one that there is."""
    return isinstance(content, dict)


def is_list(content: Any) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Tell whether `content` is a list; a tuple is one too, before it is stored."""
    return isinstance(content, list | tuple)


def rename(content: Any, names: Mapping[str, str]) -> Any:
    """Return `content` with the stored names of its fields replaced, those of the mappings in its lists too."""
    if is_list(content):
        return [rename(part, names) for part in content]
    if not is_mapping(content):
        return content
    return {names.get(name, name): rename(v, names) if is_list(v) else v for name, v in content.items()}


@lru_cache(maxsize=16)
def _adapter(kind: type[Record]) -> TypeAdapter[Record]:
    from pydantic import TypeAdapter  # imported late: a command that reads no record does without

    return TypeAdapter(kind)
