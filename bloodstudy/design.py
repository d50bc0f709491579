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
BLOCK_KEYS = ("seed",)  # replicates: never part of an arm's name


@dataclass(frozen=True)
class DataIdentity:
    """The data as a trial sees them, without any path."""

    name: str
    task: str
    view: str
    split: str  # resolved, never auto
    fingerprint: str
    split_seed: int | None  # None where the split is not drawn
    test_share: float | None


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
        """Sixteen hex digits over factors, model and data as resolved."""
        identity = {"factors": asdict(self.factors), "model": self.model, "data": asdict(self.data)}
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def identify(choice: DataChoice, split: str, fingerprint: str) -> DataIdentity:
    """Return the identity of the data that `choice` led to; what does not decide the images and split is dropped."""
    drawn = split == "random"
    return DataIdentity(
        name=choice.name,
        task=choice.task,
        view=choice.view if choice.name == "bccd" else "field",
        split=split,
        fingerprint=fingerprint,
        split_seed=choice.split_seed if drawn else None,
        test_share=choice.test_share if drawn else None,
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
