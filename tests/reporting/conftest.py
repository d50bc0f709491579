"""A sweep as `bloodstudy.run` leaves it on disk, made up from a seed: no training, known numbers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from bloodstudy.config.schema import Factors
from bloodstudy.study.arms import name_arm
from bloodstudy.study.predictions import hash_stored
from bloodstudy.study.trial import DataIdentity, Trial

CLASSES = ("EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL")
PARAMETERS = {"reference": 22_476, "compact": 219_460}


def fabricate(
    runs_dir: Path,
    swept: dict[str, list[Any]],
    *,
    outcomes: dict[int, str] | None = None,
    skill: Callable[[dict[str, Any]], tuple[float, float]] = lambda levels: (0.9, 0.7),
    classes: Sequence[str] = CLASSES,
    data: str = "smear",
    split: str = "official",
    epochs: int = 12,
    commits: Sequence[str] = ("0123abc",),
) -> list[dict[str, Any]]:
    """Write plan and trials of the product of `swept`; return the results in the order of the plan, None for missing.

    `outcomes` names those that are not "finished" by position; `skill` gives the shares of train and test images that
    a trial gets right, before noise.
    """
    rng = np.random.default_rng(11)
    results, planned = [], []
    for position, combination in enumerate(itertools.product(*swept.values())):
        levels = dict(zip(swept, combination, strict=True))
        trial = _make_trial(levels, data, split, epochs)
        planned.append({"key": trial.key, "arm": trial.arm, "seed": trial.factors.seed, "levels": levels})
        planned[-1] |= {"data": asdict(trial.data), "judged": str(levels.get("data.split", split))}
        outcome = (outcomes or {}).get(position, "finished")
        if outcome == "missing":
            results.append(None)
            continue
        folder = runs_dir / "scratch" / trial.key
        folder.mkdir(parents=True)
        result = _make_result(trial, outcome, classes, commits[position % len(commits)])
        if outcome == "finished":
            predictions = _make_predictions(classes, skill(levels), rng)
            predictions.to_parquet(folder / "predictions.parquet")
            result |= _measure(predictions, classes) | {"prediction_hash": f"{rng.integers(2**60):x}"}
            result |= {"stored_hash": hash_stored(predictions)}
        if outcome != "failed":
            _make_history(epochs, skill(levels)[0], outcome, rng).to_csv(folder / "history.csv", index=False)
        (folder / "result.json").write_text(json.dumps(result, sort_keys=True))  # as it is published
        results.append(result)
    command = "python -m bloodstudy.run" + (" -m" if swept else "")
    command += "".join(f" {key}={','.join(map(str, values))}" for key, values in swept.items())
    plan = {"study": "scratch", "command": command, "swept": swept, "trials": planned}
    (runs_dir / "scratch").mkdir(parents=True, exist_ok=True)
    (runs_dir / "scratch" / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
    return results


def _make_trial(levels: dict[str, Any], source: str, split: str, epochs: int) -> Trial:
    own = {key: value for key, value in levels.items() if key in asdict(Factors())}
    factors = Factors(**{"epochs": epochs, "precision": "float32"} | own)
    drawn = split == "random"
    data = DataIdentity(
        str(levels.get("data", source)),
        "subtype",
        "field",
        split,
        "f" * 16,
        0 if drawn else None,
        0.2 if drawn else None,
    )
    return Trial("scratch", name_arm(levels), str(levels.get("model", "reference")), factors, data)


def _make_result(trial: Trial, outcome: str, classes: Sequence[str], commit: str) -> dict[str, Any]:
    reasons = {
        "diverged": "the loss was nan in epoch 3",
        "failed": "ValueError: <script>alert(1)</script> | `x`",
    }
    sides = {"train": 48, "test": 32}
    counts = {side: {name: n + 8 * (i == 0) for i, name in enumerate(classes)} for side, n in sides.items()}
    wall = 20 + int(trial.key[:4], 16) % 4000 / 100
    result = {
        "key": trial.key,
        "study": "scratch",
        "arm": trial.arm,
        "model": trial.model,
        "factors": asdict(trial.factors),
        "data": asdict(trial.data) | {"classes": list(classes), "counts": counts, "notes": [], "refused": 0},
        "params": {},
        "tags": {},
        "outcome": outcome,
        "reason": reasons.get(outcome),
        "cost": {"fit_seconds": 9.5, "evaluate_seconds": 0.5, "wall_seconds": wall, "attempts": 1},
        "versions": {"python": "3.12.1", "bloodstudy": "0.1.0", "keras": "3.15.1"},
        "git_commit": commit,
        "processor": "A processor",
    }
    return (
        result if outcome == "failed" else result | {"parameters": PARAMETERS.get(trial.model, 1234), "epochs_done": 12}
    )


def _make_predictions(classes: Sequence[str], skill: tuple[float, float], rng: np.random.Generator) -> pd.DataFrame:
    parts = []
    for side, each, share in (("train", 48, skill[0]), ("test", 32, skill[1])):
        label = np.repeat(np.arange(len(classes)), [each + 8 * (i == 0) for i in range(len(classes))])
        guess = np.where(rng.random(len(label)) < share, label, rng.integers(len(classes), size=len(label)))
        likely = rng.dirichlet(np.ones(len(classes)), len(label))
        likely[np.arange(len(label)), guess] += 1
        part = pd.DataFrame((np.rint(likely * 500) / 1000).astype("float32"), columns=[f"p_{name}" for name in classes])
        part.insert(0, "label", [classes[i] for i in label])
        part.insert(0, "photograph", [f"{side}-{i // 4}" for i in range(len(label))])
        part.insert(0, "image", [f"{side}/{i}.jpeg" for i in range(len(label))])
        part.insert(0, "split", side)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _measure(predictions: pd.DataFrame, classes: Sequence[str]) -> dict[str, Any]:
    guess = predictions[[f"p_{name}" for name in classes]].to_numpy().argmax(axis=1)
    right = np.array(classes)[guess] == predictions["label"]
    train, test = (float(right[predictions["split"] == side].mean()) for side in ("train", "test"))
    return {"responses": {"train_accuracy": train, "test_accuracy": test, "accuracy_gap": train - test}}


def _make_history(epochs: int, skill: float, outcome: str, rng: np.random.Generator) -> pd.DataFrame:
    epoch = np.arange(1, epochs + 1)
    risen = skill - (skill - 0.25) * np.exp(-epoch / 4) + rng.normal(0, 0.01, epochs)
    frame = pd.DataFrame({"epoch": epoch, "fit_loss": 1.4 * np.exp(-epoch * skill / 6) + 0.1, "fit_accuracy": risen})
    frame["epoch_seconds"], frame["images_per_second"] = 1.5, 130.0
    if outcome == "diverged":
        frame = frame.head(3).copy()
        frame.loc[2, ["fit_loss"]] = np.nan
    return frame


@pytest.fixture
def sweep_of() -> Callable[..., list[dict[str, Any]]]:
    """Return `fabricate`."""
    return fabricate
