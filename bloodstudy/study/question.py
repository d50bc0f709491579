"""Questions and studies as they stand in `conf/question` and `conf/study`: of the working folder, else ours.

In: a name. Out: a `design.Question` or a `Study`, every key of the file checked; keys and levels of the configuration
that it names are judged later, as if they had been typed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from bloodstudy.config.levels import Real, Rule, Whole
from bloodstudy.config.rules import NAME, NAMED, RULES
from bloodstudy.config.yaml_files import judge_place, named, read_yaml
from bloodstudy.errors import UserError, nearest
from bloodstudy.study.design import FOLDS
from bloodstudy.study.record import is_list, is_mapping
from bloodstudy.study.stored_rules import MAX_TRIALS

SCRATCH = "scratch"  # the study that plain runs and sweeps belong to


@dataclass(frozen=True)
class Question:
    """One sentence ending in a question mark, and what is varied to answer it; overrides are {key: value}."""

    name: str
    sentence: str
    factor: str | None = None  # with `levels`: one arm a level
    levels: tuple[Any, ...] = ()
    exploratory: tuple[Any, ...] = ()  # levels that are shown and not tested
    arms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Any])  # or by name, each its overrides
    reference: Mapping[str, Any] = field(default_factory=dict[str, Any])  # its own, if it differs from the study's
    margin: float | None = None
    factorial: Mapping[str, Sequence[Any]] = field(default_factory=dict[str, Sequence[Any]])  # a whole product, besides
    lr_grid: tuple[float, ...] = ()  # learning rates at which each arm is trained, besides
    simplify: bool = False  # answered by the smallest model that is shown to be not worse
    common: Mapping[str, Any] = field(default_factory=dict[str, Any])  # what all its trials share outside a study
    response: str | None = None  # outside a study: the metric that its verdicts are about; None: test accuracy
    seeds: int | None = None

    @property
    def cells(self) -> list[dict[str, Any]]:
        """The combinations of its factorial."""
        return [dict(zip(self.factorial, cell, strict=True)) for cell in itertools.product(*self.factorial.values())]

    @property
    def varied(self) -> set[str]:
        """The keys that its arms set apart, its own reference included."""
        keys = {*self.reference, *self.factorial}.union(*self.arms.values())
        if self.factor:
            keys.add(self.factor)
        return keys | {"lr"} if self.lr_grid else keys


@dataclass(frozen=True)
class Study:
    """One data set, one reference, questions and a design."""

    name: str
    title: str
    questions: tuple[str, ...]
    reference: dict[str, Any]  # keys of the configuration, `data` and `model` among them
    seeds: int | None = None  # of a fixed design: 0, 1, ... up to this number
    looks: tuple[int, ...] = ()  # numbers of repetitions at which it decides; none: as its design has them
    design: str = "auto"
    folds: int = FOLDS
    measured_share: float = 1.0  # of the training images of a fold, on which its train accuracy is measured
    margin: float | None = None
    first_repetition: int = 0
    budget: str | None = None
    response: str | None = None  # the metric that its verdicts are about; None: test accuracy
    pilot: Mapping[str, float] | None = None  # spread of paired differences outside the study, and of how many pairs


def _words(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _levels(value: Any) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    return is_list(value) and bool(value)


_SEEDS = Whole(1, 10_000)
_MARGIN = Rule("a difference of accuracy between 0 and 1, such as 0.02", Real(above=0, below=1).accepts)
_SPREAD, _PAIRS = Real(above=0, below=1).accepts, Whole(2).accepts
_RESPONSE = Rule("the name of a metric that an extension declares, such as test_auc", _words)
_SETTING = Rule("key: value, one a line", is_mapping)
_SENTENCE = Rule("one sentence that ends in a question mark", lambda v: _words(v) and v.strip().endswith("?"))
_ARMS = Rule(
    "name: {key: value, ...}, one arm a line",
    lambda v: is_mapping(v) and len(v) > 0 and all(is_mapping(levels) and levels for levels in v.values()),
)
_FACTORIAL = Rule(
    "key: [level, level, ...], two keys or more",
    lambda v: is_mapping(v) and len(v) > 1 and all(map(_levels, v.values())),
)

QUESTION = {
    "sentence": _SENTENCE,
    "factor": Rule("a key of the configuration", _words),
    "levels": Rule("a list of levels besides the reference's own", _levels),
    "exploratory": Rule("a list of levels that are shown and not tested", _levels),
    "arms": _ARMS,
    "reference": _SETTING,
    "margin": _MARGIN,
    "factorial": _FACTORIAL,
    "simplify": Rule("true or false", lambda v: isinstance(v, bool)),
    "lr_grid": Rule("a list of two learning rates or more", lambda v: _levels(v) and len(v) > 1),
    "common": _SETTING,
    "response": _RESPONSE,
    "seeds": _SEEDS,
}
STUDY = {
    "title": Rule("a line of words", _words),
    "data": Rule("the name of a data set", _words),
    "reference": _SETTING,
    "questions": Rule("a list of questions", lambda v: _levels(v) and all(map(_words, v))),
    "seeds": _SEEDS,
    "looks": RULES["looks"],
    "design": RULES["design"],
    "folds": Whole(2, 100),
    "measured_share": RULES["data.measured_share"],
    "first_repetition": Whole(0, 100_000),
    "budget": RULES["budget"],
    "pilot": Rule(
        "{spread: of the differences, pairs: how many}, such as {spread: 0.04, pairs: 15}",
        lambda v: is_mapping(v) and {*v} == {"spread", "pairs"} and _SPREAD(v["spread"]) and _PAIRS(v["pairs"]),
    ),
    "margin": _MARGIN,
    "response": _RESPONSE,
}


def read_question(name: str) -> Question:
    """Return the question `name`; raises UserError if there is none or its file is wrong."""
    path, content = _read("question", name, QUESTION, {"sentence"})
    problems: list[str] = []
    if ("arms" in content) == ("factor" in content):
        problems.append("expected either factor with levels, or arms")
    if ("levels" in content) != ("factor" in content):
        problems.append("factor and levels go together")
    if "exploratory" in content and "factor" not in content:
        problems.append("exploratory: goes with factor and levels")
    if (arms := _count_arms(content)) > MAX_TRIALS:
        problems.append(f"{arms:,} arms; expected at most {MAX_TRIALS:,} trials in one plan. Ask for fewer levels")
    every = [*content.get("levels", []), *content.get("exploratory", [])]
    if len({repr(level) for level in every}) < len(every):
        problems.append(f"levels: the same level is given twice; received {every!r}")
    _refuse(path, problems)
    return Question(name=name, **_with_tuples(content, "levels", "exploratory", "lr_grid"))


def _count_arms(content: Mapping[str, Any]) -> int:
    """Return how many arms a question asks for, before any of them is made."""
    single = len(content.get("levels", ())) + len(content.get("arms", ()))
    cells = math.prod(len(levels) for levels in content["factorial"].values()) if "factorial" in content else 0
    return 1 + single + len(content.get("exploratory", ())) + cells + (1 + single) * len(content.get("lr_grid", ()))


def read_study(name: str) -> Study:
    """Return the study `name`; raises UserError if there is none or its file is wrong."""
    path, content = _read("study", name, STUDY, {"title", "questions"})
    looks: list[int] = content.get("looks") or []
    seeds, design = content.get("seeds"), content.get("design", "auto")
    problems: list[str] = []
    if name == SCRATCH:
        problems.append(f"{SCRATCH!r} is the name of plain runs and sweeps; call the study something else")
    if seeds and design == "folds":
        problems.append(f"seeds: design=folds counts repetitions, up to the last of its looks; received {seeds}")
    if design == "fixed":
        problems += [f"{key}: design=fixed has none" for key in ("folds", "measured_share") if key in content]
    if seeds and looks and looks[-1] > seeds:
        problems.append(f"looks: expected rising numbers up to seeds; received {looks!r}")
    if len(set(content["questions"])) < len(content["questions"]):
        problems.append(f"questions: the same question is given twice; received {content['questions']!r}")
    _refuse(path, problems)
    data = {"data": content.pop("data")} if "data" in content else {}
    content["reference"] = data | content.get("reference", {})
    content["looks"] = looks
    content["budget"] = None if content.get("budget") is None else str(content["budget"])
    return Study(name=name, **_with_tuples(content, "questions", "looks"))


def _read(group: str, name: str, rules: dict[str, Rule], needed: set[str]) -> tuple[Path, dict[str, Any]]:
    paths = named(group)
    if name not in paths:
        if no_file := judge_place(group, name):
            raise UserError(no_file)
        raise UserError(
            f"{group}: expected one of {', '.join(sorted(paths))}; received {name!r}.{nearest(name, paths)}"
        )
    path, content = paths[name], read_yaml(paths[name])
    problems = [] if NAME.fullmatch(name) else [f"expected a file name of {NAMED}; received {name!r}. Rename it"]
    problems += [f"unknown key {key!r}.{nearest(key, rules)}" for key in content if key not in rules]
    problems += [f"{key}: missing" for key in sorted(needed - set(content))]
    problems += [
        f"{key}: expected {rules[key].expected}; received {value!r:.80}"
        for key, value in content.items()
        if key in rules and not rules[key].accepts(value)
    ]
    _refuse(path, problems)
    return path, content


def _with_tuples(content: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: tuple(value) if key in keys else value for key, value in content.items()}


def _refuse(path: Path, problems: list[str]) -> None:
    if problems:
        raise UserError(*(f"{path}: {problem}" for problem in problems))
