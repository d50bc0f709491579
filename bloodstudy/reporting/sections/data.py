"""What was run: data, levels that all trials share, versions, commit.

In: a sweep. Out: Markdown tables and lines; what differs between trials is shown as several values, never as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from bloodstudy.analysis import StudyAnalysis, StudyResults, list_leaks
from bloodstudy.reporting.audit.text import SUMMARY_FORMULAS, describe_audit
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.claims.sweep_claims import SweepClaims, WriteNumber
from bloodstudy.reporting.figures.training import draw_classes
from bloodstudy.reporting.render.markdown import code, embed, plain, table
from bloodstudy.reporting.sections import caveats, evidence
from bloodstudy.reporting.sections.section import Drawing, Section, has_results
from bloodstudy.study.arms import BLOCK_KEYS, spell
from bloodstudy.study.result import ResultData
from bloodstudy.study.trial import DRAWN_BY

SIDES = {"train": "training", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class DataSet:
    """One data set as the trials saw it."""

    name: str
    source: str  # the name that data= takes
    fingerprint: str
    refused: int  # files
    notes: tuple[str, ...]
    audit: Mapping[str, Any] | None  # the summary that the trials kept; None where they kept none
    counts: pd.DataFrame  # images; rows: classes, columns: train, where there is one validation, test
    keys: tuple[str, ...]  # of the trials on it that have a result


def describe_section(claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return what the answers rest on: each data set, its classes, and what its test images are worth."""
    analysis = claims.analysis
    text = "Images of each class in the training and the test set; the table holds the numbers"
    leaks = [leak for leak in list_leaks(analysis.sweep.trials) if leak.judged == "official_clean"]
    return {
        "data": [
            describe_data(claims.sweep, place, data_set) for place, data_set in enumerate(list_data(analysis.sweep), 1)
        ],
        "judged": [caveats.describe_shared(claims.sweep, leak) for leak in leaks],
        "photographs": evidence.tabulate_photographs(analysis, claims),
        "weighed": evidence.name_weighed(analysis),
        "unit": analysis.unit,
        "classes": embed("classes", text, drawn),
    }


def draw_data(analysis: StudyAnalysis) -> dict[str, Drawing]:
    """Return the figure of the images of each class."""
    counts = [(data_set.name, data_set.counts) for data_set in list_data(analysis.sweep)]
    return {"classes": partial(draw_classes, counts)}


SECTION = Section("data", has_results, describe_section, "data.md.j2", draw_data)


def list_data(sweep: StudyResults) -> list[DataSet]:
    """Return the different data sets of the trials that have a result."""
    data_sets: dict[str, DataSet] = {}
    for key, result in sweep.results.items():
        data = result.data
        name = ", ".join([data.name, data.task, *([data.view] if data.name == "bccd" else [])])
        name += f", {_describe_division(data)}"
        counts = pd.DataFrame(data.counts).loc[data.classes, [side for side in SIDES if side in data.counts]]
        same = repr((name, data.fingerprint, data.refused, data.notes, counts.to_dict()))
        known, summary = data_sets.get(same), result.audit
        if known and (not summary or summary["provenance"] == "unknown"):
            summary = known.audit
        keys = (*(known.keys if known else ()), key)
        facts = (name, data.name, data.fingerprint, data.refused, tuple(data.notes))
        data_sets[same] = DataSet(*facts, summary, counts, keys)
    return list(data_sets.values())


def describe_data(claims: SweepClaims, place: int, data_set: DataSet) -> dict[str, str]:
    """Return the Markdown of the data set at `place`: its name, words, audit and table of classes."""
    counts = data_set.counts
    formulas = {"images": "number of images", "classes": "number of classes", **SUMMARY_FORMULAS}
    formulas["refused"] = "number of files that could not be used"
    for side in counts:
        formulas[f"{side}/images"] = f"number of {SIDES[side]} images"
        for name in counts.index:
            formulas[f"{side}/images[{name}]"] = f"number of {SIDES[side]} images of the class"
            formulas[f"{side}/share[{name}]"] = f"100 * {SIDES[side]} images of the class / {SIDES[side]} images"
    write = claims.of(f"data/{place}", formulas, list(data_set.keys))
    totals = {str(side): int(counts[side].to_numpy().sum()) for side in counts}
    several = [f"{write(f'{side}/images', total, ',d')} {SIDES[side]}" for side, total in totals.items()]
    words = f"{plain(data_set.name)}: {', '.join(several[:-1])} and {several[-1]} images, "
    words += f"{write('classes', len(counts), 'd')} classes, fingerprint {code(data_set.fingerprint)}"
    if data_set.refused:
        words += f"; {write('refused', data_set.refused, ',d')} files were refused"
    words += "".join(f"; {plain(note)}" for note in data_set.notes)
    audit = describe_audit(data_set.audit, data_set.source, write) if data_set.audit else ""
    return {"name": plain(data_set.name), "words": words, "audit": audit, "classes": tabulate_classes(counts, write)}


