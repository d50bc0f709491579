"""The configuration: every key, its type, its allowed values.

In: a composed configuration as plain containers. Out: frozen dataclasses, checked value by value, all problems found
before the first is reported. Nothing to the right of this module sees a `DictConfig`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeGuard

from bloodstudy.errors import UserError, nearest


@dataclass(frozen=True)
class Factors:
    """What a study varies: one level of every factor. `docs/factors.md` says what each means."""

    lr: float = 5e-4
    batch_size: int = 100
    epochs: int = 60
    optimizer: str = "adam"
    dropout: float = 0.0
    conv_dropout: float = 0.0
    pooling: str = "max"
    padding: str = "same"
    augment: str = "none"
    width: float = 1.0
    depth: int = 4
    head: str = "flatten"
    norm: str = "lrn"
    colour: str = "gray"
    image_size: tuple[int, int] = (120, 160)  # height, width in pixels
    precision: str = "auto"
    seed: int = 0


@dataclass(frozen=True)
class ModelChoice:
    """Which network: a name from `bloodstudy.model`, the user's own included."""

    name: str = "reference"


@dataclass(frozen=True)
class DataChoice:
    """Which images, how they are divided and what is refused."""

    name: str = "smear"
    root: str | None = None  # folder of the images; None: BLOODSTUDY_DATA, then the download (kaggle, bccd)
    split: str = "auto"  # auto: the official split where the data has one, otherwise random
    split_seed: int = 0
    test_share: float = 0.2  # of each class, for split=random and grouped
    folds: int = 5  # for split=grouped_kfold: as many test sets, each scene in one of them
    fold: int = 0  # which of them tests: 0 to folds - 1
    validation_share: float = 0.0  # of the training images of each class; never trained on
    task: str = "subtype"
    view: str = "field"  # bccd: the whole field, or the cropped white cell
    photographs: int = 4  # smear: training photographs a class
    copies: int = 30  # smear: augmented copies of a photograph
    draw_seed: int = 0  # smear: seed of the drawing
    max_refused: float = 0.01  # share of files; the run stops where more than this and more than 10 are refused
    max_bytes: int = 50_000_000  # a larger file is refused unread
    max_pixels: int = 50_000_000  # a larger image is refused from its header


@dataclass(frozen=True)
class Places:
    """Where things are written; never part of a trial's identity."""

    runs_dir: str = "runs"
    reports_dir: str = "reports"
    cache_dir: str | None = None  # None: the user's cache folder


@dataclass(frozen=True)
class Control:
    """What a command does with what it finds; never part of a trial's identity."""

    seeds: int | None = None  # how many, from 0 on; None: as many as the study or the question says
    plan_only: bool = False  # print the plan with its cost and stop
    retry: str = "none"  # trials that have a result already
    code: str = "warn"  # what to do where trials were trained by other code of ours: warn, or strict: refuse
    restore: str | None = None  # a package whose trials are put back first
    strict: bool = False  # an audit: exit code 1 where the split leaks


@dataclass(frozen=True)
class StudyChoice:
    """What the plan says of a trial, told to the job that trains it; never part of its identity, never typed."""

    name: str = "scratch"  # of the study; this one is that of plain runs and sweeps
    trial: str | None = None  # key that it has to come to
    arm: str | None = None
    trials: int | None = None  # how many the command trains


@dataclass(frozen=True)
class Settings:
    """One whole configuration, checked."""

    factors: Factors
    model: ModelChoice
    data: DataChoice
    places: Places
    control: Control
    study: StudyChoice = StudyChoice()


@dataclass(frozen=True)
class Rule:
    """What a value must be: `accepts` tells, `expected` says it in words; `levels` lists the names where it is one."""

    expected: str
    accepts: Callable[[Any], bool]
    levels: tuple[str, ...] = ()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def number(expected: str, within: Callable[[float], bool]) -> Rule:
    """Return the rule of a finite number that `within` accepts."""
    return Rule(expected, lambda value: _is_number(value) and within(value))


def whole(expected: str, within: Callable[[int], bool]) -> Rule:
    """Return the rule of a whole number that `within` accepts."""
    return Rule(expected, lambda value: _is_whole(value) and within(value))


def _name(*levels: str) -> Rule:
    return Rule("one of " + ", ".join(levels), lambda value: value in levels, levels)


def _text(expected: str, optional: bool = False) -> Rule:
    return Rule(
        expected, lambda value: (optional and value is None) or (isinstance(value, str) and value.strip() != "")
    )


