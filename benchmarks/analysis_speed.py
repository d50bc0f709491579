"""Time the reading and judging of whole studies by folds: fabricated trials, each with predictions on its tested fold.

    python benchmarks/analysis_speed.py [--trials 200 1000] [--profile]

Trials lie in a temporary folder as a study leaves them (plan, result, history, predictions), ten repetitions of five
blocks of so many arms as it takes, with looks at 2, 4, 8 and 10; labels and photographs are as many as those of Kaggle,
12,444 images of which each fold tests some 2,489. Prints seconds and peak memory; --profile also prints where the time
goes.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bloodstudy.study.outcome import Outcome
from bloodstudy.study.predictions import hash_stored
from bloodstudy.study.result import Cost, Result, ResultData

# Images of each photograph, class after class: as many as the real ones have.
TRAIN = ((*[33] * 74, 55), (*[92] * 26, 91), (*[155] * 15, 153), (*[16] * 156, 1, 1, 1))
TEST = ((47, 47, *[48] * 10, 49), (102, 103, 103, 104, 104, 104), (154, 155, 155, 156), (12, *[13] * 46, 14))
CLASSES = ("EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL")
REPETITIONS, FOLDS = 10, 5
BLOCKS = REPETITIONS * FOLDS


def main() -> None:
    """Fabricate, read, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[200, 1000], help="trials of each study")
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    options = parser.parse_args()
    from bloodstudy.analysis import analyse_study, load_study

    for trials in options.trials:
        with tempfile.TemporaryDirectory() as folder:
            images = fabricate(Path(folder), trials)
            profile = cProfile.Profile()
            if options.profile:
                profile.enable()
            start = time.perf_counter()
            sweep = load_study(Path(folder), "speed")
            read = time.perf_counter()
            judged = analyse_study(sweep)
            end = time.perf_counter()
            profile.disable()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{trials} trials x {images} images: {end - start:.1f} s (reading {read - start:.1f}, judging "
                f"{end - read:.1f}), {len(judged.comparisons)} comparisons, {judged.family} tested, peak {peak:.0f} MB"
            )
            if options.profile:
                pstats.Stats(profile).sort_stats("cumulative").print_stats(35)


def fabricate(runs_dir: Path, trials: int) -> int:
    """Write a study of so many trials; return how many images each predicts, on average."""
    rng = np.random.default_rng(0)
    shown = pd.concat([_list(TRAIN, "train"), _list(TEST, "test")], ignore_index=True)
    arms = ["reference", *(f"arm {i}" for i in range(1, trials // BLOCKS))]
    planned, counted = [], []
    scenes = shown["scene"].unique()
    for repetition in range(REPETITIONS):
        fold_of = dict(zip(scenes, rng.permutation(np.arange(len(scenes)) % FOLDS), strict=True))
        folds = np.array([fold_of[scene] for scene in shown["scene"]])
        for fold in range(FOLDS):
            seed, own = FOLDS * repetition + fold, shown[folds == fold].assign(split="test")
            data: dict[str, Any] = {"name": "kaggle", "task": "subtype", "view": "field", "fingerprint": "f" * 16}
            data |= {"split": "grouped_kfold", "split_seed": repetition, "folds": FOLDS, "fold": fold}
            label = own["label"].map(CLASSES.index).to_numpy()
            counted.append(len(own))
            for position, arm in enumerate(arms):
                key = f"{seed:04x}{position:012x}"
                planned.append({"key": key, "arm": arm, "seed": seed, "levels": {"arm": arm, "seed": seed}})
                planned[-1] |= {"data": data, "judged": "grouped_kfold", "overrides": [f"lr={position / 1000}"]}
                right = rng.random(len(label)) < 0.7 + 0.01 * (position % 7)
                likeliest = np.where(right, label, rng.integers(len(CLASSES), size=len(label)))
                _write(runs_dir / "speed" / key, planned[-1], own, likeliest, rng)
    roles = {arm: "reference" if arm == "reference" else "confirmatory" for arm in arms}
    question = {"name": "q", "sentence": "?", "factor": None, "reference": arms[0], "arms": arms, "margin": 0.02}
    plan = {
        "study": "speed", "command": "python -m bloodstudy.run -m study=speed",
        "swept": {"arm": arms, "seed": list(range(BLOCKS))}, "seeds": list(range(BLOCKS)), "questions": [question],
        "precision": "float32", "bloodstudy": "0.1.0", "design": "folds", "folds": FOLDS, "looks": [2, 4, 8, 10],
        "arms": {arm: {"role": role, "levels": {}} for arm, role in roles.items()}, "trials": planned,
    }  # fmt: skip
    (runs_dir / "speed" / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")  # which YAML reads too
    return round(float(np.mean(counted)))


def _list(images: Sequence[Sequence[int]], split: str) -> pd.DataFrame:
    sizes = np.concatenate(images)
    photograph = np.repeat(np.arange(len(sizes)), sizes)
    label = np.array(CLASSES)[np.repeat(np.arange(len(images)), [sum(own) for own in images])]
    names = [f"{split}_{i:05d}" for i in photograph]
    named = [f"{split.upper()}/{name}/_{i % 60}_{i}.jpeg" for i, name in enumerate(label)]
    return pd.DataFrame({"split": split, "image": named, "photograph": names, "scene": names, "label": label})


def _write(folder: Path, planned: dict[str, Any], shown: pd.DataFrame, likeliest: np.ndarray, rng: Any) -> None:
    folder.mkdir(parents=True)
    thousandths = rng.integers(0, 80, (len(likeliest), len(CLASSES)))
    thousandths[np.arange(len(likeliest)), likeliest] = 0
    thousandths[np.arange(len(likeliest)), likeliest] = 1000 - thousandths.sum(axis=1)
    table = shown.assign(
        **{f"p_{name}": (thousandths[:, i] / 1000).astype("float32") for i, name in enumerate(CLASSES)}
    )
    table.to_parquet(folder / "predictions.parquet", compression="zstd", index=False)
    epochs = np.arange(1, 41)
    history = pd.DataFrame({"epoch": epochs, "fit_loss": 1 / epochs, "fit_accuracy": 1 - 0.7 / epochs})
    history.to_csv(folder / "history.csv", index=False)
    tested = {name: shown["label"].tolist().count(name) for name in CLASSES}
    counts = {"train": {name: 4 * count for name, count in tested.items()}, "test": tested}
    responses = {"train_accuracy": 0.9, "test_accuracy": 0.8, "accuracy_gap": 0.1}
    # As a trial writes it, with the hashes of the files beside it.
    Result(
        key=planned["key"], study="speed", arm=planned["arm"], model="reference", outcome=Outcome.FINISHED,
        factors={"seed": planned["seed"], "precision": "float32", "lr": 0.001}, parameters=22476,
        data=ResultData(**planned["data"], classes=CLASSES, counts=counts, notes=(), refused=0),
        cost=Cost(1.0, 1), responses=responses, params={}, tags={}, versions={}, stored_hash=hash_stored(table),
    ).write(folder)  # fmt: skip


if __name__ == "__main__":
    main()
