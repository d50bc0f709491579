"""A small trial as a worker is given it, and what programs of JAX were measured to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from harness import shared_folder

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


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what program_lab.py has measured, once, in a process of its own: Keras has one backend a process."""
    lab = Path(__file__).with_name("program_lab.py")

    def fill(folder: Path) -> None:
        environment = os.environ | {"PYTHONPATH": str(lab.parents[2])}
        words = [sys.executable, str(lab), str(folder)]
        done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr

    return json.loads((shared_folder(tmp_path_factory, "program", fill) / "measured.json").read_text())