def _describe_division(data: ResultData) -> str:
    """Return the split with what it was drawn from, such as "grouped split, split_seed=0, test_share=0.2"."""
    drawn = [f"{key}={spell(value)}" for key in DRAWN_BY if (value := getattr(data, key)) is not None]
    return ", ".join([f"{data.split} split", *drawn])


def tabulate_classes(counts: pd.DataFrame, write: WriteNumber) -> str:
    """Return a table of images and shares by class and split."""
    sides, rows = [str(side) for side in counts], []
    totals: dict[str, int] = {side: int(counts[side].to_numpy().sum()) for side in sides}
    for name, *row in counts.itertuples():
        cells = []
        for side, images in zip(sides, row, strict=True):
            share = write(f"{side}/share[{name}]", 100 * images / max(1, totals[side]), ".1f")
            cells.append(f"{write(f'{side}/images[{name}]', images, ',d')} ({share} %)")
        rows.append([code(name), *cells])
    rows.append(["all", *(write(f"{side}/images", totals[side], ",d") for side in sides)])
    return table(["class", *sides], rows, right=sides)


def tabulate_reference(sweep: StudyResults, arm: str) -> str:
    """Return a table of the model and all factor levels of an arm, and which of them other arms change."""
    result = sweep.result_of(arm)
    if result is None:
        return ""
    levels = {"model": result.model, **result.factors}
    varied = {key for key, values in _levels(sweep).items() if len(set(values)) > 1}
    rows = [[code(key), code(spell(levels[key])), "yes" if key in varied else ""] for key in levels if key != "seed"]
    return table(["factor", "level", "other arms change it"], rows)


def list_brought(sweep: StudyResults, arm: str, reference: str) -> dict[str, Any]:
    """Return the levels that set an arm of another model apart from the reference, and that nobody named."""
    result, usual = sweep.result_of(arm), sweep.result_of(reference)
    if result is None or usual is None or result.model == usual.model:
        return {}
    named = {*sweep.levels_of(arm), *BLOCK_KEYS}
    return {k: v for k, v in result.factors.items() if k not in named and spell(v) != spell(usual.factors.get(k))}


def describe_brought(sweep: StudyResults, reference: str) -> str:
    """Say what arms with another model than the reference's change besides: a model brings levels of its own."""
    levels_by_arm = {arm: list_brought(sweep, arm, reference) for arm in sweep.arms}
    return " ".join(
        f"The model of {code(arm)} brings {', '.join(code(f'{key}={spell(level)}') for key, level in levels.items())}."
        for arm, levels in levels_by_arm.items()
        if levels
    )


def list_origin(sweep: StudyResults) -> list[str]:
    """Return lines on versions, commit and precision."""
    results = list(sweep.results.values())
    if not results:
        return []
    names = dict.fromkeys(name for result in results for name in result.versions)
    versions = ", ".join(f"{plain(name)} {format_values([r.versions.get(name) for r in results])}" for name in names)
    return [
        f"versions: {versions}",
        f"commit: {format_values([result.git_commit for result in results])}",
        f"precision: {format_values([result.factors['precision'] for result in results])}",
    ]


def _levels(sweep: StudyResults) -> dict[str, list[str]]:
    """Return the level of each factor in each trial that has a result, spelt."""
    results = [sweep.results[key] for key in sweep.trials["key"] if key in sweep.results]
    if not results:
        return {}
    levels = {"model": [result.model for result in results]}
    return levels | {key: [spell(result.factors[key]) for result in results] for key in results[0].factors}


def format_values(values: list[Any]) -> str:
    """Return the different values, as code; several are said to be mixed."""
    different = list(dict.fromkeys("unknown" if value is None else str(value) for value in values))
    return code(different[0]) if len(different) == 1 else f"{', '.join(map(code, different))} (mixed)"
