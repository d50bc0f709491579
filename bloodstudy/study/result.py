"""The result of a trial, as it stands in its file.

In: the content of a result file. Out: a frozen `Result`. Whoever reads a result has it checked: ValueError or
TypeError, in words for people, for what is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from bloodstudy import files
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.record import expect_fields, expect_names
from bloodstudy.study.trial import make_key

STORED_OUTCOMES = tuple(Outcome(name) for name in ("finished", "diverged", "failed", "out_of_memory", "interrupted"))
ALWAYS = ("key", "study", "arm", "model", "factors", "data", "audit", "outcome", "reason", "cost", "params", "tags")
ALWAYS += ("versions", "git_commit", "code", "processor")  # stored even if they are unknown; of the rest what is there


@dataclass(frozen=True)
class ResultData:
    """The images that a trial was trained and measured on: their identity, and what is told of them."""

    name: str
    task: str
    view: str
    split: str
    fingerprint: str
    counts: Mapping[str, Mapping[str, int]]  # images by side and class
    classes: Sequence[str]
    notes: Sequence[str]
    refused: int  # files
    judged_scenes: str = ""  # digest of the scenes by which the clean responses were measured
    split_seed: int | None = None
    test_share: float | None = None
    folds: int | None = None
    fold: int | None = None
    validation_share: float | None = None
    scenes: str | None = None


@dataclass(frozen=True)
class Result:
    """What came out of one trial."""

    key: str
    study: str
    arm: str
    model: str
    factors: Mapping[str, Any]
    data: ResultData
    outcome: Outcome
    cost: Mapping[str, Any]
    params: Mapping[str, Any]
    tags: Mapping[str, str]
    versions: Mapping[str, str]
    reason: str | None = None
    audit: Mapping[str, Any] | None = None
    git_commit: str | None = None
    code: str | None = None  # digest
    processor: str | None = None
    responses: Mapping[str, float] = field(default_factory=dict)  # {} if it did not finish
    parameters: int | None = None
    trainable_parameters: int | None = None
    layers: Sequence[Mapping[str, Any]] | None = None
    epochs_done: int | None = None
    prediction_hash: str | None = None  # of the probabilities as computed
    stored_hash: str | None = None  # of what is stored of them
    traceback: str | None = None

    @classmethod
    def from_dict(cls, content: Any) -> Result:
        """Return the result whose file holds `content`."""
        expect_fields(content, {"key": str, "study": str, "arm": str, "model": str, "factors": dict, "data": dict})
        expect_fields(content, {"outcome": str, "cost": dict, "params": dict, "tags": dict, "versions": dict})
        expect_names(content, ("reason", "git_commit", "processor"))
        expect_names(content["factors"], ("lr", "precision", "seed"))
        if content["outcome"] not in STORED_OUTCOMES:
            raise ValueError(f"outcome: expected one of {', '.join(STORED_OUTCOMES)}; received {content['outcome']!r}")
        expect_fields(content["cost"], {"wall_seconds": float, "attempts": int})
        known = {f.name for f in fields(cls)}
        more = {"data": _read_data(content["data"]), "outcome": Outcome(content["outcome"])}
        return cls(**{name: value for name, value in content.items() if name in known} | more)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the result's file."""
        content = {f.name: getattr(self, f.name) for f in fields(self)}
        content |= {"data": asdict(self.data), "outcome": str(self.outcome)}
        return {name: value for name, value in content.items() if name in ALWAYS or value not in (None, {})}

    def write(self, folder: Path) -> None:
        """Publish the result in the folder of its trial."""
        files.write_json(folder / "result.json", self.to_dict())

    @property
    def own_key(self) -> str:
        """The key that its factors, model and data lead to; another one than `key` if the file was changed."""
        return make_key(self.factors, self.model, asdict(self.data))


def _read_data(content: Any) -> ResultData:
    expect_names(content, ("name", "task", "view", "split", "fingerprint", "counts", "classes", "notes", "refused"))
    known = {f.name for f in fields(ResultData)}
    return ResultData(**{name: value for name, value in content.items() if name in known})