def _is_size(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(_is_whole(v) and 1 <= v <= 4096 for v in value)


_SHARE = number("a number from 0 up to, not including, 1", lambda v: 0 <= v < 1)
_COUNT = whole("a whole number of at least 1", lambda v: v >= 1)
_FLAG = Rule("true or false", lambda value: isinstance(value, bool))
_SEED = whole("a whole number from 0 to 4294967295", lambda v: 0 <= v < 2**32)

NAME = re.compile(r"[a-z0-9_]{1,60}")  # of a study, which is a folder, or a question

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
    "seeds": Rule(
        "a whole number from 1 to 10000, or null", lambda v: v is None or (_is_whole(v) and 1 <= v <= 10_000)
    ),
    "plan_only": _FLAG,
    "retry": _name("none", "failed", "diverged", "all"),
    "code": _name("warn", "strict"),
    "restore": _text("the file of a package, or null", optional=True),
    "strict": _FLAG,
    "study.trial": _text("a trial key, or null", optional=True),
    "study.arm": _text("the name of an arm, or null", optional=True),
    "study.trials": Rule("a whole number, or null", lambda v: v is None or _is_whole(v)),
    "study.name": Rule(
        "a name of small letters, digits and _", lambda v: isinstance(v, str) and bool(NAME.fullmatch(v))
    ),
}

# What people type from the habit of other tools; spelling alone would not find these.
OTHER_NAMES = {
    "learning_rate": "lr", "batch": "batch_size", "bs": "batch_size", "epoch": "epochs", "color": "colour",
    "size": "image_size", "img_size": "image_size", "augmentation": "augment", "pool": "pooling", "network": "model",
    "dataset": "data", "root": "data.root", "split": "data.split", "task": "data.task", "fold": "data.fold",
    "folds": "data.folds", "validation_split": "data.validation_share", "opt": "optimizer",
    "dtype": "precision", "normalization": "norm", "normalisation": "norm", "filters": "width", "layers": "depth",
}  # fmt: skip


def defaults() -> dict[str, Any]:
    """Return the schema: every key with its default, as nested plain containers."""
    flat = asdict(Factors()) | {"image_size": list(Factors.image_size)}
    nouns = {"model": asdict(ModelChoice()), "data": asdict(DataChoice()), "study": asdict(StudyChoice())}
    return flat | nouns | asdict(Places()) | asdict(Control())


def unknown_key(key: str, also: tuple[str, ...] = ()) -> str:
    """Say that `key` does not exist and which one may have been meant."""
    meant = OTHER_NAMES.get(key)
    hint = f" Did you mean {meant!r}?" if meant else nearest(key, [*RULES, "model", "data", "study", "question", *also])
    return f"unknown key {key!r}.{hint} All keys: python -m bloodstudy.run --help"


def check_value(key: str, value: Any) -> str | None:
    """Return what is wrong with one value, as a sentence, or None."""
    rule = RULES[key]
    if isinstance(value, str) and "${" in value:
        return f"{key}={value}: interpolations are not allowed; write the value itself"
    if rule.accepts(value):
        return None
    hint = nearest(value, rule.levels) if isinstance(value, str) else ""
    return f"{key}: expected {rule.expected}; received {value!r}.{hint}"


def flatten(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def settings(content: Mapping[str, Any]) -> Settings:
    """Check a whole composed configuration and return it; raises UserError with every problem in it."""
    flat = flatten(content)
    problems = [unknown_key(key) for key in flat if key not in RULES]
    problems += [f"{key}: missing from the configuration" for key in RULES if key not in flat]
    problems += [text for key in RULES if key in flat and (text := check_value(key, flat[key]))]
    fold, folds = flat.get("data.fold"), flat.get("data.folds")
    if _is_whole(fold) and _is_whole(folds) and fold >= folds >= 2:
        problems.append(f"data.fold: expected 0 to {folds - 1}, one less than data.folds; received {fold!r}.")
    if problems:
        raise UserError(*problems)

    def group(kind: type, prefix: str) -> Any:
        return kind(**{f.name: flat[prefix + f.name] for f in fields(kind)})

    flat["image_size"] = tuple(flat["image_size"])
    flat |= {key: float(flat[key]) for key in ("lr", "dropout", "conv_dropout", "width", "data.validation_share")}
    return Settings(
        group(Factors, ""),
        group(ModelChoice, "model."),
        group(DataChoice, "data."),
        group(Places, ""),
        group(Control, ""),
        group(StudyChoice, "study."),
    )


def level_of(settings: Settings, key: str) -> Any:
    """Return the level of a key that arms vary: a factor, `model`, `data` or `data.*`."""
    if key in ("model", "data"):
        return getattr(settings, key).name
    noun, _, field = key.rpartition(".")
    return getattr(getattr(settings, noun or "factors"), field)
