"""What is kept of a trial: the content of its result file, and the parameters and tags of its MLflow run.

In: the trial, its data and the worker's last event. Out: plain containers that JSON can hold.
"""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from bloodstudy import PACKAGE, __version__
from bloodstudy.data import Dataset
from bloodstudy.data.quality.findings import find
from bloodstudy.study.code_digest import code_digest
from bloodstudy.study.result import AUDITED, Cost, OwnMeasure, Result, ResultData
from bloodstudy.study.trial import Trial
from bloodstudy.training.events import Ended
from bloodstudy.training.precision import processor

_KEPT = ("parameters", "layers", "trainable_parameters", "epochs_done", "responses", "traceback")
_KEPT += ("prediction_hash", "stored_hash")  # of the probabilities as computed, and of what is stored of them
_COST = ("fit_seconds", "evaluate_seconds", "peak_memory_mb", "threads", "together", "resumed_after")


def assemble(
    trial: Trial,
    images: Dataset,
    ended: Ended,
    attempts: int,
    wall_seconds: float,
    failures: int = 0,
    metrics: Mapping[str, OwnMeasure] | None = None,
) -> Result:
    """Return the result of one trial: identity, outcome, responses, metrics of extensions, cost, versions."""
    versions = {
        "python": platform.python_version(),
        "bloodstudy": __version__,
        "numpy": version("numpy"),
        "pillow": version("pillow"),
    }
    return Result(
        key=trial.key,
        study=trial.study,
        arm=trial.arm,
        model=trial.model,
        factors=trial.levels,
        extensions=trial.extensions,
        data=ResultData(**asdict(trial.data), **_describe(images)),
        audit=audit(images),
        outcome=ended.outcome,
        reason=ended.reason,
        cost=Cost(wall_seconds, attempts, failures=failures or None, **{name: getattr(ended, name) for name in _COST}),
        params=params(trial),
        tags=tags(trial) | tag_audit(audit(images)) | {"outcome": str(ended.outcome)},
        versions=versions | dict(ended.versions),
        git_commit=git_commit(),
        code=ended.code or code_digest(),  # the worker's own: sources may have been edited since it began
        processor=processor()[0],
        metrics=metrics or {},
        **{name: getattr(ended, name) for name in _KEPT},
    )


@lru_cache(maxsize=16)
def audit(images: Dataset) -> dict[str, Any]:
    """Return what an audit finds of `images` without looking at their pixels, as flat numbers; None is unknown."""
    if images.split == "official_clean":  # one trial, however it is judged: of what it was trained on
        images = replace(images, split="official")
    return find(images).summary()


def params(trial: Trial) -> dict[str, Any]:
    """Return the resolved configuration of a trial as flat parameters."""
    factors = trial.factors.levels | {"image_size": list(trial.factors.image_size)}
    return {"model": trial.model} | factors | {f"data.{key}": value for key, value in asdict(trial.data).items()}


def tags(trial: Trial) -> dict[str, str]:
    """Return the tags that MLflow searches by; `outcome` is filled in at the end."""
    return {
        "trial_key": trial.key,
        "study": trial.study,
        "arm": trial.arm,
        "seed": str(trial.factors.seed),
        "fingerprint": trial.data.fingerprint,
        "outcome": "running",
        "git_commit": git_commit() or "unknown",
    }


@lru_cache(maxsize=1)
def git_commit() -> str | None:
    """Return the commit of bloodstudy's own clone, with "+changes" if its code differs; None outside a clone."""
    clone = PACKAGE.parent
    if not (clone / ".git").exists():
        return None

    def git(*words: str) -> str:
        return subprocess.check_output(["git", "-C", clone, *words], text=True, stderr=subprocess.DEVNULL).strip()

    try:
        changed = git("status", "--porcelain", "--", "bloodstudy", "conf")
        return git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def tag_audit(findings: dict[str, Any]) -> dict[str, str]:
    """Return what an audit finds as tags of the run."""
    return {f"audit.{name}": "unknown" if findings[name] is None else str(findings[name]) for name in AUDITED}


def _describe(images: Dataset) -> dict[str, Any]:
    return {
        "classes": list(images.classes),
        "counts": images.counts().to_dict(),
        "notes": list(images.notes),
        "refused": len(images.quarantine),
        "pixels": images.pixels,
        "judged_scenes": images.provenance.digest if images.judges_clean else "",
    }
