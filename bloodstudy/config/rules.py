"""What each key of the configuration may be, and the sentence if it is something else.

In: a key and the value that was typed for it. Out: nothing, or what was expected and what was received.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

from bloodstudy.config.factors import FACTORS
from bloodstudy.config.levels import Choice, Flag, Real, Rule, Whole, is_whole, text
from bloodstudy.errors import nearest

NAME = re.compile(r"[a-z0-9_]{1,60}")  # of a study, which is a folder, or a question
NAMED = "small letters, digits and _, at most 60"

STUDY = Rule(
    "the name of a study, of the letters a to z, digits and _",
    lambda value: re.fullmatch(r"[a-z0-9_]+", value) is not None,
)

_SHARE = Real(above=0, below=1).accepts


def is_rising(looks: Any, most: int = 1000) -> bool:
    """Tell whether these are rising numbers of repetitions."""
    if not isinstance(looks, list | tuple) or not looks or not all(is_whole(n) and 0 < n <= most for n in looks):
        return False
    return all(a < b for a, b in itertools.pairwise(looks))


def is_budget(value: Any) -> bool:
    """Tell whether this is a number of trainings, or of hours with an h."""
    if is_whole(value):
        return value > 0
    return isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?h|[0-9]{1,6}", value) is not None


RULES: dict[str, Rule] = {
    **{name: factor.levels for name, factor in FACTORS.items()},
    "model.name": text("the name of a model"),
    "data.name": Choice("smear", "kaggle", "bccd", "folder"),
    "data.root": text("a folder, or null", optional=True),
    "data.split": Choice("auto", "official", "official_clean", "grouped", "grouped_kfold", "random"),
    "data.split_seed": Whole(0, 2**32 - 1),
    "data.test_share": Real(above=0, below=1),
    "data.folds": Whole(2),
    "data.fold": Whole(0),
    "data.validation_share": Real(0, below=1),
    "data.measured_share": Real(high=1, above=0),
    "data.task": Choice("subtype", "nuclearity"),
    "data.view": Choice("field", "cell"),
    "data.photographs": Whole(2, 10_000),
    "data.copies": Whole(1, 10_000),
    "data.draw_seed": Whole(0, 2**32 - 1),
    "data.max_refused": Real(0, 1),
    "data.max_bytes": Whole(1),
    "data.max_pixels": Whole(1),
    "runs_dir": text("a folder"),
    "reports_dir": text("a folder"),
    "cache_dir": text("a folder, or null", optional=True),
    "name": Rule(
        f"a name of {NAMED}, or null", lambda v: v is None or (isinstance(v, str) and bool(NAME.fullmatch(v)))
    ),
    "seeds": Rule("a whole number from 1 to 10000, or null", lambda v: v is None or (is_whole(v) and 1 <= v <= 10_000)),
    "repetitions": Rule(
        "a whole number from 1 to 1000, or null", lambda v: v is None or (is_whole(v) and 1 <= v <= 1000)
    ),
    "design": Choice("auto", "folds", "fixed"),
    "looks": Rule("rising numbers of repetitions, such as [2,4,8,12], or null", lambda v: v is None or is_rising(v)),
    "first_repetition": Rule(
        "a whole number from 0 to 100000, or null", lambda v: v is None or (is_whole(v) and 0 <= v <= 100_000)
    ),
    "margin": Rule("a difference of accuracy between 0 and 1, such as 0.03, or null", lambda v: v is None or _SHARE(v)),
    "budget": Rule(
        "a number of trainings such as 300, or hours such as 6h, or null", lambda v: v is None or is_budget(v)
    ),
    "detect": Rule("a difference of accuracy between 0 and 1, such as 0.03, or null", lambda v: v is None or _SHARE(v)),
    "plan_only": Flag(),
    "retry": Choice("none", "failed", "diverged", "all"),
    "together": Whole(1),
    "on_code_change": Choice("warn", "refuse"),
    "restore": text("the file of a package, or null", optional=True),
    "fail_on_leak": Flag(),
    "save_model": Flag(),
}

BUILT_IN = frozenset(RULES)  # the factors of extensions join the rules

OWN = "docs/how-to/ablate_your_own.md"

# What people type from the habit of other tools; spelling alone would not find these.
OTHER_NAMES = {
    "learning_rate": "lr", "batch": "batch_size", "bs": "batch_size", "epoch": "epochs", "color": "colour",
    "size": "image_size", "img_size": "image_size", "augmentation": "augment", "pool": "pooling", "network": "model",
    "dataset": "data", "root": "data.root", "split": "data.split", "task": "data.task", "fold": "data.fold",
    "folds": "data.folds", "validation_split": "data.validation_share", "opt": "optimizer",
    "dtype": "precision", "normalization": "norm", "normalisation": "norm", "filters": "width", "layers": "depth",
    "wd": "weight_decay", "decay": "weight_decay", "lr_schedule": "schedule", "scheduler": "schedule",
    "kernel": "kernel_size", "patience": "early_stopping", "smoothing": "label_smoothing", "clip": "clip_norm",
    "init": "initializer", "class_weights": "class_weight",
}  # fmt: skip


def unknown_key(key: str, also: tuple[str, ...] = ()) -> str:
    """Say that `key` does not exist and which one may have been meant."""
    meant = OTHER_NAMES.get(key)
    hint = f" Did you mean {meant!r}?" if meant else nearest(key, [*RULES, "model", "data", "study", "question", *also])
    return f"unknown key {key!r}.{hint} All keys: python -m bloodstudy.run --help; one of your own: {OWN}"


def check_value(key: str, value: Any, rules: Mapping[str, Rule] = RULES) -> str | None:
    """Return what is wrong with one value, as a sentence, or None."""
    rule = rules[key]
    if isinstance(value, str) and "${" in value:
        return f"{key}={value}: interpolations are not allowed; write the value itself"
    if rule.accepts(value):
        return None
    hint = nearest(value, rule.levels) if isinstance(value, str) else ""
    return f"{key}: expected {rule.expected}; received {value!r}.{hint}"
