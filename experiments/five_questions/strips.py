"""The learning rates at which the arms of the five questions are given a fair chance, before the study is planned.

    python experiments/five_questions/strips.py train [OVERRIDE ...]   what strips.csv lacks, two hours on two cores
    python experiments/five_questions/strips.py collect                what has finished, into strips.csv
    python experiments/five_questions/strips.py table                  mean validation accuracy by arm and rate

Each arm but those of the learning rate, and the reference, is trained at three rates, each four times the one before,
in three blocks (divisions 100 to 102 of all images into five folds, one fold each, seeds from 100 on), none of which
the study uses. What is compared is accuracy on a fifth of the training images, whole scenes of them: no test image has
a part in it. An arm whose best rate is more than one of these steps from the reference's is trained at its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd

RUNS = Path("runs/strips")
RATES = (5e-4, 2e-3, 8e-3)
BLOCKS = ((100, 0), (101, 1), (102, 2))  # split_seed, fold
FOLDS = 5
SETTING = [
    *("data=kaggle", "colour=rgb", "image_size=[60,80]", "norm=batch", "schedule=cosine", "epochs=24"),
    *("precision=float32", "data.split=grouped_kfold", "data.validation_share=0.2"),
]
USUAL = {"pooling": "max", "dropout": 0.0, "augment": "none", "width": 1.0, "depth": 4, "head": "flatten"}
ARMS = {  # as `collect` names them: what an arm sets
    "reference": [],
    **{f"pooling={level}": [f"pooling={level}"] for level in ("average", "strided", "none")},
    **{f"dropout={level}": [f"dropout={level}"] for level in (0.1, 0.3, 0.5)},
    **{f"augment={level}": [f"augment={level}"] for level in ("flip", "affine", "mixup")},
    **{f"width={level}": [f"width={level}"] for level in (0.25, 0.5, 2.0)},
    "depth=3, head=average": ["depth=3", "head=average"],
}
KEPT = Path(__file__).with_name("strips.csv")


def train(more: list[str]) -> None:
    """Train what has no result yet, arm by arm, all rates of a block at once."""
    known = pd.read_csv(KEPT) if KEPT.exists() else pd.DataFrame(columns=["arm", "seed"])
    finished = known.groupby(["arm", "seed"]).size()
    rates = ",".join(f"{rate:g}" for rate in RATES)
    for split_seed, fold in BLOCKS:
        seed = FOLDS * split_seed + fold
        block = [f"data.split_seed={split_seed}", f"data.fold={fold}", f"seed={seed}"]
        for arm, levels in ARMS.items():
            if finished.get((arm, seed), 0) < len(RATES):
                words = [*SETTING, *block, f"lr={rates}", *levels, f"runs_dir={RUNS}", *more]
                print("python -m bloodstudy.run -m", *words, flush=True)
                subprocess.run([sys.executable, "-m", "bloodstudy.run", "-m", *words], check=False)


def collect(more: list[str]) -> None:
    """Add what has finished to strips.csv."""
    from bloodstudy.study.run_folder import StudyFolder, load_result

    rows = pd.read_csv(KEPT).to_dict("records") if KEPT.exists() else []
    for folder in StudyFolder(RUNS / "scratch").trials:
        result = load_result(folder.path)
        if result is None:
            continue
        levels = result.factors
        named = [f"{key}={levels[key]}" for key in USUAL if levels[key] != USUAL[key]]
        row = {"arm": ", ".join(named) or "reference", "lr": levels["lr"], "seed": levels["seed"], "key": result.key}
        row |= {"outcome": str(result.outcome), "commit": result.git_commit}
        measured = (f"{side}_accuracy" for side in ("train", "validation"))
        rows.append(row | {name: round(result.responses.get(name, float("nan")), 6) for name in measured})
    frame = pd.DataFrame(rows).drop_duplicates("key").sort_values(["seed", "arm", "lr"])
    frame.to_csv(KEPT, index=False)


def table(more: list[str]) -> None:
    """Print the mean over the blocks of each arm and rate, and the best rate."""
    means = pd.read_csv(KEPT).groupby(["arm", "lr"])["validation_accuracy"].agg(["mean", "min", "count"]).reset_index()
    print("| arm |", " | ".join(f"lr={rate:g}" for rate in RATES), "| best |")
    print("|---|" + "---|" * (len(RATES) + 1))
    for arm, own in means.groupby("arm", sort=False):
        cells = [f"{row['mean']:.3f} (lowest {row['min']:.3f} of {row['count']})" for _, row in own.iterrows()]
        print(f"| {arm} |", " | ".join(cells), f"| {own.loc[own['mean'].idxmax(), 'lr']:g} |")


if __name__ == "__main__":
    {"train": train, "collect": collect, "table": table}[sys.argv[1]](sys.argv[2:])
