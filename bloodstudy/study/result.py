"""The result of a trial, as it stands in its file.

In: the content of a result file. Out: a frozen `Result`. Whoever reads a result has it checked: ValueError, in words
for people, for what is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from bloodstudy import files
from bloodstudy.config.factors import FACTORS
from bloodstudy.study.outcome import PUBLISHED, Outcome
from bloodstudy.study.record import read_record
from bloodstudy.study.seal import seal, unseal
from bloodstudy.study.stored_rules import check_result
from bloodstudy.study.trial import DataIdentity, make_key

STORED_OUTCOMES = (*PUBLISHED, Outcome.INTERRUPTED)
HASHED = ("config.yaml", "history.csv", "predictions.parquet")  # files of a trial that its result vouches for
AUDITED = ("provenance", "test_images_leaking", "test_share_leaking", "label_conflicts", "duplicates_across")  # as tags
ALWAYS = ("audit", "reason", "git_commit", "code", "processor")  # stored even if they are unknown


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
    pixels: str = ""  # digest of the images as they were decoded; empty: not known
    split_seed: int | None = None
    test_share: float | None = None
    folds: int | None = None
    fold: int | None = None
    validation_share: float | None = None
    measured_share: float | None = None
    scenes: str | None = None


@dataclass(frozen=True)
class Cost:
    """What a trial took. None is unknown: of a process that died."""

    wall_seconds: float
    attempts: int
    fit_seconds: float | None = None
    evaluate_seconds: float | None = None
    peak_memory_mb: float | None = None
    threads: int | None = None
    together: int | None = None  # trials that one program trained side by side, this one among them
    resumed_after: int | None = None  # epochs that earlier attempts had done
    failures: int | None = None  # earlier attempts that failed or ran out of memory


@dataclass(frozen=True)
class OwnMeasure:
    """What a metric of an extension gave for the test images of a trial. Without a value, it failed."""

    extension: str  # digest of its text
    value: float | None = None
    clean: float | None = None  # without the test images whose scene is in training; None if a class has none left


@dataclass(frozen=True)
class Result:
    """What came out of one trial."""

    key: str
    study: str
    arm: str
    model: str
    factors: Mapping[str, Any]  # levels that have a part in what it is
    data: ResultData
    outcome: Outcome
    cost: Cost
    params: Mapping[str, Any]
    tags: Mapping[str, str]
    versions: Mapping[str, str]
    reason: str | None = None
    audit: Mapping[str, Any] | None = None
    git_commit: str | None = None
    code: str | None = None  # digest
    processor: str | None = None
    responses: Mapping[str, int | float] = field(default_factory=dict[str, float])  # {} if it did not finish
    metrics: Mapping[str, OwnMeasure] = field(default_factory=dict[str, OwnMeasure])  # of extensions, by name
    parameters: int | None = None
    trainable_parameters: int | None = None
    layers: Sequence[Mapping[str, Any]] | None = None
    epochs_done: int | None = None
    prediction_hash: str | None = None  # of the probabilities as computed
    stored_hash: str | None = None  # of what is stored of them
    traceback: str | None = None
    extensions: Sequence[str] = ()  # digests of those of which it uses something
    files: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Any], compare=False)  # SHA-256 by file

    @classmethod
    def from_dict(cls, content: Any) -> Result:
        """Return the result whose file holds `content`."""
        result = read_record(cls, unseal(content))
        if missing := [name for name in ("lr", "precision", "seed") if name not in result.factors]:
            raise ValueError(f"factors: it lacks {', '.join(missing)}")
        if result.outcome not in STORED_OUTCOMES:
            raise ValueError(f"outcome: expected one of {', '.join(STORED_OUTCOMES)}; received {result.outcome!r}")
        check_result(result)
        return result

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the result's file."""
        content = asdict(self) | {"outcome": str(self.outcome)}
        required = {f.name for f in fields(self) if f.default is MISSING and f.default_factory is MISSING}
        kept = required.union(ALWAYS)
        return {name: value for name, value in content.items() if name in kept or value not in (None, {}, ())}

    def write(self, folder: Path, coming: Mapping[str, str] | None = None) -> None:
        """Publish the result in the folder of its trial, with the hashes of the files that belong to it.

        `coming` has the hashes of files that are about to take the place of those: until then either is right.
        """
        hashes = {name: [files.hash_file(folder / name)] for name in HASHED if (folder / name).exists()}
        for name, digest in (coming or {}).items():
            hashes[name] = [*hashes.get(name, []), digest]
        files.write_json(folder / "result.json", seal(replace(self, files=hashes).to_dict()))

    @property
    def own_tags(self) -> dict[str, str]:
        """The tags of its run: its identity as it says itself, and of the tags that it was stored with the audit's.

        A package may bring any others, and MLflow takes some for orders.
        """
        audited = {name: self.tags[name] for name in (f"audit.{part}" for part in AUDITED) if name in self.tags}
        identity = {"trial_key": self.key, "study": self.study, "arm": self.arm, "seed": str(self.factors["seed"])}
        outcome = {"outcome": str(self.outcome), "git_commit": self.git_commit or "unknown"}
        return audited | identity | {"fingerprint": self.data.fingerprint} | outcome

    @property
    def own_params(self) -> dict[str, Any]:
        """The parameters of its run: of those that it was stored with, what a trial is resolved to."""
        names = {"model", *FACTORS, *self.factors, *(f"data.{part.name}" for part in fields(DataIdentity))}
        return {name: value for name, value in self.params.items() if name in names}

    @property
    def own_key(self) -> str:
        """The key that its factors, model and data lead to; another one than `key` if the file was changed."""
        return make_key(self.factors, self.model, asdict(self.data), self.extensions)
