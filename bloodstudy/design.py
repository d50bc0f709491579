"""What is to be trained: trials, their identity and their names.

In: checked settings, and the fingerprint of the data. Out: frozen trials. A trial's key is the hash of all that decides
its numbers, as resolved; where files lie, how runs are logged and what the trial is called are not part of it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from bloodstudy.config import DataChoice, Factors, defaults, flatten

SCRATCH = "scratch"  # the study that plain runs and sweeps belong to
MARGIN = 0.02  # of accuracy, where neither a question nor its study names one
REFERENCE = "reference"  # the name of the arm that the others are compared with
DRAWN_BY = ("split_seed", "test_share", "folds", "fold", "validation_share")  # what a division was drawn from
BLOCK_KEYS = ("seed",)  # replicates: never part of an arm's name


@dataclass(frozen=True)
class DataIdentity:
    """The data as a trial sees them, without any path. What does not decide images and division is None."""

    name: str
    task: str
    view: str
    split: str  # resolved, never auto; official for official_clean too: it is trained the same and judged otherwise
    fingerprint: str
    split_seed: int | None = None
    test_share: float | None = None
    folds: int | None = None
    fold: int | None = None
    validation_share: float | None = None
    scenes: str | None = None  # digest of the scene of each image, where a division keeps them whole


@dataclass(frozen=True)
class Trial:
    """One arm in one block."""

    study: str
    arm: str
    model: str
    factors: Factors  # precision resolved, never auto
    data: DataIdentity

    @property
    def key(self) -> str:
        """Sixteen hex digits over factors, model and data as resolved; what is None has no part."""
        return make_key(asdict(self.factors), self.model, asdict(self.data))


def make_key(factors: Mapping[str, Any], model: str, data: Mapping[str, Any]) -> str:
    """Return the key of a trial; of `data` what a `DataIdentity` has counts."""
    own = {own.name for own in fields(DataIdentity)}
    known = {name: value for name, value in data.items() if name in own and value is not None}
    identity = {"factors": dict(factors), "model": model, "data": known}
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


STUDY_DECIDES = ("title", "questions", "arms", "setting", "precision", "looks", "seeds")  # what an amendment changes


def digest(plan: Mapping[str, Any]) -> str:
    """Return sixteen hex digits over what a plan decides: two plans with the same ones are the same study."""
    decided = {name: plan[name] for name in (*STUDY_DECIDES, "trials") if name in plan}
    return hashlib.sha256(json.dumps(decided, sort_keys=True, default=list).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Question:
    """One sentence ending in a question mark, and what is varied to answer it; overrides are {key: value}."""

    name: str
    sentence: str
    factor: str | None = None  # with `levels`: one arm a level
    levels: tuple[Any, ...] = ()
    further: tuple[Any, ...] = ()  # levels that are shown and not tested
    arms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # or by name, each its overrides
    reference: Mapping[str, Any] = field(default_factory=dict)  # its own, where it differs from the study's
    margin: float | None = None
    block: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # a whole product, besides
    lr_strip: tuple[float, ...] = ()  # learning rates at which each arm is trained, besides
    simplify: bool = False  # answered by the smallest model that is shown to be not worse
    setting: Mapping[str, Any] = field(default_factory=dict)  # what all its trials share, asked outside a study
    seeds: int | None = None

    @property
    def cells(self) -> list[dict[str, Any]]:
        """The combinations of its block."""
        return [dict(zip(self.block, cell, strict=True)) for cell in itertools.product(*self.block.values())]

    @property
    def varied(self) -> set[str]:
        """The keys that its arms set apart, its own reference included."""
        arms = self.arms.values()
        own = {self.factor} if self.factor else set()
        strip = {"lr"} if self.lr_strip else set()
        return own.union(*arms, self.reference, self.block, strip)


@dataclass(frozen=True)
class Arm:
    """What one trial of every seed has in common, apart from what the whole study shares."""

    name: str
    levels: Mapping[str, Any]  # what sets it apart from the study's reference: nothing for that itself
    role: str  # reference; confirmatory: tested; exploratory: shown
    questions: tuple[str, ...]  # that it belongs to
    roles: Mapping[str, str] = field(default_factory=dict)  # by question, where it has another one there

    def role_in(self, question: str) -> str:
        """Return its role in a question that it belongs to."""
        return self.roles.get(question, self.role)


ROLES = ("reference", "confirmatory", "exploratory")  # an arm with two of them in one question keeps the first


def expand(questions: Sequence[Question]) -> list[Arm]:
    """Return the arms of `questions`, the reference first, each once however many questions share it."""
    shared = tuple(question.name for question in questions if not question.reference)
    arms = [Arm(REFERENCE, {}, "reference", shared)] if shared else []
    for question in questions:
        for role, name, levels in _arms_of(question):
            every = {**question.reference, **levels}
            arms.append(Arm(name or name_arm(every), every, role, (question.name,)))
    return merge(arms, [json.dumps(arm.levels, sort_keys=True) for arm in arms])


def merge(arms: Sequence[Arm], identities: Sequence[str]) -> list[Arm]:
    """Return `arms` with those of one identity as one: the first one's name, the strongest role, all questions."""
    merged: dict[str, Arm] = {}
    for arm, identity in zip(arms, identities, strict=True):
        first = merged.get(identity)
        if first is None:
            merged[identity] = arm
            continue
        questions = tuple(dict.fromkeys(first.questions + arm.questions))
        role = min(first.role, arm.role, key=ROLES.index)
        own = {
            question: min((a.role_in(question) for a in (first, arm) if question in a.questions), key=ROLES.index)
            for question in questions
        }
        roles = {question: there for question, there in own.items() if there != role}
        merged[identity] = Arm(first.name, first.levels, role, questions, roles)
    return list(merged.values())


