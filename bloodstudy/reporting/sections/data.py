"""The data of a study: each data set with its classes, its audit, and what its test images are worth.

In: an analysed study with its claims. Out: Markdown by the names that the template has for it, and a figure.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from bloodstudy.analysis import EvaluationImages, StudyAnalysis, StudyResults, list_leaks
from bloodstudy.analysis.comparisons.validity import BY_BLOCK
from bloodstudy.data.quality.effective_size import combine_classes, weigh_test
from bloodstudy.data.splits.split import count_drawn
from bloodstudy.reporting.audit.text import SUMMARY_FORMULAS, describe_audit
from bloodstudy.reporting.claims.ledger import WriteNumber
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.figures.style import Drawing
from bloodstudy.reporting.figures.training import draw_classes
from bloodstudy.reporting.render.markdown import as_list, code, embed, plain, rows_of, table
from bloodstudy.reporting.sections.caveats import describe_leak
from bloodstudy.reporting.sections.section import Section, has_results
from bloodstudy.study.arms import spell
from bloodstudy.study.design import DesignName
from bloodstudy.study.result import ResultData
from bloodstudy.study.trial import DRAWN_BY

SIDES = {"train": "training", "validation": "validation", "test": "test"}
POOL = {"pool": "pooled"}  # of a study by folds, in which each image trains and tests


@dataclass(frozen=True)
class DataSet:
    """One data set as the trials saw it."""

    name: str  # with task and split
    data: ResultData  # of the last trial on it
    audit: Mapping[str, Any] | None  # the summary that the trials kept; None if they kept none
    counts: pd.DataFrame  # images; rows: classes, columns: train, validation if there is one, test
    keys: tuple[str, ...]  # of the trials on it that have a result


def describe_section(claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return what the answers rest on: each data set, its classes, and what its test images are worth."""
    by_folds = claims.analysis.by_folds
    where = "the pool that each repetition divides anew" if by_folds else "the training and the test set"
    text = f"Images of each class in {where}; the table holds the numbers"
    leaks = [leak for leak in list_leaks(claims.sweep.trials) if leak.judged == "official_clean"]
    return {
        "data": [describe_data(claims, place, data) for place, data in enumerate(list_data(claims.sweep), 1)],
        "judged": [describe_leak(claims, leak) for leak in leaks],
        "photographs": tabulate_photographs(claims),
        "weighed": name_weighed(claims.analysis),
        "unit": claims.analysis.unit,
        "by_folds": by_folds,
        "classes": embed("classes", text, drawn),
    }


def draw_data(analysis: StudyAnalysis) -> dict[str, Drawing]:
    """Return the figure of the images of each class."""
    counts = [(data_set.name, data_set.counts) for data_set in list_data(analysis.sweep)]
    return {"classes": partial(draw_classes, counts)}


SECTION = Section("data", has_results, describe_section, draw_data)


def list_data(sweep: StudyResults) -> list[DataSet]:
    """Return the different data sets of the trials that have a result."""
    data_sets: dict[str, DataSet] = {}
    by_folds = sweep.plan.design == DesignName.FOLDS
    for key, result in sweep.results.items():
        data = result.data
        view = [data.view] if data.name == "bccd" else []
        name = ", ".join([data.name, data.task, *view, _describe_division(data, BY_BLOCK if by_folds else ())])
        counts = pd.DataFrame(data.counts).loc[data.classes, [side for side in SIDES if side in data.counts]]
        counts = counts.sum(axis=1).to_frame("pool") if by_folds else counts
        same = repr((name, data.fingerprint, data.refused, [] if by_folds else data.notes, counts.to_dict()))
        known, summary = data_sets.get(same), result.audit
        if known and (by_folds or not summary or summary["provenance"] == "unknown"):
            summary = known.audit or summary
        data = known.data if known and by_folds else data
        keys = (*(known.keys if known else ()), key)
        data_sets[same] = DataSet(name, data, summary, counts, keys)
    return list(data_sets.values())


def _describe_division(data: ResultData, without: Collection[str] = ()) -> str:
    """Return the split with what it was drawn from, such as "grouped split, split_seed=0, test_share=0.2"."""
    keys = [key for key in DRAWN_BY if key not in without]
    drawn = [f"{key}={spell(value)}" for key in keys if (value := getattr(data, key)) is not None]
    return ", ".join([f"{data.split} split", *drawn])


