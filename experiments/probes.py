"""How the recipes of study=bccd and study=compact_claims were chosen, before these studies were planned.

    python experiments/probes.py STUDY train             each recipe, ten blocks, two seeds: 20 trainings a recipe
    python experiments/probes.py STUDY collect FOLDER    what has finished in a run folder, into STUDY/probes.csv
    python experiments/probes.py STUDY table             the table of the study's README

The blocks (two divisions of all cells into five folds, split_seed and seeds 100 and 101) are none of a study's.
Accuracies weigh each class alike. The spread is the standard deviation of the difference of two trainings of a block
that differ in their seed alone.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd

RUNS = "runs/probes"
BLOCKS = (
    *("data=bccd", "data.view=cell", "data.split=grouped_kfold", "data.split_seed=100,101", "data.fold=0,1,2,3,4"),
    *("seed=100,101", "schedule=cosine", "class_weight=balanced", "precision=float32"),
)
COMPACT = "model=compact", "image_size=[66,88]", "padding=same"
SWEEPS = {
    "bccd": [("colour=rgb", "image_size=[60,80]", "norm=batch", "batch_size=20", "lr=2e-3", "epochs=25,50")],
    "compact_claims": [
        (*COMPACT, "batch_size=8", "lr=5e-4,1e-3", "epochs=50"),
        (*COMPACT, "batch_size=20", "lr=1e-3,2e-3", "epochs=30,60"),
    ],
}
RECIPE, BLOCK = ["batch_size", "lr", "epochs"], ["split_seed", "fold"]


def train(study: str, _: list[str]) -> None:
    for words in SWEEPS[study]:
        command = sys.executable, "-m", "bloodstudy.run", "-m", *BLOCKS, *words, f"runs_dir={RUNS}"
        subprocess.run(command, check=True)
    collect(study, [RUNS])


def collect(study: str, folders: list[str]) -> None:
    """Add what has finished to the probes of a study."""
    from bloodstudy.analysis import load_study

    kept = file(study)
    rows = pd.read_csv(kept).to_dict("records") if kept.exists() else []
    for folder in folders:
        sweep = load_study(Path(folder), "scratch")
        for key, judged in sweep.trials.loc[sweep.trials["outcome"] == "finished", ["key", "judged"]].to_numpy():
            result, score, fitted = sweep.results[key], sweep.score(key, judged), sweep.histories[key]["fit_accuracy"]
            assert score is not None
            epochs = len(fitted)
            block = {"split_seed": result.data.split_seed, "fold": result.data.fold, "seed": result.factors["seed"]}
            rise = fitted.iloc[-1] - fitted.iloc[epochs * 3 // 4 - 1]
            measured = {"train": score.train, "test": score.test, "rise": rise}
            recipe = {name: result.factors[name] for name in RECIPE}
            rows.append(recipe | block | {k: round(v, 6) for k, v in measured.items()})
    order = [*RECIPE, *BLOCK, "seed"]
    pd.DataFrame(rows).drop_duplicates(order).sort_values(order).to_csv(kept, index=False)


def table(study: str, _: list[str]) -> None:
    print("\n".join(tabulate(pd.read_csv(file(study)))))


def tabulate(probes: pd.DataFrame) -> list[str]:
    """Return the lines of the table: a row a recipe."""
    told = "train, lowest", "test, lowest", "test, mean", "last quarter, points", "pairs", "spread, points"
    header = [*(name.replace("_", " ") for name in RECIPE), *told]
    rows = [f"| {' | '.join(header)} |", f"|{'---:|' * len(header)}"]
    for recipe, own in probes.groupby(RECIPE):
        pairs = own.pivot_table(index=BLOCK, columns="seed", values="test").dropna()
        spread = 100 * (pairs.iloc[:, 0] - pairs.iloc[:, 1]).std()
        train, test, mean = own["train"].min(), own["test"].min(), own["test"].mean()
        rise, many = 100 * own["rise"].mean(), len(pairs)
        numbers = f"{train:.3f} | {test:.3f} | {mean:.3f} | {rise:+.1f} | {many} | {spread:.2f}"
        rows.append(f"| {' | '.join(map(str, recipe))} | {numbers} |")
    return rows


def file(study: str) -> Path:
    return Path(__file__).parent / study / "probes.csv"


if __name__ == "__main__":
    steps = {"train": train, "collect": collect, "table": table}
    if len(sys.argv) < 3 or sys.argv[1] not in SWEEPS or sys.argv[2] not in steps:
        sys.exit(__doc__)
    steps[sys.argv[2]](sys.argv[1], sys.argv[3:])
