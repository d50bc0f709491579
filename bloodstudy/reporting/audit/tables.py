"""The tables of an audit in Markdown.

In: the frames of the findings. Out: GitHub-flavoured tables; what is not known reads "unknown", and a long list ends
with where the rest of it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bloodstudy.data.quality.effective_size import ALL
from bloodstudy.data.quality.findings import Findings
from bloodstudy.reporting.render.markdown import code, plain, table

MAX_ROWS = 20  # of a list; its CSV table holds them all
UNKNOWN = "unknown"
_NAMES = ("image", "class", "photograph", "photographs", "scene", "sha256")


def tabulate(frame: pd.DataFrame, forms: Mapping[str, str] | None = None) -> str:
    """Return `frame` as a table: names as code, numbers in the form given for their column, or with commas."""
    numbers = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    rows = [[_cell(row[name], name, (forms or {}).get(name, ",.0f")) for name in frame] for row in _rows(frame)]
    return table([plain(name).replace("_", " ") for name in frame], rows, right=[n.replace("_", " ") for n in numbers])


def list_rows(frame: pd.DataFrame, file: str, forms: Mapping[str, str] | None = None) -> str:
    """Return the first rows of `frame` as a table, and where the others are; nothing of an empty frame."""
    if frame.empty:
        return ""
    rest = len(frame) - MAX_ROWS
    more = f"\n\nAnd {rest:,} more in `{file}`." if rest > 0 else ""
    return tabulate(frame.head(MAX_ROWS), forms) + more


def tabulate_overview(findings: Findings) -> str:
    """Return the summary as a table of two columns."""
    rows = [*summarise_audit(findings), ("fingerprint", code(findings.fingerprint))]
    return table(["", "number"], rows, right=["number"])


def summarise_audit(findings: Findings) -> list[tuple[str, str]]:
    """Return what a person wants to know first, each in words and as a number or "unknown"."""
    summary = findings.summary()
    lines = [
        ("images", "images", ",.0f"),
        ("files that cannot be used", "refused", ",.0f"),
        ("exact duplicates, beyond the first file", "duplicates", ",.0f"),
        ("exact duplicates across the split", "duplicates_across", ",.0f"),
        ("exact duplicates across classes", "duplicate_conflicts", ",.0f"),
        ("photographs", "photographs", ",.0f"),
        ("scenes", "scenes", ",.0f"),
        ("images that could not be placed", "unplaced", ",.0f"),
        ("scenes on both sides of the split", "scenes_across", ",.0f"),
        ("scenes under two classes", "label_conflicts", ",.0f"),
        ("test images", "test_images", ",.0f"),
        ("test images that training knows", "test_images_leaking", ",.0f"),
        ("their share of the test images", "test_share_leaking", ".1%"),
        ("independent photographs that the test is worth", "effective_test_photographs", ",.1f"),
        ("in the class with the fewest", "effective_test_photographs_min", ",.1f"),
    ]
    return [(words, spell_value(summary[name], form)) for words, name, form in lines]


def spell_value(value: Any, form: str) -> str:
    """Return a number in its form, percent signs set apart, or "unknown"."""
    return UNKNOWN if pd.isna(value) else format(value, form).replace("%", " %")


def tabulate_counts(findings: Findings) -> str:
    """Return images, share, photographs and scenes by class and split, and how far the shares lie apart."""
    wide = findings.counts.pivot(index="class", columns="split").reindex(findings.classes)
    rows = []
    for name in findings.classes:
        counts = wide.loc[name]
        cells = [
            f"{counts['images', side]:,.0f} ({spell_value(counts['share', side], '.1%')})" for side in findings.sides
        ]
        cells.append(f"{round(100 * (counts['share', 'test'] - counts['share', 'train']), 1) + 0.0:+.1f}")  # never -0.0
        cells += [
            spell_value(counts[kind, side], ",.0f") for kind in ("photographs", "scenes") for side in findings.sides
        ]
        rows.append([code(name), *cells])
    header = [*findings.sides, "test − train (points)"]
    header += [f"{kind}, {side}" for kind in ("photographs", "scenes") for side in findings.sides]
    return table(["class", *header], rows, right=header)


def tabulate_effective(effective: pd.DataFrame, unit: str) -> str:
    """Return what the test images of each class are worth, with the two intervals."""
    rows = []
    for row in _rows(effective):
        ends = [
            f"{row[f'{kind}_low']:.3f} to {row[f'{kind}_high']:.3f}" if pd.notna(row[f"{kind}_low"]) else UNKNOWN
            for kind in ("naive", "honest")
        ]
        worth = [spell_value(row["images"], ",.0f"), spell_value(row["units"], ",.0f")]
        rows.append([_cell(row["class"], "class", ""), *worth, spell_value(row["effective"], ",.1f"), *ends])
    header = ["test images", f"{unit}s", "worth", "interval, images independent", f"interval, by {unit}, worst case"]
    return table(["class", *header], rows, right=header)


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.to_dict("records")  # type: ignore[return-value]


def _cell(value: Any, column: str, form: str) -> str:
    if isinstance(value, str):
        return code(value) if column in _NAMES and value != ALL else plain(value)
    return spell_value(value, form)
