"""How the recipe of study=bccd was chosen, before the study was planned.

    python experiments/bccd/probes.py train             two numbers of epochs, ten blocks, two seeds: 40 trainings
    python experiments/bccd/probes.py collect FOLDER    what has finished in a run folder, into probes.csv
    python experiments/bccd/probes.py table             the table of the README

The blocks (two divisions of all cells into five folds, split_seed and seeds 100 and 101) are none of the study's.
Accuracies weigh each class alike. The spread is the standard deviation of the difference of two trainings of a block
that differ in their seed alone.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd

RUNS = "runs/probes"
KEPT = Path(__file__).with_name("probes.csv")
SETTING = (
    *("data=bccd", "data.view=cell", "data.split=grouped_kfold", "data.split_seed=100,101", "data.fold=0,1,2,3,4"),
    *("seed=100,101", "colour=rgb", "image_size=[60,80]", "norm=batch", "lr=2e-3", "schedule=cosine", "epochs=25,50"),
    *("batch_size=20", "class_weight=balanced", "precision=float32"),
)
BLOCK = ["epochs", "split_seed", "fold"]


def train(_: list[str]) -> None:
    subprocess.run([sys.executable, "-m", "bloodstudy.run", "-m", *SETTING, f"runs_dir={RUNS}"], check=True)
    collect([RUNS])


def collect(folders: list[str]) -> None:
    """Add what has finished to probes.csv."""
    from bloodstudy.analysis import load_study

    rows = pd.read_csv(KEPT).to_dict("records") if KEPT.exists() else []
    for folder in folders:
        sweep = load_study(Path(folder), "scratch")
        for key, judged in sweep.trials.loc[sweep.trials["outcome"] == "finished", ["key", "judged"]].to_numpy():
            result, score, fitted = sweep.results[key], sweep.score(key, judged), sweep.histories[key]["fit_accuracy"]
            assert score is not None
            epochs = len(fitted)
            block = {"epochs": epochs, "split_seed": result.data.split_seed, "fold": result.data.fold}
            rise = fitted.iloc[-1] - fitted.iloc[epochs * 3 // 4 - 1]
            measured = {"train": score.train, "test": score.test, "rise": rise}
            rows.append(block | {"seed": result.factors["seed"]} | {k: round(v, 6) for k, v in measured.items()})
    table = pd.DataFrame(rows).drop_duplicates([*BLOCK, "seed"]).sort_values([*BLOCK, "seed"])
    table.to_csv(KEPT, index=False)


def table(_: list[str]) -> None:
    print("\n".join(tabulate(pd.read_csv(KEPT))))


def tabulate(probes: pd.DataFrame) -> list[str]:
    """Return the lines of the table: a row a number of epochs."""
    rows = ["| epochs | train, lowest | test, lowest | test, mean | last quarter, points | pairs | spread, points |"]
    rows.append("|---:|---:|---:|---:|---:|---:|---:|")
    for epochs, own in probes.groupby("epochs"):
        pairs = own.pivot_table(index=["split_seed", "fold"], columns="seed", values="test")
        spread = 100 * (pairs.iloc[:, 0] - pairs.iloc[:, 1]).std()
        train, test, mean = own["train"].min(), own["test"].min(), own["test"].mean()
        rise = 100 * own["rise"].mean()
        rows.append(f"| {epochs} | {train:.3f} | {test:.3f} | {mean:.3f} | {rise:+.1f} | {len(pairs)} | {spread:.2f} |")
    return rows


if __name__ == "__main__":
    steps = {"train": train, "collect": collect, "table": table}
    if len(sys.argv) < 2 or sys.argv[1] not in steps:
        sys.exit(__doc__)
    steps[sys.argv[1]](sys.argv[2:])
