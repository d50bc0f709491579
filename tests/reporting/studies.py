"""A whole study as `bloodstudy.run` leaves it on disk, made up from a seed: no training, planted effects.

In: questions, what each arm does to train and test accuracy, and what became of which trial. Out: plan and results.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from bloodstudy.config.schema import Factors
from bloodstudy.study.arms import expand, name_arm
from bloodstudy.study.plan import Plan
from bloodstudy.study.question import MARGIN, Question, read_question
from bloodstudy.study.trial import DataIdentity, Trial

CLASSES = ("EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL")
FIVE = ("simplification", "learning_rate", "pooling", "dropout", "augmentation")
PLANTED = {  # points of train and test accuracy beside the reference
    "quarter width": (-12.0, -9.0),
    "half width": (-3.0, -0.2),
    "double width": (1.0, 0.3),
    "lr=0.01": (-20.0, -15.0),
    "lr=0.0001": (-8.0, -4.0),
    "pooling=average": (-1.0, -6.0),
    "pooling=none": (2.0, -3.0),
    "dropout=0.3": (-4.0, 4.0),
    "dropout=0.5": (-9.0, 1.0),
    "augment=affine": (-3.0, 7.0),
    "augment=mixup": (-1.5, 0.0),
}
SETTING = {"image_size": (60, 80), "colour": "rgb", "epochs": 30}


def fabricate_study(
    runs_dir: Path,
    questions: Sequence[str | Question] = FIVE,
    seeds: int = 10,
    *,
    planted: Mapping[str, tuple[float, float]] = PLANTED,
    outcomes: Mapping[tuple[str, int], str] | None = None,
    looks: Sequence[int] | None = None,
    photographs: int = 14,
    copies: int = 5,
    noise: float = 0.5,
    study: str = "five_questions",
    data: str = "smear",
    model: str = "reference",
    setting: Mapping[str, Any] = SETTING,
    judged: str = "official",
    leaking: int = 0,
    change: Callable[[dict[str, Any]], Any] = lambda result: None,
) -> dict[str, Any]:
    """Write plan and trials; return the plan.

    `outcomes` names those that are not "finished", by arm and seed ("chance" is finished and has learnt nothing);
    `leaking` test photographs of each class show a scene that training shows too; `noise` is the spread over seeds in
    points; `change` may edit each result before it is written.
    """
    asked = tuple(read_question(q) if isinstance(q, str) else q for q in questions)
    arms = expand(asked)
    identity = DataIdentity(data, "subtype", "field", "official", "f" * 16)
    world = _World(photographs, copies, leaking)
    trials, divided = [], any("data.split" in arm.levels for arm in arms)
    for seed in range(seeds):
        for arm in arms:
            levels = dict(setting) | {k: v for k, v in arm.levels.items() if k in asdict(Factors())}
            factors = Factors(**levels | {"seed": seed, "precision": "float32"})
            own = replace(identity, split=str(arm.levels.get("data.split", identity.split)))
            trial = Trial(study, arm.name, str(arm.levels.get("model", model)), factors, own)
            swept = {"data.split": own.split} if divided else {"arm": arm.name}
            trials.append({"key": trial.key, "arm": arm.name, "seed": seed, "levels": swept | {"seed": seed}})
            trials[-1] |= {"data": asdict(own), "judged": own.split if divided else judged, "overrides": []}
            outcome = (outcomes or {}).get((arm.name, seed), "finished")
            if outcome == "missing":
                continue
            folder = runs_dir / study / trial.key
            folder.mkdir(parents=True, exist_ok=True)
            result = _make_result(trial, outcome, world)
            if outcome in ("finished", "chance"):
                effect = planted.get(arm.name, (0.0, 0.0)) if outcome == "finished" else None
                world.predict(arm.name, seed, effect, noise).to_parquet(folder / "predictions.parquet")
                result["prediction_hash"] = trial.key
            if outcome not in ("failed", "out_of_memory"):
                history = _make_history(factors.epochs, planted.get(arm.name, (0.0, 0.0))[0], seed)
                history.to_csv(folder / "history.csv", index=False)
            change(result)
            (folder / "result.json").write_text(json.dumps(result))
    plan: dict[str, Any] = {
        "study": study,
        "command": f"python -m bloodstudy.run -m study={study} data={data}",
        "bloodstudy": "0.1.0",
        "question": " ".join(question.sentence for question in asked),
        "swept": {"data.split" if divided else "arm": [arm.name for arm in arms], "seed": list(range(seeds))},
        "precision": "float32",
        "seeds": list(range(seeds)),
        "title": "The five questions",
        "looks": list(looks or [seeds]),
        "setting": {key: list(v) if isinstance(v, tuple) else v for key, v in setting.items()},
        "questions": [
            {
                "name": question.name,
                "sentence": question.sentence,
                "factor": question.factor,
                "reference": name_arm(question.reference),
                "arms": [arm.name for arm in arms if question.name in arm.questions],
                "margin": question.margin or MARGIN,
                "simplify": question.simplify,
                "roles": {arm.name: str(arm.roles[question.name]) for arm in arms if question.name in arm.roles},
            }
            for question in asked
        ],
        "arms": {arm.name: {"role": str(arm.role), "levels": dict(arm.levels)} for arm in arms},
        "trials": trials,
        "amendments": [],
    }
    plan["hash"] = Plan.from_dict(plan).digest
    (runs_dir / study).mkdir(parents=True, exist_ok=True)
    (runs_dir / study / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
    return plan


class _World:
    """The images, and how hard each photograph is."""

    def __init__(self, photographs: int, copies: int, leaking: int = 0) -> None:
        rng = np.random.default_rng(5)
        parts = []
        for side, times in (("train", 2), ("test", 1)):
            for label in CLASSES:
                names = np.repeat([f"{side}-{label}-{k}" for k in range(photographs * times)], copies)
                parts.append(pd.DataFrame({"split": side, "photograph": names, "scene": names, "label": label}))
        table = pd.concat(parts, ignore_index=True)
        for label in CLASSES:
            seen = {f"test-{label}-{k}": f"train-{label}-{k}" for k in range(leaking)}
            table["scene"] = table["scene"].replace(seen)
        table.insert(1, "image", [f"{side.upper()}/{k}.jpeg" for k, side in enumerate(table["split"])])
        self.table = table
        self.train = (table["split"] == "train").to_numpy()
        number, names = pd.factorize(table["photograph"])
        self.hardness = rng.normal(0, 0.8, len(names))[number]
        self.photograph = number
        self.mislabelled = np.arange(len(table)) % 70 == 3
        self.counts = {
            side: dict.fromkeys(CLASSES, photographs * copies * times) for side, times in (("train", 2), ("test", 1))
        }

    def predict(self, arm: str, seed: int, effect: tuple[float, float] | None, noise: float) -> pd.DataFrame:
        """Return the predictions of one trial; None: the network names one class always."""
        rng = np.random.default_rng([seed, *arm.encode()])
        shared = np.random.default_rng([99, seed]).normal(0, 1.5)  # what arms of one seed have in common
        labels = pd.Index(CLASSES).get_indexer(self.table["label"])
        if effect is None:
            guess = np.ones(len(labels), dtype=int)
        else:
            shift = 0.02 * rng.normal(0, noise, 2)
            taste = np.random.default_rng([7, *arm.encode()]).normal(0, 0.15, self.photograph.max() + 1)
            wanted = np.where(
                self.train, 0.93 + effect[0] / 100 + shift[0] / 2, 0.78 + (effect[1] + shared) / 100 + shift[1]
            )
            wanted = np.clip(wanted, 0.05, 0.995)
            latent = (
                1.35 * np.log(wanted / (1 - wanted)) + self.hardness + taste[self.photograph] * (arm != "reference")
            )
            # A common draw an image and seed: arms agree on most images, as real ones do.
            draw = np.random.default_rng([3, seed]).random(len(labels))
            right = (draw < 1 / (1 + np.exp(-latent))) & ~self.mislabelled
            away = np.random.default_rng([4, seed]).integers(1, len(CLASSES), len(labels))
            wrong = (labels + np.where(self.mislabelled, 1, away)) % len(CLASSES)
            guess = np.where(right, labels, wrong)
        sure = np.where(guess == labels, rng.uniform(0.55, 1.0, len(labels)), rng.uniform(0.51, 0.9, len(labels)))
        rest = rng.dirichlet(np.ones(len(CLASSES)), len(labels)) * (1 - sure)[:, None]
        rest[np.arange(len(labels)), guess] += sure
        shares = np.rint(rest * 1000).astype(int)
        table = self.table.copy()
        for k, name in enumerate(CLASSES):
            table[f"p_{name}"] = (shares[:, k] / 1000).astype("float32")
        return table


def _make_result(trial: Trial, outcome: str, world: _World) -> dict[str, Any]:
    reasons = {"diverged": "the loss was nan in epoch 3", "failed": "ValueError: <script>alert(1)</script> | `x`"}
    parameters = int(8684 * trial.factors.width**1.7 * (0.27 if trial.factors.depth == 3 else 1))
    published = "finished" if outcome == "chance" else outcome
    result = {
        "key": trial.key,
        "study": trial.study,
        "arm": trial.arm,
        "params": {},
        "tags": {},
        "model": trial.model,
        "factors": asdict(trial.factors),
        "data": asdict(trial.data) | {"classes": list(CLASSES), "counts": world.counts, "notes": [], "refused": 0},
        "audit": {
            "provenance": "known", "test_images": int((~world.train).sum()), "test_images_leaking": 0, "unplaced": 0,
            "test_share_leaking": 0.0, "label_conflicts": 0, "duplicates_across": 0,
            "effective_test_photographs": 56.0, "effective_test_photographs_min": 14.0,
        },
        "outcome": published,
        "reason": reasons.get(outcome),
        "responses": {},
        "cost": {"fit_seconds": 9.5, "evaluate_seconds": 0.5, "wall_seconds": 21.0, "attempts": 1, "threads": 2},
        "versions": {"python": "3.12.1", "bloodstudy": "0.1.0", "keras": "3.15.1"},
        "git_commit": "0123abc",
        "processor": "A processor",
    }  # fmt: skip
    return result if outcome == "failed" else result | {"parameters": parameters, "epochs_done": trial.factors.epochs}


def _make_history(epochs: int, train: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng([8, seed])
    epoch = np.arange(1, epochs + 1)
    top = 0.93 + train / 100
    risen = top - (top - 0.25) * np.exp(-epoch / 6) + rng.normal(0, 0.008, epochs)
    return pd.DataFrame({"epoch": epoch, "fit_loss": 1.4 * np.exp(-epoch * top / 10) + 0.1, "fit_accuracy": risen})