def _arms_of(question: Question) -> Iterator[tuple[str, str | None, dict[str, Any]]]:
    """Yield role, name where it has one, and levels beside the question's own reference."""
    if question.reference:
        yield "reference", None, {}
    single = [(None, {question.factor: level}) for level in question.levels if question.factor]
    single += [(name, dict(levels)) for name, levels in question.arms.items()]
    for name, levels in single:
        yield "confirmatory", name, levels
    for level in question.further:
        yield "exploratory", None, {str(question.factor): level}
    for cell in question.cells if question.block else ():
        yield "exploratory", None, cell
    for name, levels in [(None, {}), *single]:
        for lr in question.lr_strip if "lr" not in levels else ():
            yield "exploratory", f"{name}, lr={spell(lr)}" if name else None, {**levels, "lr": lr}


def identify(choice: DataChoice, split: str, fingerprint: str, scenes: str = "") -> DataIdentity:
    """Return the identity of the data that `choice` led to; what does not decide the images and split is dropped.

    `split` is resolved; `scenes` is the digest of the scenes, empty where they are unknown.
    """
    grouped, validated = split.startswith("grouped"), choice.validation_share > 0
    drawn = grouped or split == "random"
    return DataIdentity(
        name=choice.name,
        task=choice.task,
        view=choice.view if choice.name == "bccd" else "field",
        split="official" if split == "official_clean" else split,
        fingerprint=fingerprint,
        split_seed=choice.split_seed if drawn or validated else None,
        test_share=choice.test_share if split in ("random", "grouped") else None,
        folds=choice.folds if split == "grouped_kfold" else None,
        fold=choice.fold if split == "grouped_kfold" else None,
        validation_share=choice.validation_share if validated else None,
        scenes=(scenes or None) if grouped or (validated and split != "random") else None,
    )


def name_arm(levels: Mapping[str, Any]) -> str:
    """Name an arm by the levels that set it apart, such as "lr=0.01, pooling=average"; without any: "reference"."""
    apart = [f"{key}={spell(value)}" for key, value in levels.items() if key not in BLOCK_KEYS]
    return ", ".join(apart) or REFERENCE


def spell(value: Any) -> str:
    """Write a level as a person would type it: 0.001, [60,80], max, null."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(spell(v) for v in value) + "]"
    return str(value)


def changed_levels(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the typed factors (and model) that differ from the defaults: what a single trial is named by."""
    usual = flatten(defaults())
    factors = set(asdict(Factors()))
    apart = {}
    for key, value in chosen.items():
        if (key in factors and value != usual[key]) or (key == "model" and value != usual["model.name"]):
            apart[key] = value
    return apart
