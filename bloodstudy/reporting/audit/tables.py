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
from bloodstudy.data.screening.uninformative import KINDS
from bloodstudy.reporting.render.markdown import code, plain, rows_of, table

MAX_ROWS = 20  # of a list; its CSV table holds them all
UNKNOWN = "unknown"
_NAMES = ("image", "class", "photograph", "photographs", "scene", "sha256", "like")


def tabulate(frame: pd.DataFrame, forms: Mapping[str, str] | None = None) -> str:
    """Return `frame` as a table: names as code, numbers in the form given for their column, or with commas."""
    numbers = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    rows = [[_cell(row[name], name, (forms or {}).get(name, ",.0f")) for name in frame] for row in rows_of(frame)]
    return table([plain(name).replace("_", " ") for name in frame], rows, right=[n.replace("_", " ") for n in numbers])


def list_rows(frame: pd.DataFrame, file: str, forms: Mapping[str, str] | None = None) -> str:
    """Return the first rows of `frame` as a table, and where the others are; nothing of an empty frame."""
    if frame.empty:
        return ""
    rest = len(frame) - MAX_ROWS
    more = f"\n\nAnd {rest:,} more in `{file}`." if rest > 0 else ""
    return tabulate(frame.head(MAX_ROWS), forms) + more


def tabulate_overview(findings: Findings, uninformative: pd.DataFrame) -> str:
    """Return the summary as a table of two columns."""
    rows = [*summarise_audit(findings, uninformative), ("fingerprint", code(findings.fingerprint))]
    return table(["", "number"], rows, right=["number"])


def summarise_audit(findings: Findings, uninformative: pd.DataFrame) -> list[tuple[str, str]]:
    """Return what a person wants to know first, each in words and as a number or "unknown".

    `uninformative` is what `find_uninformative` gives.
    """
    summary = findings.summary()
    lines = {
        "images": "images",
        "refused": "files that cannot be used",
        "duplicates": "exact duplicates, beyond the first file",
        "duplicates_across": "exact duplicates across the split",
        "duplicate_conflicts": "exact duplicates across classes",
        "photographs": "photographs",
        "scenes": "scenes",
        "unplaced": "images that could not be placed",
        "scenes_across": "scenes on both sides of the split",
        "label_conflicts": "scenes under two classes",
        "test_images": "test images",
        "test_images_leaking": "test images that training knows",
        "test_share_leaking": "their share of the test images",
        "effective_test_photographs": "independent photographs that the test is worth",
        "effective_test_photographs_min": "in the class with the fewest",
    }
    forms = {name: ".1%" if "share" in name else ",.1f" if "effective" in name else ",.0f" for name in lines}
    counted = [(f"images that show {kind}", f"{(uninformative['kind'] == kind).sum():,}") for kind in KINDS]
    return [(words, spell_value(summary[name], forms[name])) for name, words in lines.items()] + counted


def spell_value(value: Any, form: str) -> str:
    """Return a number in its form, percent signs set apart, or "unknown"."""
    return UNKNOWN if pd.isna(value) else format(value, form).replace("%", " %")


def tabulate_counts(findings: Findings) -> str:
    """Return images, share, photographs and scenes by class and split, and how far the shares lie apart."""
    wide = findings.counts.pivot(index="class", columns="split").reindex(findings.classes)
    columns = [(kind, side) for kind in ("photographs", "scenes") for side in findings.sides]
    rows = []
    for name in findings.classes:
        counts = wide.loc[name]
        shares = {side: spell_value(counts["share", side], ".1%") for side in findings.sides}
        cells = [f"{counts['images', side]:,.0f} ({share})" for side, share in shares.items()]
        cells.append(f"{100 * (counts['share', 'test'] - counts['share', 'train']):+z.1f}")
        cells += [spell_value(counts[column], ",.0f") for column in columns]
        rows.append([code(name), *cells])
    header = [*findings.sides, "test − train (points)", *(f"{kind}, {side}" for kind, side in columns)]
    return table(["class", *header], rows, right=header)


def tabulate_effective(effective: pd.DataFrame, unit: str) -> str:
    """Return what the test images of each class are worth, with the two intervals."""
    rows = []
    for row in rows_of(effective):
        ends = [
            f"{row[f'{kind}_low']:.3f} to {row[f'{kind}_high']:.3f}" if pd.notna(row[f"{kind}_low"]) else UNKNOWN
            for kind in ("naive", "honest")
        ]
        worth = [spell_value(row["images"], ",.0f"), spell_value(row["units"], ",.0f")]
        rows.append([_cell(row["class"], "class", ""), *worth, spell_value(row["effective"], ",.1f"), *ends])
    header = ["test images", f"{unit}s", "worth", "interval, images independent", f"interval, by {unit}, worst case"]
    return table(["class", *header], rows, right=header)


def _cell(value: Any, column: str, form: str) -> str:
    if isinstance(value, str):
        return code(value) if column in _NAMES and value not in ("", ALL) else plain(value)
    return spell_value(value, form)
