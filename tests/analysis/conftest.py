"""A study in memory, of known numbers: what each trial gets right is decided by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from records import plan_of, result_of

from bloodstudy.analysis import EvaluationImages, Predictions, StudyResults

CLASSES = ("EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL")
COPIES = 25


def show(photographs: Sequence[int]) -> EvaluationImages:
    """Return the images of so many test photographs a class, COPIES of each, and a quarter as many to train on."""
    rows = []
    for name, count in zip(CLASSES, photographs, strict=True):
        rows += [("test", name, f"{name} {i // COPIES}", i) for i in range(count * COPIES)]
        rows += [("train", name, f"{name} train {i // COPIES}", i) for i in range(count * COPIES // 4)]
    table = pd.DataFrame(rows, columns=["split", "label", "photograph", "number"])
    table["image"] = table["split"] + "/" + table["label"] + "/" + table["number"].astype(str)
    return EvaluationImages(table.assign(scene="")[["split", "image", "photograph", "scene", "label"]], CLASSES)


def predict(shown: EvaluationImages, share: float, seed: int) -> Predictions:
    """Return a trial that gets this share of the test and training images right; a negative share: one class for all.

    Which ones is drawn from the seed alone: of two trials of a seed the better one gets right what the other does.
    """
    likeliest = (shown.labels + 1) % len(CLASSES)
    for side in (shown.train, ~shown.train):
        order = np.random.default_rng(seed).permutation(np.flatnonzero(side))
        right = order[: round(share * len(order))] if share >= 0 else []
        likeliest[right] = shown.labels[right]
    if share < 0:
        likeliest[:] = 2
    thousandths = np.zeros((len(likeliest), len(CLASSES)), dtype="uint16")
    thousandths[np.arange(len(likeliest)), likeliest] = 1000
    return Predictions(shown, thousandths)


def build(
    arms: Mapping[str, Callable[[int], float] | float],
    *,
    seeds: Iterable[int] = range(10),
    looks: Sequence[int] = (10,),
    outcomes: Mapping[tuple[str, int], str] | None = None,
    roles: Mapping[str, str] | None = None,
    questions: Sequence[Mapping[str, Any]] | None = None,
    photographs: Sequence[int] = (12, 12, 12, 12),
    edit: Callable[[dict[str, Any], dict[str, Any]], None] = lambda planned, result: None,
) -> StudyResults:
    """Return a study of `arms`, each the share that a trial gets right by seed; the first is the reference.

    `outcomes` names what is not finished, "missing" included, by arm and seed; `edit` changes a planned trial and its
    result. Without `questions` there is one, about all arms. What a question leaves out is that of `plan_of`.
    """
    names, shown = list(arms), show(photographs)
    questions = questions or [{"name": "q", "reference": names[0], "arms": names}]
    referred = {question.get("reference", "reference") for question in questions}
    usual = {name: "reference" if name in referred else "confirmatory" for name in names}
    plan: dict[str, Any] = {"questions": list(questions), "looks": list(looks), "trials": [], "swept": {}}
    plan["arms"] = {name: {"role": {**usual, **(roles or {})}[name], "levels": {}} for name in names}
    rows, results, predictions = [], {}, {}
    for seed in seeds:
        for name, share in arms.items():
            key, outcome = f"{name} {seed}", (outcomes or {}).get((name, seed), "finished")
            data = {"name": "smear", "split": "official", "fingerprint": "f" * 16, "split_seed": None}
            planned = {"key": key, "arm": name, "seed": seed, "judged": "official", "data": data}
            planned["levels"] = {"arm": name, "seed": seed}
            result = {"factors": {"precision": "float32"}, "data": {"fingerprint": "f" * 16}, "outcome": outcome}
            edit(planned, result)
            plan["trials"].append(planned)
            row = {"key": key, "arm": name, "seed": seed, "judged": planned["judged"], "outcome": outcome}
            if outcome not in ("missing", "interrupted"):
                results[key] = result_of(result)
            if outcome == "finished":
                predictions[key] = predict(shown, share(seed) if callable(share) else share, seed)
                row |= predictions[key].measure(planned["judged"])
            rows.append(row)
    return StudyResults(plan_of(plan), pd.DataFrame(rows), results, {}, predictions)


def predict_two(first: Sequence[int], labels: str = "AAAAB") -> Predictions:
    """Return predictions of two classes, `first` being the probabilities of A in thousandths, an image each."""
    images = [f"{i}.jpeg" for i in range(len(labels))]
    table = pd.DataFrame({"split": "test", "image": images, "photograph": "", "scene": "", "label": list(labels)})
    return Predictions(EvaluationImages(table, ("A", "B")), np.array([[p, 1000 - p] for p in first], dtype="uint16"))


@pytest.fixture
def two_classes() -> Callable[..., Predictions]:
    """Return `predict_two`."""
    return predict_two


def measure_anew(sweep: StudyResults, predictions: Mapping[str, Predictions]) -> StudyResults:
    """Return the study with other predictions, and with what is measured of them in its trials."""
    predictions = {**sweep.predictions, **predictions}
    measured = [predictions[row.key].measure(row.judged) for row in sweep.trials.itertuples()]
    trials = sweep.trials.assign(**pd.DataFrame(measured, index=sweep.trials.index))
    return replace(sweep, trials=trials, predictions=predictions)


@pytest.fixture
def measured_anew() -> Callable[..., StudyResults]:
    """Return `measure_anew`."""
    return measure_anew


@pytest.fixture
def study_of() -> Callable[..., StudyResults]:
    """Return `build`."""
    return build
