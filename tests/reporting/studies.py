"""Studies and plain sweeps as `bloodstudy.run` leaves them on disk, made up from a seed: no training, known numbers.

In: questions with what each arm does to train and test accuracy, or swept levels with how well a trial does; and what
became of which trial. Out: plan and results.
"""

from __future__ import annotations

import itertools
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
from bloodstudy.study.design import MARGINS, DesignName
from bloodstudy.study.plan import Plan
from bloodstudy.study.planned import PlannedArm, PlannedQuestion, PlannedTrial
from bloodstudy.study.predictions import hash_stored
from bloodstudy.study.question import Question, read_question
from bloodstudy.study.trial import DataIdentity, Trial

SIZES = {"train": 48, "test": 32}  # images of each class of a sweep, of the first eight more
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
REASONS = {"diverged": "the loss was nan in epoch 3", "failed": "ValueError: <script>alert(1)</script> | `x`"}
PARAMETERS = {"reference": 22_476, "compact": 219_460}
POOLS = Question("pools", "Which pooling?", factor="pooling", levels=("average", "none"))
SMALL = {"photographs": 5, "copies": 2}


def fabricate_study(
    runs_dir: Path,
    questions: Sequence[str | Question] = FIVE,
    seeds: int = 10,
    *,
    planted: Mapping[str, tuple[float, float]] = PLANTED,
    outcomes: Mapping[tuple[str, int], str] | None = None,
    looks: Sequence[int] | None = None,
    folds: int = 1,
    design: str | None = "fixed",
    photographs: int = 14,
    copies: int = 5,
    noise: float = 0.5,
    study: str = "five_questions",
    data: str = "smear",
    judged: str = "official",
    leaking: int = 0,
    change: Callable[[dict[str, Any]], Any] = lambda result: None,
) -> dict[str, Any]:
    """Write plan and trials; return the plan.

    With `folds`, `seeds` are repetitions of so many blocks each; a `design` of None declares no looks. `outcomes` names
    those that are not "finished", by arm and seed ("chance" is finished and has learnt nothing); `leaking` test
    photographs of each class show a scene that training shows too; `noise` is the spread over seeds in points; `change`
    may edit each result before it is written.
    """
    asked = tuple(read_question(question) if isinstance(question, str) else question for question in questions)
    arms = expand(asked)
    world = _World(photographs, copies, leaking)
    trials, divided = [], any("data.split" in arm.levels for arm in arms)
    design = "folds" if folds > 1 else design
    for seed in range(folds * seeds):
        repetition, part = divmod(seed, folds)
        if folds > 1:
            world.divide(repetition, part, folds)
        for arm in arms:
            levels = SETTING | {k: v for k, v in arm.levels.items() if k in asdict(Factors())}
            factors = Factors(**levels | {"seed": seed, "precision": "float32"})
            split = "grouped_kfold" if folds > 1 else str(arm.levels.get("data.split", "official"))
            drawn = {"split_seed": repetition, "folds": folds, "fold": part} if folds > 1 else {}
            identity = DataIdentity(data, "subtype", "field", split, "f" * 16, **drawn)
            trial = Trial(study, arm.name, str(arm.levels.get("model", "reference")), factors, identity)
            swept = {"data.split": split} if divided else {"arm": arm.name}
            trials.append(_plan_trial(trial, swept | {"seed": seed}, split if divided or folds > 1 else judged))
            outcome = (outcomes or {}).get((arm.name, seed), "finished")
            if outcome == "missing":
                continue
            folder = runs_dir / study / trial.key
            folder.mkdir(parents=True, exist_ok=True)
            result = _make_result(trial, outcome, CLASSES, world.counts) | {"audit": world.audit, "responses": {}}
            if outcome != "failed":
                narrow = trial.factors.width**1.7 * (0.27 if trial.factors.depth == 3 else 1)
                result |= {"parameters": int(8684 * narrow), "epochs_done": trial.factors.epochs}
            if outcome in ("finished", "chance"):
                effect = planted.get(arm.name, (0.0, 0.0)) if outcome == "finished" else None
                table = world.predict(arm.name, seed, effect, noise)
                table.to_parquet(folder / "predictions.parquet")
                result["stored_hash"] = hash_stored(table)
                result["prediction_hash"] = trial.key
            if outcome not in ("failed", "out_of_memory"):
                top, rng = 0.93 + planted.get(arm.name, (0.0, 0.0))[0] / 100, np.random.default_rng([8, seed])
                history = _make_history(factors.epochs, top, (6, 0.008, 10), rng)
                history.to_csv(folder / "history.csv", index=False)
            change(result)
            (folder / "result.json").write_text(json.dumps(result))
    planned_questions = [
        PlannedQuestion(
            question.name, question.sentence, question.factor, name_arm(question.reference),
            [arm.name for arm in arms if question.name in arm.questions],
            question.margin or MARGINS[DesignName.FIXED], question.simplify,
            roles={arm.name: arm.roles[question.name] for arm in arms if question.name in arm.roles},
        )
        for question in asked
    ]  # fmt: skip
    plan = Plan(
        study, f"python -m bloodstudy.run -m study={study} data={data}",
        {"data.split" if divided else "arm": [arm.name for arm in arms], "seed": list(range(folds * seeds))},
        tuple(trials),
        "0.1.0", " ".join(question.sentence for question in asked), "float32", list(range(folds * seeds)),
        "The five questions", looks=list(looks or [seeds]), design=DesignName(design) if design else None, folds=folds,
        common=SETTING | {"image_size": [60, 80]}, questions=tuple(planned_questions),
        arms={arm.name: PlannedArm(arm.role, arm.levels) for arm in arms}, amendments=[],
    )  # fmt: skip
    return _write_plan(runs_dir, replace(plan, hash=plan.digest))


