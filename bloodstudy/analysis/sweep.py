"""A whole sweep as it lies on disk, and its arms.

In: the run folder. Out: a frozen `Sweep`: plan, trials, results, histories and what the test predictions say; and an
`Arm` for each arm, with the means over its seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bloodstudy.analysis.examined import Examined, examine
from bloodstudy.analysis.trials import read_plan, read_result, read_trials
from bloodstudy.design import BLOCK_KEYS

RESPONSES = ("train_accuracy", "test_accuracy", "accuracy_gap")
NOISE_TIMES = 2.0  # how far above chance level, in standard errors, an accuracy counts as clear of it


@dataclass(frozen=True)
class Sweep:
    """One sweep; the dictionaries are keyed by trial key and hold what is there."""

    plan: dict[str, Any]
    trials: pd.DataFrame  # of `read_trials`
    results: dict[str, dict[str, Any]]
    histories: dict[str, pd.DataFrame]
    tested: dict[str, Examined]

    @property
    def arms(self) -> list[str]:
        return list(dict.fromkeys(self.trials["arm"]))

    @property
    def factors(self) -> list[str]:
        """The swept factors, in the order typed; seeds are replicates, not a factor."""
        return [key for key in self.plan["swept"] if key not in BLOCK_KEYS]

    @property
    def seeds(self) -> list[int]:
        return sorted(set(self.trials["seed"]))

    @property
    def levels(self) -> dict[str, dict[str, Any]]:
        """The swept levels of each arm."""
        return {planned["arm"]: planned["levels"] for planned in self.plan["trials"]}

    @property
    def data(self) -> list[dict[str, Any]]:
        """The different data of the planned trials, in order."""
        different: list[dict[str, Any]] = []
        for planned in self.plan["trials"]:
            if planned["data"] not in different:
                different.append(planned["data"])
        return different

    def of(self, arm: str, outcome: str | None = None) -> pd.DataFrame:
        """Return the trials of `arm`, those with `outcome` alone where one is named."""
        wanted = self.trials["arm"] == arm
        if outcome is not None:
            wanted &= self.trials["outcome"] == outcome
        return self.trials.loc[wanted]


def read_sweep(runs_dir: Path, study: str) -> Sweep:
    """Return the sweep that the plan of `study` describes; raises UserError where nothing was run yet."""
    plan = read_plan(runs_dir, study)
    results, histories, tested = {}, {}, {}
    for key in dict.fromkeys(planned["key"] for planned in plan["trials"]):
        folder = runs_dir / study / key
        result = read_result(runs_dir, study, key)
        if result is None:
            continue
        results[key] = result
        if (folder / "history.csv").exists():
            histories[key] = pd.read_csv(folder / "history.csv")
        if result["outcome"] == "finished" and (folder / "predictions.parquet").exists():
            tested[key] = examine(pd.read_parquet(folder / "predictions.parquet"))
    return Sweep(plan, read_trials(runs_dir, study), results, histories, tested)


@dataclass(frozen=True)
class Arm:
    """One arm over its seeds. Responses are means over the finished trials, NaN where there is none."""

    name: str
    planned: int  # trials
    finished: int
    train: float
    test: float
    gap: float
    test_low: float  # over the seeds
    test_high: float
    chance: float  # share of the largest class among the test images
    clear: bool  # of chance level; a guard against naming winners among arms that learnt nothing, not a test

    @property
    def whole(self) -> bool:
        return self.finished == self.planned


def summarise_arms(sweep: Sweep) -> list[Arm]:
    """Return the arms in the order of the sweep."""
    return [_summarise(sweep, name) for name in sweep.arms]


def _summarise(sweep: Sweep, name: str) -> Arm:
    done = sweep.of(name, "finished")
    train, test, gap = (done[column].to_numpy(dtype=float) for column in RESPONSES)
    if not len(test):
        nan = float("nan")
        return Arm(name, len(sweep.of(name)), 0, nan, nan, nan, nan, nan, nan, False)
    key = done["key"].iloc[0]
    counts = sweep.results[key]["data"]["counts"]["test"].values()
    chance = max(counts) / sum(counts)
    # Copies of a photograph are no further evidence, so it is the photographs that count, where they are known.
    photographs = sweep.tested[key].photographs if key in sweep.tested else None
    noise = (chance * (1 - chance) / (photographs or sum(counts))) ** 0.5
    return Arm(
        name,
        planned=len(sweep.of(name)),
        finished=len(done),
        train=float(train.mean()),
        test=float(test.mean()),
        gap=float(gap.mean()),
        test_low=float(test.min()),
        test_high=float(test.max()),
        chance=chance,
        clear=bool(test.mean() > chance + NOISE_TIMES * noise),
    )
