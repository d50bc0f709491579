"""A whole sweep as it lies on disk, and its arms.

In: the run folder. Out: a frozen `Sweep`: plan, trials, results, histories and what the test predictions say; and one
row an arm, with the means over its seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bloodstudy.analysis.tested import Tested, examine
from bloodstudy.analysis.trials import read_plan, read_result, read_trials
from bloodstudy.design import BLOCK_KEYS

NOISE_TIMES = 2.0  # how far above chance level, in standard errors, an accuracy counts as clear of it


@dataclass(frozen=True)
class Sweep:
    """One sweep; the dictionaries are keyed by trial key and hold what is there."""

    plan: dict[str, Any]
    trials: pd.DataFrame  # of `read_trials`
    results: dict[str, dict[str, Any]]
    histories: dict[str, pd.DataFrame]
    tested: dict[str, Tested]

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
        rows = self.trials[self.trials["arm"] == arm]
        return rows if outcome is None else rows[rows["outcome"] == outcome]


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


def summarise_arms(sweep: Sweep) -> pd.DataFrame:
    """Return one row an arm, in the order of the sweep, with means over its finished seeds.

    Columns: planned and finished (trials), train, test, gap (means), test_low and test_high (over seeds), chance, and
    clear: whether the mean test accuracy is more than two standard errors above chance level. The last is a guard
    against naming winners among arms that learnt nothing, not a test.
    """
    rows = []
    for arm in sweep.arms:
        done = sweep.of(arm, "finished")
        known = [sweep.tested[key] for key in done["key"] if key in sweep.tested]
        test, chance = done["test_accuracy"].astype(float), known[0].chance if known else float("nan")
        rows.append(
            {
                "arm": arm,
                "planned": len(sweep.of(arm)),
                "finished": len(done),
                "train": done["train_accuracy"].astype(float).mean(),
                "test": test.mean(),
                "gap": done["accuracy_gap"].astype(float).mean(),
                "test_low": test.min(),
                "test_high": test.max(),
                "chance": chance,
                "clear": bool(known and test.mean() > chance + NOISE_TIMES * known[0].noise),
            }
        )
    return pd.DataFrame(rows)
