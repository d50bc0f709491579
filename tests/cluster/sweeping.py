"""A small real sweep, by whatever launcher, and what every launcher owes it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import harness
import lab
from harness import SMEAR, statuses

PACKAGE = Path(__file__).resolve().parent.parent.parent
TINY = [*SMEAR, "depth=2", "precision=float32"]
BRIEF, LONG = "epochs=2", "epochs=300"
ARMS = "lr=1e-2,1e-3"


def start(folder: Path, *words: str, cores: int = 2, **environment: str) -> subprocess.Popen[str]:
    """Start the command in `folder`, on a machine that seems to have so many cores (where a process can be kept)."""
    chosen = sorted(os.sched_getaffinity(0))[:cores] if hasattr(os, "sched_getaffinity") else []
    prepare = (lambda: os.sched_setaffinity(0, chosen)) if chosen else (lambda: None)
    return harness.start(folder, "run", *words, prepare=prepare, **{"PYTHONPATH": str(PACKAGE)} | environment)


def wait_until_training(process: subprocess.Popen[str], folder: Path, trials: int) -> None:
    """Wait until so many trials have a run in the store and an epoch behind them."""
    names = ("run.json", "state-?.npz")
    every = lambda: [{path.parent for path in folder.glob(f"runs/scratch/*/{name}")} for name in names]  # noqa: E731
    harness.wait_for(lambda: len(set.intersection(*every())) >= trials, 150, process, lambda: said(folder))


def said(folder: Path) -> str:
    """Return what the last command has said."""
    return (folder / "said.txt").read_text()


def prediction_hashes(folder: Path) -> dict[float, str]:
    """Return the hash of the predictions of each arm, by learning rate."""
    return {lr: result["prediction_hash"] for lr, result in results(folder).items()}


def finish(process: subprocess.Popen[str], folder: Path, timeout_s: float = 400) -> None:
    """Wait for the end of a command, which has to be good."""
    try:
        assert process.wait(timeout_s) == 0, said(folder)
    finally:
        harness.kill(process)


def run(folder: Path, *words: str, cores: int = 2, **environment: str) -> None:
    """Run the command to its end, which has to be good."""
    finish(start(folder, *words, cores=cores, **environment), folder)


def results(folder: Path) -> dict[float, dict]:
    """Return the published results of the study in `folder` by learning rate."""
    return {result["factors"]["lr"]: result for result in harness.results(folder)}


def check(folder: Path, expected: dict[float, str], *launcher: str, **environment: str) -> None:
    """Sweep with `launcher`, on one core a job: the numbers must be `expected`; the second time nothing is trained."""
    typed = ["-m", ARMS, BRIEF, *TINY, *launcher]
    run(folder, *typed, **environment)
    assert prediction_hashes(folder) == expected
    assert {result["cost"]["threads"] for result in results(folder).values()} == {1}
    assert statuses(folder) == ["FINISHED"] * 2
    left = {"cache", "runs", "mlflow.db", "mlflow.db.lock", "mlartifacts", "said.txt"}
    assert {path.name for path in folder.iterdir()} == left

    before = {path: path.stat().st_mtime_ns for path in (folder / "runs" / "scratch").glob("*/result.json")}
    run(folder, *typed, **environment)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert {result["cost"]["attempts"] for result in results(folder).values()} == {1}
    assert statuses(folder) == ["FINISHED"] * 2


def run_own(folder: Path, *launcher: str, cores: int = 2, **environment: str) -> None:
    """Sweep over what an extension brings."""
    extension = lab.write(folder, lab.TEXT + lab.METRIC)
    typed = ["-m", f"extend={extension}", "model=mine", "stem_kernel=3,5", "noise=0.1", BRIEF, *SMEAR]
    run(folder, *typed, *launcher, cores=cores, **environment)


def measured(folder: Path) -> dict[str, tuple[str, dict]]:
    """Return the hash of the predictions of each trial, and its metrics, by its key."""
    return {result["key"]: (result["prediction_hash"], result["metrics"]) for result in harness.results(folder)}


def check_extension(folder: Path, expected: dict[str, tuple[str, dict]], *launcher: str, **environment: str) -> None:
    """Sweep over what an extension brings with `launcher`: the numbers must be `expected`, those of a metric too."""
    run_own(folder, *launcher, **environment)
    known = measured(folder)
    assert len({predicted for predicted, _ in known.values()}) == 2
    assert all(0 <= metrics["test_auc"]["value"] <= 1 for _, metrics in known.values())
    assert known == expected
