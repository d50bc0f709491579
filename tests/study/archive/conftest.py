"""A small study on disk, made up, and its package."""

from __future__ import annotations

from pathlib import Path

import pytest
from studies import fabricate_study

from bloodstudy.config.schema import Places
from bloodstudy.study.archive.export import write_package
from bloodstudy.study.question import Question
from bloodstudy.study.run_folder import StudyLocation


@pytest.fixture
def stored(tmp_path: Path) -> StudyLocation:
    """Return the place of a study of two trials, one of which diverged."""
    question, outcomes = Question("drops", "Dropout?", "dropout", (0.5,)), {("dropout=0.5", 0): "diverged"}
    fabricate_study(tmp_path / "runs", (question,), 1, outcomes=outcomes, photographs=1, copies=1, study="small")
    for result in tmp_path.glob("runs/small/*/result.json"):
        result.with_name("config.yaml").write_text("lr: 0.001\nimage_size: [24, 32]\n")
        result.with_name("attempts.json").write_text("1\n")
    return StudyLocation("small", Places(runs_dir=str(tmp_path / "runs")))


@pytest.fixture
def package(stored: StudyLocation, tmp_path: Path) -> Path:
    """Return the package of that study."""
    write_package(stored, tmp_path / "small.zip")
    return tmp_path / "small.zip"