def fabricate_sweep(
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
    counts = {side: {name: n + 8 * (i == 0) for i, name in enumerate(classes)} for side, n in SIZES.items()}
    drawn = (0, 0.2) if split == "random" else (None, None)
    results, planned = [], []
    for position, combination in enumerate(itertools.product(*swept.values())):
        levels = dict(zip(swept, combination, strict=True))
        chosen = {key: value for key, value in levels.items() if key in asdict(Factors())}
        factors = Factors(**{"epochs": epochs, "precision": "float32"} | chosen)
        identity = DataIdentity(str(levels.get("data", data)), "subtype", "field", split, "f" * 16, *drawn)
        trial = Trial("scratch", name_arm(levels), str(levels.get("model", "reference")), factors, identity)
        planned.append(_plan_trial(trial, levels, str(levels.get("data.split", split))))
        outcome = (outcomes or {}).get(position, "finished")
        if outcome == "missing":
            results.append(None)
            continue
        folder = runs_dir / "scratch" / trial.key
        folder.mkdir(parents=True)
        result = _make_result(trial, outcome, classes, counts) | {"git_commit": commits[position % len(commits)]}
        result["cost"] = {**result["cost"], "wall_seconds": 20 + int(trial.key[:4], 16) % 4000 / 100}
        del result["cost"]["threads"]
        if outcome == "finished":
            predictions = _make_predictions(classes, skill(levels), rng)
            predictions.to_parquet(folder / "predictions.parquet")
            result |= _measure(predictions, classes) | {"prediction_hash": f"{rng.integers(2**60):x}"}
            result |= {"stored_hash": hash_stored(predictions)}
        if outcome != "failed":
            result |= {"parameters": PARAMETERS.get(trial.model, 1234), "epochs_done": 12}
            history = _make_history(epochs, skill(levels)[0], (4, 0.01, 6), rng)
            if outcome == "diverged":
                history = history.head(3).copy()
                history.loc[2, ["fit_loss"]] = np.nan
            history.to_csv(folder / "history.csv", index=False)
        (folder / "result.json").write_text(json.dumps(result, sort_keys=True))  # as it is published
        results.append(result)
    command = "python -m bloodstudy.run" + (" -m" if swept else "")
    command += "".join(f" {key}={','.join(map(str, values))}" for key, values in swept.items())
    _write_plan(runs_dir, Plan("scratch", command, swept, tuple(planned)))
    return results


def _plan_trial(trial: Trial, levels: Mapping[str, Any], evaluated_on: str) -> PlannedTrial:
    return PlannedTrial(trial.key, trial.arm, trial.factors.seed, levels, asdict(trial.data), evaluated_on)


def _write_plan(runs_dir: Path, plan: Plan) -> dict[str, Any]:
    """Write the plan; return its content."""
    (runs_dir / plan.study).mkdir(parents=True, exist_ok=True)
    path, content = runs_dir / plan.study / "plan.yaml", plan.to_dict()
    apart = json.loads(json.dumps(content))  # as in a plan's file: nothing is an alias of something else
    path.write_text(yaml.safe_dump(apart, sort_keys=False), encoding="utf-8")
    return content


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
        self.audit = {
            "provenance": "known", "test_images": int((~self.train).sum()), "test_images_leaking": 0, "unplaced": 0,
            "test_share_leaking": 0.0, "label_conflicts": 0, "duplicates_across": 0,
            "effective_test_photographs": 56.0, "effective_test_photographs_min": 14.0,
        }  # fmt: skip

    def divide(self, repetition: int, fold: int, folds: int) -> None:
        """Let one fold of all photographs test, as the repetition divides them; the others train."""
        shown = self.table[["label", "photograph"]].drop_duplicates().sort_values(["label", "photograph"])
        rng = np.random.default_rng([6, repetition])
        tested = set()
        for _, own in shown.groupby("label"):
            tested.update(rng.permutation(own["photograph"].to_numpy())[fold::folds])
        side = np.where(self.table["photograph"].isin(tested), "test", "train")
        self.table = self.table.assign(split=side)
        self.train = side == "train"
        labels = self.table.groupby("split")["label"].value_counts()
        self.counts = {name: {label: int(labels[name, label]) for label in CLASSES} for name in ("train", "test")}

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


def _make_result(
    trial: Trial, outcome: str, classes: Sequence[str], counts: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    return {
        "key": trial.key, "study": trial.study, "arm": trial.arm, "params": {}, "tags": {}, "model": trial.model,
        "factors": trial.factors.named,
        "data": asdict(trial.data) | {"classes": list(classes), "counts": counts, "notes": [], "refused": 0},
        "outcome": "finished" if outcome == "chance" else outcome,
        "reason": REASONS.get(outcome),
        "cost": {"fit_seconds": 9.5, "evaluate_seconds": 0.5, "wall_seconds": 21.0, "attempts": 1, "threads": 2},
        "versions": {"python": "3.12.1", "bloodstudy": "0.1.0", "keras": "3.15.1"},
        "git_commit": "0123abc",
        "processor": "A processor",
    }  # fmt: skip


def _make_history(epochs: int, top: float, shape: tuple[float, float, float], rng: np.random.Generator) -> pd.DataFrame:
    """Return an accuracy that rises to `top`; `shape`: the epochs that takes, its noise, the fall of the loss."""
    epoch, (rise, noise, fall) = np.arange(1, epochs + 1), shape
    risen = top - (top - 0.25) * np.exp(-epoch / rise) + rng.normal(0, noise, epochs)
    return pd.DataFrame({"epoch": epoch, "fit_loss": 1.4 * np.exp(-epoch * top / fall) + 0.1, "fit_accuracy": risen})


def _make_predictions(classes: Sequence[str], skill: tuple[float, float], rng: np.random.Generator) -> pd.DataFrame:
    parts = []
    for (side, each), share in zip(SIZES.items(), skill, strict=True):
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
