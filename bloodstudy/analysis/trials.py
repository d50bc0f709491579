"""The trials of a study as one tidy frame.

In: the run folder with its plan. Out: one row a planned trial, in the order of the plan, with its arm, seed, levels,
outcome, responses and cost; a trial without a result has the outcome "missing".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from bloodstudy import files
from bloodstudy.errors import UserError

COLUMNS = ("train_accuracy", "test_accuracy", "accuracy_gap", "wall_seconds", "parameters", "prediction_hash")


def read_plan(runs_dir: Path, study: str) -> dict[str, Any]:
    """Return the plan of `study`; raises UserError where nothing was run yet."""
    path = runs_dir / study / "plan.yaml"
    if not path.exists():
        raise UserError(
            f"there is no plan at {path}: nothing was run yet. Run a sweep first, such as: "
            "python -m bloodstudy.run -m lr=1e-2,1e-3,1e-4"
        )
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def read_result(runs_dir: Path, study: str, key: str) -> dict[str, Any] | None:
    """Return the published result of one trial, or None where it has none."""
    return files.read_json(runs_dir / study / key / "result.json")


def read_trials(runs_dir: Path, study: str) -> pd.DataFrame:
    """Return one row a planned trial: key, arm, seed, outcome, reason, responses, parameters, cost and factor levels.

    Columns of responses and cost are NaN where the trial has none. Levels stand under their own names: those that were
    swept for every trial, and as the trial resolved them (precision is never "auto") where it has a result.
    """
    rows = []
    for planned in read_plan(runs_dir, study)["trials"]:
        result = read_result(runs_dir, study, planned["key"])
        row: dict[str, Any] = {"key": planned["key"], "arm": planned["arm"], **planned["levels"]}
        row["seed"] = planned["seed"]
        if result is None:
            row |= {"outcome": "missing", "reason": "not trained yet"}
        else:
            row |= {"outcome": result["outcome"], "reason": result["reason"]}
            row |= {"model": result["model"], **result["factors"]}
            row |= result.get("responses", {}) | result["cost"]
            row |= {name: result.get(name) for name in ("parameters", "prediction_hash", "epochs_done")}
        rows.append(row)
    frame = pd.DataFrame(rows)
    for name in COLUMNS:
        if name not in frame:
            frame[name] = None
    return frame


def flag_no_ops(trials: pd.DataFrame) -> set[str]:
    """Return the arms whose predictions equal those of the first arm on every seed that both finished.

    Equal predictions mean that the change had no effect on the computation: often a level that does nothing there.
    """
    finished = trials[(trials["outcome"] == "finished") & trials["prediction_hash"].notna()]
    hashes: dict[str, dict[int, set[str]]] = {}
    for row in finished.itertuples():
        hashes.setdefault(str(row.arm), {}).setdefault(row.seed, set()).add(row.prediction_hash)  # type: ignore
    first = str(trials["arm"].iloc[0]) if len(trials) else ""
    own = hashes.pop(first, {})
    flagged = set()
    for arm, by_seed in hashes.items():
        shared = by_seed.keys() & own.keys()
        if shared and all(by_seed[seed] == own[seed] for seed in shared):
            flagged.add(arm)
    return flagged
