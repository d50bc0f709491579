"""Our figures beside those of the two systems that the networks come from, and why they may differ.

In: a study of the Kaggle images with its claims. Out: a table with intervals over seeds, and reasons generated from
what differs between their settings and ours. Nothing for other data or other networks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bloodstudy.analysis import StudyResults
from bloodstudy.analysis.comparisons.validity import look_at_training
from bloodstudy.analysis.statistics.paired import estimate_share, predict_share
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.claims.study_claims import FORMULAS, PERCENT, StudyClaims
from bloodstudy.reporting.render.markdown import code, table
from bloodstudy.reporting.sections.section import Section
from bloodstudy.study.arms import spell
from bloodstudy.study.design import DesignName
from bloodstudy.study.result import Result


@dataclass(frozen=True)
class Source:
    """What the author of a network reports of it."""

    name: str
    model: str
    train: str
    test: str
    note: str
    factors: dict[str, Any]  # the settings that led to it
    split: str  # how it was tested, in words


OFFICIAL = "the official split"
SOURCES = tuple(Source(**fields) for fields in yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8")))
# What a source may not say, and what then goes without saying.
SILENT = {
    "epochs": None, "optimizer": None, "lr": None, "batch_size": None, "precision": "float32", "conv_dropout": 0.0,
}  # fmt: skip
RESPONSES = {
    "train_accuracy": "train_accuracy",
    "fit_accuracy": "the accuracy that `fit` prints for the last epoch",
    "test_accuracy": "test_accuracy",
}


def describe_sources(claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return table and reasons of a study that has sources."""
    sweep, arms = claims.sweep, _list_arms(claims.sweep)
    nearest = {arm: _find_nearest(result) for arm, result in arms.items()}
    rows, reasons = [], []
    for source in SOURCES:
        ours = [arm for arm, result in arms.items() if result.model == source.model]
        if not ours:
            continue
        rows.append([f"`{source.model}`, its author", "1", source.train, NONE, source.test, NONE, source.note])
        nearest_arms = [arm for arm in ours if nearest[arm] is source]
        # Of those as near, the first.
        arm = min(nearest_arms or ours, key=lambda arm: _measure_distance(arm, arms[arm], source, sweep))
        if nearest_arms:
            rows.append([f"`{source.model}`, here ({code(arm)})", *_measure(arm, claims)])
        reasons.append(f"{code(arm)} and its author's {source.name}: {_describe_apart(arm, arms[arm], source, sweep)}")
    numbers = ["trials", "train", "train, as `fit` prints it", "test", "test of one more seed"]
    return {"table": table(["network", *numbers, "remark"], rows, right=numbers), "reasons": reasons}


SECTION = Section("sources", lambda analysis: bool(_list_arms(analysis.sweep)), describe_sources)


def _list_arms(sweep: StudyResults) -> dict[str, Result]:
    """Return the first finished result of each arm on Kaggle images whose network has a source."""
    finished = sweep.trials.loc[sweep.trials["outcome"] == "finished"].drop_duplicates("arm")
    if sweep.plan.design == DesignName.FOLDS:  # another question: theirs is about one split
        return {}
    results = {arm: sweep.results[key] for arm, key in zip(finished["arm"], finished["key"], strict=True)}
    return {arm: result for arm, result in results.items() if result.data.name == "kaggle" and _find_nearest(result)}


def _find_nearest(result: Result) -> Source | None:
    """Return the source whose setting differs least from that of a result, the first of those as near."""
    known = [source for source in SOURCES if source.model == result.model]
    return min(known, key=lambda source: len(_list_changed(result, source)), default=None)


