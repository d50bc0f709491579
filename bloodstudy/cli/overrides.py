"""Overrides as they were typed, each judged by itself.

In: the words of a command line. Out: Hydra's own parsed overrides, and a sentence for each that cannot be: unknown key,
unknown choice, value out of range, swept without -m, given twice.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType, Quote, QuotedString, RangeSweep
from hydra.errors import HydraException

from bloodstudy.config.rules import RULES, check_value, unknown_key
from bloodstudy.config.schema import Control, Places
from bloodstudy.config.yaml_files import is_global, named, read_yaml
from bloodstudy.errors import UserError, nearest
from bloodstudy.study.arms import spell
from bloodstudy.study.stored_rules import MAX_TRIALS

GROUPS = ("model", "data")
RECORD = "study.record"  # key of a job's planned trial, as JSON: the command writes it, nobody types it
TOO_MANY = f"expected at most {MAX_TRIALS:,} trials in one plan. Ask for fewer levels or seeds, or for several studies"
UNSWEPT = tuple(field.name for kind in (Places, Control) for field in dataclasses.fields(kind))
TYPED_ALONE = (*UNSWEPT, "seed")  # no file of a model, of data, a study or a question sets these


_PLAIN_WORD = re.compile(r"(?!(?:null|true|false|nan|inf|yes|no|on|off)$)[a-z_][a-z0-9_]*", re.ASCII)


def parse(overrides: list[str]) -> tuple[list[Override], list[str]]:
    """Return the overrides that can be read, and a sentence for each that cannot."""
    parser, parsed, problems = OverridesParser.create(), [], []
    for text in overrides:
        try:
            # Counted before any is made: Hydra would make them all, one by one.
            count = text.count(",") if text.count(",") > MAX_TRIALS else _count(override := parser.parse_override(text))
            if count > MAX_TRIALS:
                many = f"more than {10**9:,}" if count > 10**9 else f"{count:,.0f}"
                problems.append(f"{text[:60]!r}: {many} levels; {TOO_MANY}")
                continue
            values_of(override)
            parsed.append(override)
        except (HydraException, ValueError, OverflowError):  # the last two: a range that has no end
            problems.append(
                f"cannot read {text!r}: expected key=value or a list of values, such as lr=1e-3 or lr=1e-2,1e-3"
            )
    return parsed, problems


def _count(override: Override) -> float:
    """Return how many levels an override gives."""
    value = override.value()
    if not isinstance(value, RangeSweep):
        return len(value) if isinstance(value, list) else 1
    start, stop = (float(end or 0) for end in (value.start, value.stop))
    return math.inf if value.step == 0 else max(0, math.ceil((stop - start) / value.step))


def refuse_many(trials: int, text: str) -> None:
    """Raise UserError if these are more trials than a plan holds; `text` says what they come from."""
    if trials > MAX_TRIALS:
        raise UserError(f"{text}: {trials:,} trials; {TOO_MANY}")


def is_hydras(override: Override) -> bool:
    """Tell whether an override is about Hydra itself, such as its launcher."""
    return override.key_or_group.startswith(("hydra.", "hydra/"))


def values_of(override: Override) -> list[Any]:
    """Return the levels that an override gives, one or several."""
    if not override.is_sweep_override():
        return [override.value()]
    return [value.text if isinstance(value, QuotedString) else value for value in override.sweep_iterator()]


def first_levels(overrides: Iterable[Override]) -> dict[str, Any]:
    """Return the level of each key, of several the first."""
    return {override.key_or_group: values_of(override)[0] for override in overrides}


def write(key: str, value: Any) -> str:
    """Return the override that gives `key` the `value`, as Hydra reads it back."""
    return f"{key}={_write(value)}"


def _write(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_write, value)) + "]"
    if isinstance(value, str) and not _PLAIN_WORD.fullmatch(value):
        return QuotedString(value, Quote.single).with_quotes()
    return repr(value) if isinstance(value, float) else spell(value)


def judge(override: Override, multirun: bool) -> list[str]:
    """Return what is wrong with one override and its values; needs an initialised Hydra, for the choices of a group."""
    key, text = override.key_or_group, override.input_line
    if override.type != OverrideType.CHANGE or override.package is not None:
        return [f"{text!r}: keys cannot be added or removed; expected key=value with a key of the configuration"]
    if key.startswith("study."):
        return [f"{text!r}: write study=NAME, with -m before it"]
    if key not in RULES and key not in GROUPS:
        return [unknown_key(key)]
    values = values_of(override)
    if override.is_sweep_override() and key in UNSWEPT:
        return [f"{text!r}: {key} is not swept; all trials of a sweep are kept together and treated alike"]
    if override.is_sweep_override() and not multirun:
        return [f"{text!r}: several values make a sweep; write -m before it, as in: -m {text}"]
    if len({spell(value) for value in values}) < len(values):  # as arms are named, so 1 and 1.0 are one level
        return [f"{text!r}: the same level is given twice, to six digits; every level is one arm"]
    if key in GROUPS:
        return [problem for value in values if (problem := _judge_choice(key, value))]
    return [problem for value in values if (problem := check_value(key, value))]


def _judge_choice(group: str, name: Any) -> str | None:
    files = named(group)
    options = sorted({*GlobalHydra.instance().config_loader().get_group_options(group), *files})
    if name in options:
        return _judge_file(group, files[name]) if name in files else None
    return f"{group}: expected one of {', '.join(options)}; received {name!r}.{nearest(str(name), options)}"


def _judge_file(group: str, path: Path) -> str | None:
    """Return what is wrong with a file that Hydra is about to read: it would follow what ours may not hold."""
    try:
        content = read_yaml(path)
    except UserError as error:
        return " ".join(error.problems)
    own = {"name"} if group == "data" and not is_global(path) else set[str]()  # that of the images, not of the sweep
    unfit = [key for key in content if key in TYPED_ALONE and key not in own]
    return f"{path}: only the command line sets {', '.join(unfit)}; take that out of the file" if unfit else None


def repeated(parsed: list[Override]) -> list[str]:
    """Return a sentence for each key that is given more than once: Hydra would silently take the last."""
    counts = Counter(override.key_or_group for override in parsed if not is_hydras(override))
    return [f"{key!r} is given {count} times; give it once" for key, count in counts.items() if count > 1]
