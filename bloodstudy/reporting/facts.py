"""What was run: data, levels that all trials share, versions, commit, processor.

In: a sweep. Out: Markdown tables and lines; what differs between trials is shown as several values, never as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from bloodstudy.analysis import Sweep
from bloodstudy.design import BLOCK_KEYS, DRAWN_BY, spell
from bloodstudy.reporting.audit_words import tell_audit
from bloodstudy.reporting.markdown import code, plain, table

SIDES = {"train": "training", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class DataSet:
    """One data set as the trials saw it."""

    name: str
    words: str  # Markdown
    audit: str  # Markdown; empty where a trial kept no audit
    counts: pd.DataFrame  # images; rows: classes, columns: train, where there is one validation, test


def list_data(sweep: Sweep) -> list[DataSet]:
    """Return the different data sets of the trials that have a result."""
    found = {}
    for result in sweep.results.values():
        data = result["data"]
        name = ", ".join([data["name"], data["task"], *([data["view"]] if data["name"] == "bccd" else [])])
        name += f", {_tell_division(data)}"
        sides = [side for side in SIDES if side in data["counts"]]
        counts = pd.DataFrame(data["counts"]).loc[data["classes"], sides]
        several = [f"{counts[side].sum():,} {SIDES[side]}" for side in sides]
        text = (
            f"{plain(name)}: {', '.join(several[:-1])} and {several[-1]} images, {len(counts)} classes, "
            f"fingerprint {code(data['fingerprint'])}"
        )
        if data["refused"]:
            text += f"; {data['refused']:,} files were refused"
        text += "".join(f"; {plain(note)}" for note in data["notes"])
        summary = result.get("audit")
        if text not in found or (summary and summary["provenance"] != "unknown"):
            found[text] = DataSet(name, text, tell_audit(summary, data["name"]) if summary else "", counts)
    return list(found.values())


def _tell_division(data: dict[str, Any]) -> str:
    """Return the split with what it was drawn from, such as "grouped split, split_seed=0, test_share=0.2"."""
    drawn = [f"{key}={spell(data[key])}" for key in DRAWN_BY if data[key] is not None]
    return ", ".join([f"{data['split']} split", *drawn])


def tabulate_classes(counts: pd.DataFrame) -> str:
    """Return a table of images and shares by class and split."""
    rows, sides = [], list(counts.columns)
    totals = counts.sum()
    for name, row in [*counts.iterrows(), ("all", totals)]:
        cells = [f"{row[side]:,} ({100 * row[side] / max(1, totals[side]):.1f} %)" for side in sides]
        rows.append([code(name) if row is not totals else "all", *cells])
    return table(["class", *sides], rows, right=sides)


def tabulate_common(sweep: Sweep) -> str:
    """Return a table of the model and the factor levels that all trials share."""
    rows = [[code(key), code(values[0])] for key, values in _levels(sweep).items() if len(set(values)) == 1]
    return table(["factor", "level"], rows) if rows else ""


def tabulate_varied(sweep: Sweep) -> str:
    """Return a table of levels that differ between arms though they were not swept: a model brings its own."""
    swept = {*sweep.plan["swept"], *BLOCK_KEYS, "precision"}
    varied = {key: values for key, values in _levels(sweep).items() if len(set(values)) > 1 and key not in swept}
    if not varied:
        return ""
    arms = dict.fromkeys(zip((_arms(sweep)), *varied.values(), strict=True))
    return table(["arm", *map(code, varied)], [[code(cell) for cell in row] for row in arms])


def list_origin(sweep: Sweep) -> list[str]:
    """Return lines on versions, commit, processor and precision."""
    results = list(sweep.results.values())
    if not results:
        return []
    names = dict.fromkeys(name for result in results for name in result["versions"])
    versions = ", ".join(f"{plain(name)} {_several([r['versions'].get(name) for r in results])}" for name in names)
    return [
        f"versions: {versions}",
        f"commit: {_several([result['git_commit'] for result in results])}",
        f"processor: {_several([result['processor'] for result in results])}",
        f"precision: {_several([result['factors']['precision'] for result in results])}",
    ]


def _arms(sweep: Sweep) -> list[str]:
    return [arm for key, arm in zip(sweep.trials["key"], sweep.trials["arm"], strict=True) if key in sweep.results]


def _levels(sweep: Sweep) -> dict[str, list[str]]:
    """Return the level of each factor in each trial that has a result, spelt."""
    results = [sweep.results[key] for key in sweep.trials["key"] if key in sweep.results]
    if not results:
        return {}
    levels = {"model": [result["model"] for result in results]}
    return levels | {key: [spell(result["factors"][key]) for result in results] for key in results[0]["factors"]}


def _several(values: list[Any]) -> str:
    different = list(dict.fromkeys("unknown" if value is None else str(value) for value in values))
    return code(different[0]) if len(different) == 1 else f"{', '.join(map(code, different))} (mixed)"