def _measure(arm: str, claims: StudyClaims) -> list[str]:
    """Return the cells of an arm, over the seeds that learnt: a mean with the others would be the accuracy of none."""
    sweep = claims.sweep
    finished, stuck = sweep.of(arm, "finished"), look_at_training(sweep, arm, sweep.seeds).chance
    some = 0 < len(stuck) < len(finished)
    done = finished[~finished["seed"].isin(stuck)] if some else finished
    path, without = ("learnt/", ", without those that stayed at chance") if some else ("", "")
    keys, cells = list(done["key"]), []
    fitted = [sweep.histories[key]["fit_accuracy"].iloc[-1] if key in sweep.histories else math.nan for key in keys]
    for name, what in RESPONSES.items():
        values = np.asarray(fitted if name == "fit_accuracy" else done[name], dtype=float)
        estimate = estimate_share(values)
        formulas = {
            "percent": f"100 * mean over the finished seeds of {what}{without}",
            "lower": f"100 * lower end of the 95 % t interval of the mean of {what}, at least 0{without}",
            "upper": f"100 * upper end of the 95 % t interval of the mean of {what}, at most 100{without}",
        }
        write = claims.numbers_of(f"arm/{arm}/{path}{name}", formulas, keys)
        ends = {"percent": estimate.mean, "lower": estimate.low, "upper": estimate.high}
        mean, low, high = (write(end, 100 * value, PERCENT) for end, value in ends.items())
        cells.append(f"{mean} %" + ("" if math.isnan(estimate.low) else f" [{low}, {high}]"))
    more = predict_share(np.asarray(done["test_accuracy"], dtype=float))
    predicted = "end of the 95 % t prediction interval of test_accuracy of one more seed"
    bounds = {"lower": "at least 0", "upper": "at most 100"}
    formulas = {f"one_more_{end}": f"100 * {end} {predicted}, {bound}{without}" for end, bound in bounds.items()}
    write = claims.numbers_of(f"arm/{arm}/{path}test_accuracy", formulas, keys)
    low, high = write("one_more_lower", 100 * more.low, PERCENT), write("one_more_upper", 100 * more.high, PERCENT)
    cells.append(NONE if math.isnan(more.low) else f"{low} to {high} %")
    seeds, remark = claims.finished(arm), ""
    if stuck:
        lost = claims.number(len(stuck), f"arm/{arm}/at_chance", FORMULAS["at_chance"], finished["key"], "d")
        remark = f"{lost} of {seeds} stayed at chance{', left out' if some else ''}"
    return [seeds, *cells, remark]


def _list_changed(result: Result, source: Source) -> list[str]:
    """Return the factors of the source that have another level here."""
    return [key for key, theirs in source.factors.items() if spell(result.factors[key]) != spell(theirs)]


def _measure_distance(arm: str, result: Result, source: Source, sweep: StudyResults) -> tuple[int, bool, float]:
    """Return how many factors have another level here, whether the split is another, and how far their numbers are off.

    The last is by how many powers of e, in all.
    """
    changed, elsewhere = _list_changed(result, source), sweep.of(arm)["judged"].iloc[0] != "official"
    pairs = [(result.factors[key], source.factors[key]) for key in changed]
    numbers = [pair for pair in pairs if all(isinstance(value, int | float) and value > 0 for value in pair)]
    off = sum(abs(math.log(ours / theirs)) for ours, theirs in numbers)
    return len(changed), bool(elsewhere and source.split == OFFICIAL), off


def _describe_apart(arm: str, result: Result, source: Source, sweep: StudyResults) -> str:
    """Return what differs between the setting of `arm` and the source's."""
    factors, split = result.factors, str(sweep.of(arm)["judged"].iloc[0])
    differences = [
        f"{code(f'{key}={spell(factors[key])}')} here, {code(spell(source.factors[key]))} there"
        for key in _list_changed(result, source)
    ]
    unsaid = [key for key, usual in SILENT.items() if key not in source.factors and factors[key] != usual]
    differences += [f"{code(f'{key}={spell(factors[key])}')} here, not said there" for key in unsaid]
    if split != "official" or source.split != OFFICIAL:
        leaks = ", without the test images whose scene is in training" if split == "official_clean" else ""
        differences.append(f"judged by {code(f'data.split={split}')}{leaks} here, by {source.split} there")
    if len(sweep.of(arm, "finished")) > 1:
        differences.append("several seeds here, one run there, which has no interval")
    return "; ".join(differences) or "nothing that is known"
