"""A trial, and the key that it is known by.

In: checked settings, and the fingerprint of the data. Out: frozen trials. A trial's key is the hash of all that decides
its numbers, as resolved; where files lie, how runs are logged and what the trial is called are not part of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from bloodstudy.config.extension.known import digests_of, levels_of
from bloodstudy.config.factors import without_neutral
from bloodstudy.config.schema import DataChoice, Factors

DRAWN_BY = (
    "split_seed",
    "test_share",
    "folds",
    "fold",
    "validation_share",
    "measured_share",
)  # what a division was drawn from


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
    measured_share: float | None = None
    scenes: str | None = None  # digest of the scene of each image, if a division keeps them whole


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
        """Sixteen hex digits over factors, model and data as resolved; what is None or neutral has no part."""
        return make_key(self.levels, self.model, asdict(self.data), self.extensions)

    @property
    def levels(self) -> dict[str, Any]:
        """The levels that have a part in what it is."""
        return levels_of(self.model, self.factors.named)

    @property
    def extensions(self) -> tuple[str, ...]:
        """The digests of the extensions of which it uses something."""
        return digests_of(self.model, self.data.name, self.levels)


def make_key(factors: Mapping[str, Any], model: str, data: Mapping[str, Any], extensions: Sequence[str] = ()) -> str:
    """Return the key of a trial; of `data` what a `DataIdentity` has counts, of extensions their digests."""
    names = {field.name for field in fields(DataIdentity)}
    known = {name: value for name, value in data.items() if name in names and value is not None}
    identity = {"factors": without_neutral(factors), "model": model, "data": known}
    identity |= {"extensions": list(extensions)} if extensions else {}
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def identify(choice: DataChoice, split: str, fingerprint: str, scenes: str = "") -> DataIdentity:
    """Return the identity of the data that `choice` led to; what does not decide the images and split is dropped.

    `split` is resolved; `scenes` is the digest of the scenes, empty if they are unknown.
    """
    grouped, validated = split.startswith("grouped"), choice.validation_share > 0
    measured = choice.measured_share if choice.measured_share < 1 else None
    drawn = grouped or split == "random"
    return DataIdentity(
        name=choice.name,
        task=choice.task,
        view=choice.view if choice.name == "bccd" else "field",
        split="official" if split == "official_clean" else split,
        fingerprint=fingerprint,
        split_seed=choice.split_seed if drawn or validated or measured else None,
        test_share=choice.test_share if split in ("random", "grouped") else None,
        folds=choice.folds if split == "grouped_kfold" else None,
        fold=choice.fold if split == "grouped_kfold" else None,
        validation_share=choice.validation_share if validated else None,
        measured_share=measured,
        scenes=(scenes or None) if grouped or (validated and split != "random") else None,
    )
