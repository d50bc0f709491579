"""The report of one audit: its tables, its figures, its file.

In: what was found. Out: <reports_dir>/audit/<data>/ with audit.md, audit.html, findings.json, one CSV table a kind of
finding, and figures/*.png and *.svg; a pure function of the findings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from bloodstudy import files
from bloodstudy.data.quality.brightness import BLACK, summarise_brightness
from bloodstudy.data.quality.effective_size import ACCURACY
from bloodstudy.data.quality.findings import Findings, plain_numbers
from bloodstudy.reporting.audit import figures, tables, text
from bloodstudy.reporting.audit.tables import list_rows, tabulate
from bloodstudy.reporting.figures.style import Drawing, draw_figures
from bloodstudy.reporting.figures.training import draw_classes
from bloodstudy.reporting.render.html import render_page
from bloodstudy.reporting.render.markdown import code, embed, fence, plain, rows_of, template, write_csv

FIGURES = ("counts", "leak", "worth", "brightness")
FILES = {
    "images": "each image with its photograph and scene, its correlation with that photograph (score), how much less"
    " it has with any other scene (margin); both are empty where the source itself says it",
    "leaks": "each test image that training knows, and how many training images share its bytes, photograph, scene",
    "duplicates": "each file whose bytes another file has too",
    "conflicts": "each scene under several classes",
    "multi_label": "each photograph with several labels",
    "uninformative": "each image of one colour or nearly, or almost equal to another (like)",
    "unplaced": "each image without a scene, with its best score, where others have one",
    "quarantine": "each file that cannot be used, with the reason",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Audit:
    """What is known of one data set."""

    command: str
    notes: tuple[str, ...]  # what the source left out
    findings: Findings
    random: Findings  # of the same images under data.split=random
    brightness: pd.DataFrame  # of `measure_brightness`
    uninformative: pd.DataFrame  # of `find_uninformative`
    multi_label: dict[str, str] | None  # photograph -> labels; None if the data have no such table

    @property
    def unit(self) -> str:
        """The word for what is counted as one piece of evidence."""
        return "photograph" if self.findings.provenance == "unknown" else "scene"

    @property
    def several(self) -> pd.DataFrame:
        """The photographs with several labels: photograph, labels, images by side."""
        images, sides, labels = self.findings.images, self.findings.sides, self.multi_label or {}
        names, known = list(labels), set(self.findings.images["photograph"]) != {""}
        counts = pd.crosstab(images["photograph"], images["split"]).reindex(index=names, columns=sides, fill_value=0)
        shown = pd.DataFrame({"photograph": names, "labels": list(labels.values())}, dtype=str)
        for side in sides:
            shown[side] = pd.array(counts[side].to_numpy() if known else [pd.NA] * len(names), dtype="Int64")
        return shown


def write_audit(audit: Audit, reports_dir: Path) -> Path:
    """Write the report of `audit`; return the path of audit.md. Raises MachineError if that is refused."""
    final = reports_dir / "audit" / audit.findings.name
    names = ("audit.md", "audit.html", "findings.json", "figures", *(f"{name}.csv" for name in FILES))
    with files.published_folder(final, names) as folder:
        for name in FILES:
            files.write_text(folder / f"{name}.csv", write_csv(_frame(audit, name)))
        files.write_json(folder / "findings.json", as_json(audit))
        pictures = list_figures(audit)
        draw_figures({name: draw for name, (_, draw) in pictures.items()}, folder / "figures")
        page = render(audit, {name: words for name, (words, _) in pictures.items()})
        files.write_text(folder / "audit.md", page)
        title = f"Audit of {describe_title(audit.findings)}"
        files.write_text(folder / "audit.html", render_page(page, folder, title))
    return final / "audit.md"


def _frame(audit: Audit, name: str) -> pd.DataFrame:
    own = {"multi_label": audit.several, "uninformative": audit.uninformative[["image", "kind", "like"]]}
    return own[name] if name in own else getattr(audit.findings, name)


def as_json(audit: Audit) -> dict[str, Any]:
    """Return all numbers of the audit as plain containers, with 6 significant digits; None is unknown."""
    findings = audit.findings
    return {
        "data": {"name": findings.name, "split": findings.split, "fingerprint": findings.fingerprint},
        "summary": findings.summary(),
        "counts": _records(findings.counts),
        "leaking": _records(findings.leaking),
        "conflicts": _records(findings.conflicts),
        "multi_label": None if audit.multi_label is None else _records(audit.several),
        "effective": _records(findings.effective),
        "brightness": _records(summarise_brightness(audit.brightness, findings.sides)),
        "random": {"summary": audit.random.summary(), "leaking": _records(audit.random.leaking)},
    }


def render(audit: Audit, drawn: dict[str, str]) -> str:
    """Return the Markdown; `drawn` are the figures that exist, with their alternative texts."""
    findings, summary, several = audit.findings, audit.findings.summary(), audit.several
    refused = len(findings.quarantine)
    short = findings.duplicates.assign(sha256=findings.duplicates["sha256"].str[:12])
    brightness = summarise_brightness(audit.brightness, findings.sides).rename(columns={"sd": "spread"})
    return template("audit.md.j2").render(
        title=describe_title(findings),
        leak=text.describe_leak(findings, audit.random),
        worth=text.describe_worth(summary),
        overview=tables.tabulate_overview(findings, audit.uninformative),
        how=text.HOW[findings.provenance],
        notes=[plain(note) for note in audit.notes],
        command=fence(audit.command),
        figures={name: embed(name, drawn.get(name, ""), drawn) for name in FIGURES},
        counts=tables.tabulate_counts(findings),
        refused=text.count(refused, "file") + " cannot be used:" if refused else "Every file can be used.",
        quarantine=list_rows(findings.quarantine, "quarantine.csv"),
        duplicates=text.describe_duplicates(summary),
        copies=list_rows(short, "duplicates.csv"),
        uninformative=text.describe_uninformative(audit.uninformative),
        uninformative_rows=list_rows(_frame(audit, "uninformative"), "uninformative.csv"),
        leaking=tabulate(findings.leaking, {"share": ".1%"}),
        leaks=len(findings.leaks) > 0,
        unplaced=list_rows(findings.unplaced, "unplaced.csv", {"score": ".2f"}),
        conflicts=text.describe_conflicts(findings),
        conflict_rows=list_rows(findings.conflicts, "conflicts.csv"),
        multi_label=text.describe_multi_label(audit.multi_label, findings.name),
        multi_label_rows=list_rows(several, "multi_label.csv"),
        intervals=text.describe_intervals(findings),
        effective=tables.tabulate_effective(findings.effective, audit.unit),
        unit=audit.unit,
        accuracy=ACCURACY,
        brightness=tabulate(brightness, {"mean": ".1f", "spread": ".1f", "border": ".1%"}),
        black=BLACK,
        files=[*((f"{name}.csv", words) for name, words in FILES.items()), ("findings.json", "all numbers")],
    )


def describe_title(findings: Findings) -> str:
    """Return which images are audited, and on which split."""
    return f"{code(findings.name)}, {plain(findings.split)} split"


def list_figures(audit: Audit) -> dict[str, tuple[str, Drawing]]:
    """Return alternative text and figure, not drawn yet, of what there is to show."""
    findings = audit.findings
    splits = [(f"{findings.split} split (audited)", findings)]
    if findings.split != "random":
        splits.append(("random split of the same images", audit.random))
    sides = [side for side in findings.sides if side != "validation"]
    counts = findings.counts.pivot(index="class", columns="split", values="images").loc[list(findings.classes), sides]
    words = "Images of each class by split, as in the table"
    pictures: dict[str, tuple[str, Drawing]] = {"counts": (words, partial(draw_classes, [("", counts)]))}
    if findings.scenes_known:
        totals = [(title, split.leaking.iloc[-1]) for title, split in splits]
        shares = "; ".join(f"{title}: {text.share(int(all_['any']), int(all_['images']))}" for title, all_ in totals)
        words = f"Share of test images that training knows. {shares}"
        pictures["leak"] = words, partial(figures.draw_leak, splits)
    if not findings.effective["effective"].isna().to_numpy().any():
        words = "Test images of each class on a logarithmic axis, and how many independent ones they are worth"
        pictures["worth"] = words, partial(figures.draw_worth, findings.effective, audit.unit)
    words = "Brightness of the images of each class by split: median, quartiles, 5th and 95th percentile"
    draw = partial(figures.draw_brightness, audit.brightness, findings.classes, findings.sides)
    return pictures | {"brightness": (words, draw)}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [plain_numbers(row) for row in rows_of(frame)]
