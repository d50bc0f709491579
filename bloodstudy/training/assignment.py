"""What a worker is told: about one trial, or about one metric; and which trials a program of JAX can train alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from bloodstudy.config.schema import Factors

# What is an argument of such a program, and no part of it.
_ARGUMENTS = {"seed": 0, "lr": 1e-3, "schedule": "constant", "warmup": 0.0, "epochs": 1, "early_stopping": 0}


def shape_of(factors: Factors) -> Factors:
    """Return factors that are equal for all trials that one program trains."""
    return replace(factors, **_ARGUMENTS)


@dataclass(frozen=True)
class Assignment:
    """All that a worker needs to train one trial."""

    folder: Path  # where history.csv, predictions.parquet and the states go; it has the name of the trial's key
    model: str
    factors: Factors
    classes: tuple[str, ...]
    images: Path  # .npy file, uint8 (N, H, W, C)
    manifest: pd.DataFrame  # image, photograph, scene, label, split: one row an image
    clean: bool = False  # whether to judge also without the test images whose scene is in training
    images_hash: str = ""  # SHA-256 of that file; empty: not checked
    extensions: tuple[str, ...] = ()  # packed: whose factors and networks it may use
    save_model: bool = False  # whether to keep the trained network
    probe: bool = False  # whether only to find out how long it would take
    uses: tuple[str, ...] = ()  # digests of the extensions that it imports: no other trial shall find what they change


@dataclass(frozen=True)
class MetricAssignment:
    """All that a worker needs to compute a metric of an extension."""

    name: str
    probabilities: np.ndarray  # float64 (N, classes), whose rows sum to 1
    labels: np.ndarray  # int (N,)
    extensions: tuple[str, ...]  # packed
    extension: str = ""  # the digest of the one that it stands in
