"""A study in memory, of known numbers: what each trial gets right is decided by the test."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from records import plan_of, result_of

from bloodstudy.analysis import EvaluationImages, Pair, Predictions, StudyResults
from bloodstudy.analysis.comparisons.blocks import Blocks, Trained
from bloodstudy.analysis.results.predictions import TestCells
from bloodstudy.analysis.results.scores import Score
from bloodstudy.study.arms import Role
from bloodstudy.study.design import Design, DesignName, Repetitions

CLASSES = ("EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL")
COPIES = 25


def show(
    photographs: Sequence[int], copies: int = COPIES, tested: Sequence[int] | None = None, shared: bool = False
) -> EvaluationImages:
    """Return the images of so many test photographs a class, some copies of each, and a quarter as many to train on.

    `tested`: the numbers of those that are in the test, of every class. `shared`: the photographs of one number show
    one scene, whatever their class.
    """
    rows = []
    for name, count in zip(CLASSES, photographs, strict=True):
        rows += [
            ("test", name, i // copies, i) for i in range(count * copies) if tested is None or i // copies in tested
        ]
        rows += [("train", name, i // copies, i) for i in range(count * copies // 4)]
    table = pd.DataFrame(rows, columns=["split", "label", "place", "number"])
    side, place = np.where(table["split"] == "train", "train ", ""), table["place"].astype(str)
    table["photograph"] = table["label"] + " " + side + place
    table["scene"] = "scene " + side + place if shared else ""
    table["image"] = table["split"] + "/" + table["label"] + "/" + table["number"].astype(str)
    return EvaluationImages(table[["split", "image", "photograph", "scene", "label"]], CLASSES)


def divide(photographs: Sequence[int], repetition: int, folds: int) -> list[list[int]]:
    """Return the numbers of the photographs that each fold of a repetition tests."""
    order = np.random.default_rng([7, repetition]).permutation(max(photographs))
    return [order[fold::folds].tolist() for fold in range(folds)]


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
    seeds: Iterable[int] | None = None,
    looks: Sequence[int] = (10,),
    outcomes: Mapping[tuple[str, int], str] | None = None,
    roles: Mapping[str, str] | None = None,
    questions: Sequence[Mapping[str, Any]] | None = None,
    photographs: Sequence[int] = (12, 12, 12, 12),
    edit: Callable[[dict[str, Any], dict[str, Any]], None] = lambda planned, result: None,
    design: str | None = None,
    folds: int = 5,
    first: int = 0,
    copies: int = COPIES,
    shared: bool = False,
) -> StudyResults:
    """Return a study of `arms`, each the share that a trial gets right by seed; the first is the reference.

    Without `seeds` there are ten, or with a `design` those of all its repetitions from the `first` on. By `folds`,
    each seed stands for a fold of a repetition and tests the images of that alone.

    `outcomes` names what is not finished, "missing" included, by arm and seed; `edit` changes a planned trial and its
    result. Without `questions` there is one, about all arms. What a question leaves out is that of `plan_of`.
    """
    names, by_folds = list(arms), design == "folds"
    if seeds is None and design is not None:
        planned = Design(DesignName(design), folds if by_folds else 1, tuple(looks), first)
        seeds = [block.seed for block in planned.blocks(looks[-1])]
    whole = show(photographs, copies, shared=shared)
    questions = questions or [{"name": "q", "reference": names[0], "arms": names}]
    referred = {question.get("reference", "reference") for question in questions}
    usual = {name: "reference" if name in referred else "confirmatory" for name in names}
    plan: dict[str, Any] = {"questions": list(questions), "looks": list(looks), "trials": [], "swept": {}}
    if design is not None:
        plan |= {"design": DesignName(design), "folds": folds if by_folds else 1}
    plan["arms"] = {name: {"role": {**usual, **(roles or {})}[name], "levels": {}} for name in names}
    rows, results, predictions = [], {}, {}
    for seed in range(10) if seeds is None else seeds:
        shown, judged, division = whole, "official", {"split": "official", "split_seed": None}
        if by_folds:
            repetition, fold = divmod(seed, folds)
            shown = show(photographs, copies, divide(photographs, repetition, folds)[fold], shared)
            judged = "grouped_kfold"
            division = {"split": judged, "split_seed": repetition, "folds": folds, "fold": fold}
        for name, share in arms.items():
            key, outcome = f"{name} {seed}", (outcomes or {}).get((name, seed), "finished")
            data = {"name": "smear", "fingerprint": "f" * 16, **division}
            planned = {"key": key, "arm": name, "seed": seed, "judged": judged, "data": data}
            planned["levels"] = {"arm": name, "seed": seed}
            result = {"factors": {"precision": "float32"}, "data": {"fingerprint": "f" * 16}, "outcome": outcome}
            edit(planned, result)
            plan["trials"].append(planned)
            row = {"key": key, "arm": name, "seed": seed, "judged": planned["judged"], "outcome": outcome}
            row["prediction_hash"] = None
            if outcome not in ("missing", "interrupted"):
                results[key] = result_of(result)
            if outcome == "finished":
                predictions[key] = predict(shown, share(seed) if callable(share) else share, seed)
                row |= predictions[key].measure(planned["judged"]) | {"prediction_hash": key}
            rows.append(row)
    return StudyResults(plan_of(plan), pd.DataFrame(rows), results, {}, predictions)


def cut(sweep: StudyResults, kept: Callable[[str, int], bool]) -> StudyResults:
    """Return the study as it was when only those trials had ended that are `kept`, by arm and seed."""
    gone = [not kept(arm, seed) for arm, seed in zip(sweep.trials["arm"], sweep.trials["seed"], strict=True)]
    keys = set(sweep.trials["key"][gone])
    trials = sweep.trials.copy()
    trials.loc[gone, [name for name in trials.columns if name not in ("key", "arm", "seed", "judged")]] = None
    trials.loc[gone, "outcome"] = "missing"
    results, predictions = (
        {key: each for key, each in known.items() if key not in keys} for known in (sweep.results, sweep.predictions)
    )
    return StudyResults(sweep.plan, trials, results, {}, predictions)


IMAGES = 10_000  # of each cell of `fabricate`, so that a difference is what was asked for


@lru_cache(maxsize=256)
def tile(repetition: int, fold: int, folds: int) -> TestCells:
    """Return the cells that a block tests: of two classes four scenes each, or with folds two that no other has."""
    if folds == 1:
        scenes = [f"scene {i}" for i in range(4)]
    else:
        order = np.random.default_rng([8, repetition]).permutation(2 * folds)
        scenes = [f"scene {i:02d}" for i in sorted(order[fold::folds])]
    number = 2 * len(scenes)
    classes = np.repeat([0, 1], len(scenes))
    return TestCells(classes, (*scenes, *scenes), np.full(number, IMAGES), np.repeat(np.arange(number), IMAGES))


def fabricate(
    differences: Sequence[float],
    *,
    looks: Sequence[int],
    folds: int = 1,
    pair: Mapping[str, Any] | None = None,
    outcomes: Mapping[int, str] | None = None,
    reference_outcomes: Mapping[int, str] | None = None,
    gaps: Collection[int] = (),
) -> Blocks:
    """Return an arm and its reference with this difference in each block, without any image.

    `outcomes` by seed: "dead" is finished and has learnt nothing, "repaired" failed before it finished; `gaps`: seeds
    that the plan of the arm lacks.
    """
    name = DesignName.FIXED if folds == 1 else DesignName.FOLDS
    repetitions = Repetitions(name, tuple(range(len(differences))), folds, tuple(looks))
    named: dict[str, Any] = {"arm": "arm", "reference": "reference", "role": Role.CONFIRMATORY, "questions": ("q",)}

    def train(outcomes: Mapping[int, str], shares: Sequence[float]) -> dict[int, Trained]:
        trained = {}
        for seed, share in enumerate(shares):
            outcome, cells = outcomes.get(seed, "finished"), tile(*repetitions.place(seed), folds)
            score = Score(cells, np.full(len(cells.images), round(IMAGES * share)), 0.9, dead=outcome == "dead")
            done = outcome in ("finished", "dead", "repaired")
            trained[seed] = Trained(
                "finished" if done else outcome, score if done else None, repaired=outcome == "repaired"
            )
        return trained

    arm = train(outcomes or {}, [0.5 + own for own in differences])
    return Blocks(
        Pair(**{**named, "margin": 0.02, **(pair or {})}),
        repetitions,
        {seed: own for seed, own in arm.items() if seed not in gaps},
        train(reference_outcomes or {}, [0.5] * len(differences)),
    )


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


@pytest.fixture(scope="session")
def blocks_of() -> Callable[..., Blocks]:
    """Return `fabricate`."""
    return fabricate


@pytest.fixture(scope="session")
def cut_to() -> Callable[..., StudyResults]:
    """Return `cut`."""
    return cut


@pytest.fixture(scope="session")
def study_of() -> Callable[..., StudyResults]:
    """Return `build`."""
    return build