def describe_data(claims: StudyClaims, place: int, data_set: DataSet) -> dict[str, str]:
    """Return the Markdown of the data set at `place`: its name, words, audit and table of classes."""
    counts, data = data_set.counts, data_set.data
    formulas = {"images": "number of images", "classes": "number of classes", **SUMMARY_FORMULAS}
    formulas["refused"] = "number of files that could not be used"
    formulas["measured"] = "number of training images of the first trial on which its train accuracy is measured"
    formulas["trained"] = "number of training images of the first trial"
    sides = SIDES | POOL
    for side in counts:
        formulas[f"{side}/images"] = f"number of {sides[side]} images"
        for name in counts.index:
            formulas[f"{side}/images[{name}]"] = f"number of {sides[side]} images of the class"
            formulas[f"{side}/share[{name}]"] = f"100 * {sides[side]} images of the class / {sides[side]} images"
    write = claims.numbers_of(f"data/{place}", formulas, data_set.keys)
    several = [
        f"{write(f'{side}/images', int(total), ',d')} {sides[str(side)]}" for side, total in counts.sum().items()
    ]
    words = f"{plain(data_set.name)}: {as_list(several)} images, "
    words += f"{write('classes', len(counts), 'd')} classes, fingerprint {code(data.fingerprint)}"
    if data.measured_share is not None and "train" in data.counts:
        trained = data.counts["train"].values()
        measured = sum(count_drawn(images, data.measured_share) for images in trained)
        words += f"; train accuracy is measured on {write('measured', measured, ',d')} of the "
        words += f"{write('trained', sum(trained), ',d')} training images of a trial"
    if data.refused:
        words += f"; {write('refused', data.refused, ',d')} files were refused"
    words += "".join(f"; {plain(note)}" for note in data.notes)
    audit = describe_audit(data_set.audit, data.name, write) if data_set.audit else ""
    return {"name": plain(data_set.name), "words": words, "audit": audit, "classes": tabulate_classes(counts, write)}


def tabulate_classes(counts: pd.DataFrame, write: WriteNumber) -> str:
    """Return a table of images and shares by class and split."""
    totals: dict[str, int] = {str(side): int(total) for side, total in counts.sum().items()}
    rows = []
    for name, *row in counts.itertuples():
        cells = []
        for (side, total), images in zip(totals.items(), row, strict=True):
            share = write(f"{side}/share[{name}]", 100 * images / max(1, total), ".1f")
            cells.append(f"{write(f'{side}/images[{name}]', images, ',d')} ({share} %)")
        rows.append([code(name), *cells])
    rows.append(["all", *(write(f"{side}/images", total, ",d") for side, total in totals.items())])
    return table(["class", *totals], rows, right=totals)


def tabulate_photographs(claims: StudyClaims) -> str:
    """Return the test images, photographs (or scenes) and effective number of each class; empty if none is known."""
    examples = _find_examples(claims.analysis)
    if not examples or examples[0][0].unit == "image":
        return ""
    shown, keys = examples[0][0], [key for *_, key in examples]
    tables = [images.table.loc[images.tested(split), ["label", shown.unit]] for images, split, _ in examples]
    tested = pd.concat(tables, ignore_index=True).set_axis(["class", shown.unit], axis=1)
    formulas = {
        "images": "number of test images of the class",
        "units": f"number of different {shown.unit}s among them",
        "effective": f"(sum n)^2 / sum n^2 over the images n that each {shown.unit} gave",
    }
    rows, weighed = [], rows_of(weigh_test(tested, shown.classes, shown.unit))
    for row in weighed:
        write = claims.numbers_of(f"test/{row['class']}", formulas, keys)
        known = {name: math.nan if pd.isna(row[name]) else float(row[name]) for name in formulas}
        cells = [write(name, value, ".1f" if name == "effective" else ",d") for name, value in known.items()]
        rows.append([code(row["class"]) if row["class"] in shown.classes else "all, images weighing alike", *cells])
    own = [float(row["effective"]) for row in weighed[:-1] if row["images"]]
    formula = "classes^2 / sum over the classes of 1 / effective"
    alike = claims.number(combine_classes([1.0] * len(own), own), "test/all/alike", formula, keys, ".1f")
    rows.append(["all, classes weighing alike", *rows[-1][1:3], alike])
    header = ["test images", f"{shown.unit}s", "worth independent images"]
    return table(["class", *header], rows, right=header)


def name_weighed(analysis: StudyAnalysis) -> str:
    """Return which test images `tabulate_photographs` is about, if there are several; else nothing."""
    examples = _find_examples(analysis)
    splits = {planned.evaluated_on for planned in analysis.sweep.plan.trials}
    return f"split {code(examples[0][1])}" if examples and len(splits) > 1 else ""


def _find_examples(analysis: StudyAnalysis) -> list[tuple[EvaluationImages, str, str]]:
    """Return the images, split and key of the first trial that has predictions; by folds of its whole repetition."""
    found = [
        (planned, (analysis.sweep.predictions[planned.key].shown, planned.evaluated_on, planned.key))
        for planned in analysis.sweep.plan.trials
        if planned.key in analysis.sweep.predictions
    ]
    if not found:
        return []
    first, place = found[0][0], analysis.repetitions.place
    same = [own for trial, own in found if (trial.arm, place(trial.seed)[0]) == (first.arm, place(first.seed)[0])]
    return same if analysis.by_folds else same[:1]
