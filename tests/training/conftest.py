"""A small trial as a worker is given it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bloodstudy.config.schema import Factors
from bloodstudy.training.assignment import Assignment

FACTORS = replace(Factors(), image_size=(16, 16), epochs=2, batch_size=8, precision="float32", lr=1e-3)


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    """Return two epochs on thirty images of three classes, with ten to test on."""
    rng = np.random.default_rng(0)
    np.save(tmp_path / "images.npy", rng.integers(0, 256, (40, 16, 16, 1), dtype="uint8"))
    manifest = pd.DataFrame(
        {"image": [f"{i}.jpeg" for i in range(40)], "photograph": "", "scene": "", "label": rng.integers(0, 3, 40),
         "split": ["train"] * 30 + ["test"] * 10}
    )  # fmt: skip
    return Assignment(tmp_path, "reference", FACTORS, ("A", "B", "C"), tmp_path / "images.npy", manifest)
