"""The clusters that the tests start, and the numbers that every launcher has to come to."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import nodes
import pytest
import slurm
import sweeping
from harness import shared_folder, skip_but_in_ci


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[float, str]:
    """Return the hash of the predictions of each arm, trained in the command itself on one core."""
    words = ["-m", sweeping.ARMS, sweeping.BRIEF, *sweeping.TINY]
    folder = shared_folder(tmp_path_factory, "alone", lambda folder: sweeping.run(folder, *words, cores=1))
    return sweeping.prediction_hashes(folder)


@pytest.fixture(scope="session")
def expected_own(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, dict]]:
    """Return what the trials of an extension came to, trained in the command itself on one core."""
    folder = shared_folder(tmp_path_factory, "own", lambda folder: sweeping.run_own(folder, cores=1))
    return sweeping.measured(folder)


@pytest.fixture(scope="module")
def slurm_users() -> Iterator[dict[str, str]]:
    """Return the environment of the users of a Slurm of two nodes; skip where it is not installed, but never in CI."""
    if absent := slurm.missing():
        skip_but_in_ci(f"Slurm is not installed ({', '.join(absent)}): .ci/run installs it")
    with tempfile.TemporaryDirectory(prefix="slurm") as folder, slurm.slurm(Path(folder)) as environment:
        yield environment


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[tuple[str, list[nodes.Node]]]:
    """Return the address and the nodes of a Ray cluster."""
    with tempfile.TemporaryDirectory(prefix="ray") as folder, nodes.cluster(Path(folder)) as running:
        yield running
