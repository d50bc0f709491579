"""The end of a run: what came out, what failed, where to look next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from bloodstudy import analysis, attempt, design, terminal, tracking

FAILED = ("failed", "out_of_memory", "interrupted", "missing")


def close(runs_dir: Path, swept: dict[str, Any]) -> int:
    """Log what the store does not hold yet, print the results, return the exit code."""
    _catch_up(runs_dir / design.SCRATCH)
    trials = analysis.read_trials(runs_dir, design.SCRATCH)
    if len(trials) > 1:
        _print_sweep(trials)
    else:
        _print_trial(trials.iloc[0])
    failed = trials[trials["outcome"].isin(FAILED)]
    for row in failed.itertuples():
        terminal.say(f"{row.outcome}: {row.arm}, seed {row.seed}: {row.reason}")
    _print_next(runs_dir, len(trials), swept)
    return 1 if len(failed) else 0


def _catch_up(study_folder: Path) -> None:
    unlogged = [file for file in study_folder.glob("*/result.json") if not (file.parent / "logged.json").exists()]
    store = attempt.store(design.SCRATCH) if unlogged else None
    if store is not None and (logged := tracking.catch_up(store, study_folder)):
        terminal.say(f"logged {logged} earlier trial{'s' if logged > 1 else ''} to MLflow")


def _print_trial(row: pd.Series) -> None:
    if row["outcome"] == "finished":
        terminal.say()
        terminal.say(f"train accuracy  {row['train_accuracy']:.3f}   (inference mode, images as they are)")
        terminal.say(f"test accuracy   {row['test_accuracy']:.3f}")
        terminal.say(f"gap            {row['accuracy_gap']:+.3f}")


def _print_sweep(trials: pd.DataFrame) -> None:
    no_ops = analysis.flag_no_ops(trials)
    seeds = trials["seed"].nunique() > 1
    header = ["arm", *(["seed"] if seeds else []), "train", "test", "gap", "outcome", "time"]
    rows = []
    for row in trials.to_dict("records"):
        done = row["outcome"] == "finished"
        figures = [f"{row['train_accuracy']:.3f}", f"{row['test_accuracy']:.3f}", f"{row['accuracy_gap']:+.3f}"]
        note = f"{row['outcome']}, no-op?" if row["arm"] in no_ops else row["outcome"]
        time = terminal.span(row["wall_seconds"]) if row["outcome"] != "missing" else "-"
        rows.append([row["arm"], *([str(row["seed"])] if seeds else []), *(figures if done else "---"), note, time])
    terminal.print_table("", header, rows, right=("seed", "train", "test", "gap", "time"))
    if no_ops:
        terminal.say(f"no-op?: the predictions equal those of {trials['arm'].iloc[0]!r} on every seed")


def _print_next(runs_dir: Path, trials: int, swept: dict[str, Any]) -> None:
    places = "" if runs_dir == Path("runs") else f" runs_dir={runs_dir}"
    terminal.say()
    terminal.say("next:")
    if trials == 1:
        terminal.say("  python -m bloodstudy.run -m lr=1e-2,1e-3,1e-4      a sweep")
    if trials > 1 and "seed" not in swept:
        terminal.say("  add seed=0,1,2                                     one seed says little")
    terminal.say(f"  python -m bloodstudy.report{places:<24}the report, with figures")
    terminal.say("  mlflow ui --backend-store-uri sqlite:///mlflow.db  compare the runs")
