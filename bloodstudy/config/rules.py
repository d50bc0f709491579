"""What each key of the configuration may be, and the sentence if it is something else.

In: a key and the value that was typed for it. Out: nothing, or what was expected and what was received.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from bloodstudy.errors import nearest


@dataclass(frozen=True)
class Rule:
    """What a value must be: `accepts` tells, `expected` says it in words; `levels` lists the names if it is one."""

    expected: str
    accepts: Callable[[Any], bool]
    levels: tuple[str, ...] = ()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def number(expected: str, within: Callable[[float], bool]) -> Rule:
    """Return the rule of a finite number that `within` accepts."""
    return Rule(expected, lambda value: _is_number(value) and within(value))


def whole(expected: str, within: Callable[[int], bool]) -> Rule:
    """Return the rule of a whole number that `within` accepts."""
    return Rule(expected, lambda value: is_whole(value) and within(value))


def _name(*levels: str) -> Rule:
    return Rule("one of " + ", ".join(levels), lambda value: value in levels, levels)


def _text(expected: str, optional: bool = False) -> Rule:
    return Rule(
        expected, lambda value: (optional and value is None) or (isinstance(value, str) and value.strip() != "")
    )


def _is_size(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(is_whole(v) and 1 <= v <= 4096 for v in value)


_SHARE = number("a number from 0 up to, not including, 1", lambda v: 0 <= v < 1)
_COUNT = whole("a whole number of at least 1", lambda v: v >= 1)
_FLAG = Rule("true or false", lambda value: isinstance(value, bool))
_SEED = whole("a whole number from 0 to 4294967295", lambda v: 0 <= v < 2**32)

NAME = re.compile(r"[a-z0-9_]{1,60}")  # of a study, which is a folder, or a question
NAMED = "small letters, digits and _, at most 60"

STUDY = Rule(
    "the name of a study, of the letters a to z, digits and _",
    lambda value: re.fullmatch(r"[a-z0-9_]+", value) is not None,
)

RULES: dict[str, Rule] = {
    "lr": number("a number above 0", lambda v: v > 0),
    "batch_size": _COUNT,
    "epochs": _COUNT,
    "optimizer": _name("adam", "adamw", "nadam", "rmsprop", "sgd", "momentum"),
    "dropout": _SHARE,
    "conv_dropout": _SHARE,
    "pooling": _name("max", "average", "overlap", "strided", "none"),
    "padding": _name("valid", "same"),
    "augment": _name("none", "flip", "rotate", "shift", "affine", "colour", "mixup", "randaugment"),
    "width": number("a number above 0 and at most 16", lambda v: 0 < v <= 16),
    "depth": _COUNT,
    "head": _name("flatten", "average"),
    "norm": _name("lrn", "batch", "none"),
    "colour": _name("rgb", "gray"),
    "image_size": Rule("[height,width] in whole pixels from 1 to 4096, such as [120,160]", _is_size),
    "precision": _name("auto", "float32", "bfloat16"),
    "seed": _SEED,
    "model.name": _text("the name of a model"),
    "data.name": _name("smear", "kaggle", "bccd", "folder"),
    "data.root": _text("a folder, or null", optional=True),
    "data.split": _name("auto", "official", "official_clean", "grouped", "grouped_kfold", "random"),
    "data.split_seed": _SEED,
    "data.test_share": number("a number above 0 and below 1", lambda v: 0 < v < 1),
    "data.folds": whole("a whole number of at least 2", lambda v: v >= 2),
    "data.fold": whole("a whole number of at least 0", lambda v: v >= 0),
    "data.validation_share": _SHARE,
    "data.task": _name("subtype", "nuclearity"),
    "data.view": _name("field", "cell"),
    "data.photographs": whole("a whole number of at least 2", lambda v: v >= 2),
    "data.copies": _COUNT,
    "data.draw_seed": _SEED,
    "data.max_refused": number("a share from 0 to 1", lambda v: 0 <= v <= 1),
    "data.max_bytes": _COUNT,
    "data.max_pixels": _COUNT,
    "runs_dir": _text("a folder"),
    "reports_dir": _text("a folder"),
    "cache_dir": _text("a folder, or null", optional=True),
    "seeds": Rule("a whole number from 1 to 10000, or null", lambda v: v is None or (is_whole(v) and 1 <= v <= 10_000)),
    "plan_only": _FLAG,
    "retry": _name("none", "failed", "diverged", "all"),
    "on_code_change": _name("warn", "refuse"),
    "restore": _text("the file of a package, or null", optional=True),
    "fail_on_leak": _FLAG,
}

# What people type from the habit of other tools; spelling alone would not find these.
OTHER_NAMES = {
    "learning_rate": "lr", "batch": "batch_size", "bs": "batch_size", "epoch": "epochs", "color": "colour",
    "size": "image_size", "img_size": "image_size", "augmentation": "augment", "pool": "pooling", "network": "model",
    "dataset": "data", "root": "data.root", "split": "data.split", "task": "data.task", "fold": "data.fold",
    "folds": "data.folds", "validation_split": "data.validation_share", "opt": "optimizer",
    "dtype": "precision", "normalization": "norm", "normalisation": "norm", "filters": "width", "layers": "depth",
}  # fmt: skip


def unknown_key(key: str, also: tuple[str, ...] = ()) -> str:
    """Say that `key` does not exist and which one may have been meant."""
    meant = OTHER_NAMES.get(key)
    hint = f" Did you mean {meant!r}?" if meant else nearest(key, [*RULES, "model", "data", "study", "question", *also])
    return f"unknown key {key!r}.{hint} All keys: python -m bloodstudy.run --help"


def check_value(key: str, value: Any, rules: Mapping[str, Rule] = RULES) -> str | None:
    """Return what is wrong with one value, as a sentence, or None."""
    rule = rules[key]
    if isinstance(value, str) and "${" in value:
        return f"{key}={value}: interpolations are not allowed; write the value itself"
    if rule.accepts(value):
        return None
    hint = nearest(value, rule.levels) if isinstance(value, str) else ""
    return f"{key}: expected {rule.expected}; received {value!r}.{hint}"
