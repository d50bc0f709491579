"""What is to be trained: trials, their identity and their names.

In: checked settings, and the fingerprint of the data. Out: frozen trials. A trial's key is the hash of all that decides
its numbers, as resolved; where files lie, how runs are logged and what the trial is called are not part of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bloodstudy.config import DataChoice, Factors, defaults, flatten

SCRATCH = "scratch"  # the study that plain runs and sweeps belong to
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
        data = {name: value for name, value in asdict(self.data).items() if value is not None}
        identity = {"factors": asdict(self.factors), "model": self.model, "data": data}
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


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
    return ", ".join(apart) or "reference"


def spell(value: Any) -> str:
    """Write a level as a person would type it: 0.001, [60,80], max."""
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
