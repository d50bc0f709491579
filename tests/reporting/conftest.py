"""Studies and sweeps made up for a test, in runs/ of its folder, and what is read from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from studies import POOLS, SMALL, fabricate_study, fabricate_sweep

from bloodstudy.analysis import StudyAnalysis, StudyResults, analyse_study, load_study
from bloodstudy.reporting.claims.ledger import Ledger
from bloodstudy.reporting.claims.study_claims import StudyClaims


@pytest.fixture
def sweep_of() -> Callable[..., list[dict[str, Any]]]:
    """Return `fabricate_sweep`."""
    return fabricate_sweep


@pytest.fixture
def read_sweep(tmp_path: Path) -> Callable[..., StudyResults]:
    """Return a function that makes a sweep and reads it."""

    def read(swept: dict[str, list[Any]], **more: Any) -> StudyResults:
        fabricate_sweep(tmp_path / "runs", swept, **more)
        return load_study(tmp_path / "runs", "scratch")

    return read


@pytest.fixture
def analyse(tmp_path: Path) -> Callable[..., StudyAnalysis]:
    """Return a function that makes a study of few images and analyses it; without questions it is that of `POOLS`."""

    def analysed(*questions: Any, seeds: int = 6, **more: Any) -> StudyAnalysis:
        fabricate_study(tmp_path / "runs", questions or (POOLS,), seeds, **SMALL | more)
        return analyse_study(load_study(tmp_path / "runs", "five_questions"))

    return analysed


@pytest.fixture
def claims_of(analyse: Callable[..., StudyAnalysis]) -> Callable[..., StudyClaims]:
    """Return a function that makes a study as `analyse` does, with an empty ledger."""
    return lambda *questions, **more: StudyClaims(analyse(*questions, **more), Ledger())
