"""What the level of a factor, or the value of a key, may be: numbers within bounds, names, switches, sizes.

In: bounds or names. Out: a `Rule`, which tells whether a value fits, and says in words what would.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import yaml


@dataclass(frozen=True)
class Rule:
    """What a value must be: `accepts` tells, `expected` says it in words; `levels` lists the names if it is one."""

    expected: str
    accepts: Callable[[Any], bool]
    levels: tuple[str, ...] = ()
    plain: Mapping[str, Any] = field(default_factory=dict)  # what `rule_of` makes it from again; {}: nothing can


def Real(  # noqa: N802 - with Whole, Choice and Flag it is what people write in their own files
    low: float | None = None, high: float | None = None, *, above: float | None = None, below: float | None = None
) -> Rule:
    """Return the rule of a finite number, from `low` or above `above`, up to `high` or below `below`."""

    def accepts(value: Any) -> bool:
        return is_number(value) and _fits(value, low, high, above, below)

    plain = {"kind": "Real", "low": low, "high": high, "above": above, "below": below}
    return Rule(_describe("a number", low, high, above, below), accepts, plain=plain)


def Whole(low: int | None = None, high: int | None = None) -> Rule:  # noqa: N802
    """Return the rule of a whole number from `low` to `high`."""
    plain = {"kind": "Whole", "low": low, "high": high}
    words = _describe("a whole number", low, high)
    return Rule(words, lambda value: is_whole(value) and _fits(value, low, high), plain=plain)


def Choice(*levels: str) -> Rule:  # noqa: N802
    """Return the rule of one of some names."""
    plain = {"kind": "Choice", "levels": list(levels)}
    return Rule("one of " + ", ".join(map(str, levels)), lambda value: value in levels, levels, plain)


def Flag() -> Rule:  # noqa: N802
    """Return the rule of a switch."""
    return Rule("true or false", lambda value: isinstance(value, bool), plain={"kind": "Flag"})


def rule_of(plain: Mapping[str, Any]) -> Rule:
    """Return the rule that a `plain` one stands for; raises KeyError or TypeError for what is none."""
    kinds: dict[str, Callable[..., Rule]] = {"Real": Real, "Whole": Whole, "Flag": Flag}
    bounds = {name: value for name, value in plain.items() if name not in ("kind", "levels")}
    return Choice(*plain["levels"]) if plain["kind"] == "Choice" else kinds[plain["kind"]](**bounds)


def text(expected: str, optional: bool = False) -> Rule:
    """Return the rule of words that are not blank; of null too if it is `optional`."""
    return Rule(
        expected, lambda value: (optional and value is None) or (isinstance(value, str) and value.strip() != "")
    )


def size() -> Rule:
    """Return the rule of a height and a width in pixels."""
    return Rule("[height,width] in whole pixels from 1 to 4096, such as [120,160]", _is_size)


def layers() -> Rule:
    """Return the rule of how many layers, from the first one on."""
    named = ("none", "all")
    return Rule("none, all, or how many layers", lambda value: value in named or (is_whole(value) and value > 0))


def is_number(value: Any) -> bool:
    """Tell whether `value` is a finite number, and no switch."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_whole(value: Any) -> TypeGuard[int]:
    """Tell whether `value` is a whole number, and no switch."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_name(level: Any) -> bool:
    """Tell whether a level is text that YAML and Hydra take for text: not null, not 1, not on."""
    try:
        if not isinstance(level, str) or yaml.safe_load(level) != level:
            return False
        float(level)  # such as 1e-3, which YAML takes for text and Hydra does not
    except ValueError:
        return True
    except yaml.YAMLError:
        return False
    return False


def _is_size(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(is_whole(v) and 1 <= v <= 4096 for v in value)


def _fits(
    value: float, low: float | None, high: float | None, above: float | None = None, below: float | None = None
) -> bool:
    at_least = (low is None or value >= low) and (above is None or value > above)
    return at_least and (high is None or value <= high) and (below is None or value < below)


def _describe(
    noun: str, low: float | None, high: float | None, above: float | None = None, below: float | None = None
) -> str:
    if low is not None and below is not None:
        return f"{noun} from {low:.10g} up to, not including, {below:.10g}"
    if low is not None and high is not None:
        return f"{noun} from {low:.10g} to {high:.10g}"
    bounds = [("above", above), ("of at least", low), ("at most", high), ("below", below)]
    words = [f"{word} {bound:.10g}" for word, bound in bounds if bound is not None]
    return f"{noun} {' and '.join(words)}".strip()
