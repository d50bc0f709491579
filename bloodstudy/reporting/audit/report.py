"""The report of one audit: its tables, its figures, its file.

In: what was found. Out: <reports_dir>/audit/<data>/ with audit.md, findings.json, one CSV table a kind of finding, and
figures/*.png and *.svg; a pure function of the findings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bloodstudy import files
from bloodstudy.data.quality.brightness import BLACK, summarise_brightness
from bloodstudy.data.quality.effective_size import ACCURACY
from bloodstudy.data.quality.findings import Findings, plain_numbers
from bloodstudy.reporting.audit import figures as audit_figures
from bloodstudy.reporting.audit import tables as audit_tables
from bloodstudy.reporting.audit import text
from bloodstudy.reporting.audit.tables import list_rows, tabulate
from bloodstudy.reporting.figures import style, training
from bloodstudy.reporting.render.markdown import code, fence, plain, template

FIGURES = ("counts", "leak", "worth", "brightness")
FILES = {
    "images": "each image with its photograph and scene, its correlation with that photograph (score), how much less"
    " it has with any other scene (margin); both are empty where the source itself says it",
    "leaks": "each test image that training knows, and how many training images share its bytes, photograph, scene",
    "duplicates": "each file whose bytes another file has too",
    "conflicts": "each scene under several classes",
    "multi_label": "each photograph with several labels",
    "unplaced": "each image without a scene, with its best score, where others have one",
    "quarantine": "each file that cannot be used, with the reason",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Audit:
    """All that an audit of one data set found."""

    command: str
    notes: tuple[str, ...]  # what the source left out
    findings: Findings
    random: Findings  # of the same images under data.split=random
    brightness: pd.DataFrame  # of `measure_brightness`
    multi_label: dict[str, str] | None  # photograph -> labels; None where the data have no such table

    @property
    def unit(self) -> str:
        """The word for what is counted as one piece of evidence."""
        return "photograph" if self.findings.provenance == "unknown" else "scene"

    @property
    def several(self) -> pd.DataFrame:
        """The photographs with several labels: photograph, labels, images by side."""
        images, sides = self.findings.images, self.findings.sides
        names = list(self.multi_label or {})
        counts = pd.crosstab(images["photograph"], images["split"]).reindex(index=names, columns=sides, fill_value=0)
        shown = pd.DataFrame({"photograph": names, "labels": list((self.multi_label or {}).values())}, dtype=str)
        for side in sides:
            known = set(images["photograph"]) != {""}
            shown[side] = pd.array(counts[side].to_numpy() if known else [pd.NA] * len(names), dtype="Int64")
        return shown


def write_audit(audit: Audit, reports_dir: Path) -> Path:
    """Write the report of `audit`; return the path of audit.md. Raises MachineError where that is refused."""
    folder = files.make_folder(reports_dir / "audit" / audit.findings.name)
    findings = audit.findings
    tables = {name: getattr(findings, name) for name in FILES if name != "multi_label"} | {"multi_label": audit.several}
    for name in FILES:
        files.write_text(folder / f"{name}.csv", tables[name].to_csv(index=False, lineterminator="\n"))
    files.write_json(folder / "findings.json", as_json(audit))
    drawn = _draw(audit, files.make_folder(folder / "figures"))
    files.write_text(folder / "audit.md", render(audit, drawn))
    return folder / "audit.md"


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
    short = findings.duplicates.assign(sha256=findings.duplicates["sha256"].str[:12])
    brightness = summarise_brightness(audit.brightness, findings.sides).rename(columns={"sd": "spread"})
    return template("audit.md.j2").render(
        title=f"{code(findings.name)}, {plain(findings.split)} split",
        leak=text.describe_leak(findings, audit.random),
        worth=text.describe_worth(summary),
        overview=audit_tables.tabulate_overview(findings),
        how=text.HOW[findings.provenance],
        notes=[plain(note) for note in audit.notes],
        command=fence(audit.command),
        figures={name: f"![{plain(drawn[name])}](figures/{name}.png)" if name in drawn else "" for name in FIGURES},
        counts=audit_tables.tabulate_counts(findings),
        refused=text.describe_refused(len(findings.quarantine)),
        quarantine=list_rows(findings.quarantine, "quarantine.csv"),
        duplicates=text.describe_duplicates(summary),
        copies=list_rows(short, "duplicates.csv"),
        leaking=tabulate(findings.leaking, {"share": ".1%"}),
        leaks=len(findings.leaks) > 0,
        unplaced=list_rows(findings.unplaced, "unplaced.csv", {"score": ".2f"}),
        conflicts=text.describe_conflicts(findings),
        conflict_rows=list_rows(findings.conflicts, "conflicts.csv"),
        multi_label=text.describe_multi_label(audit.multi_label, findings.name),
        multi_label_rows=list_rows(several, "multi_label.csv"),
        intervals=text.describe_intervals(findings),
        effective=audit_tables.tabulate_effective(findings.effective, audit.unit),
        unit=audit.unit,
        accuracy=ACCURACY,
        brightness=tabulate(brightness, {"mean": ".1f", "spread": ".1f", "border": ".1%"}),
        black=BLACK,
        files=[*((f"{name}.csv", words) for name, words in FILES.items()), ("findings.json", "all numbers")],
    )


def _draw(audit: Audit, folder: Path) -> dict[str, str]:
    """Draw the figures that there is something to show in; return their alternative texts."""
    findings, drawn = audit.findings, {}
    splits = [(f"{findings.split} split (audited)", findings)]
    if findings.split != "random":
        splits.append(("random split of the same images", audit.random))
    figures: dict[str, tuple[Callable[[], Figure], str] | None] = dict.fromkeys(FIGURES)
    sides = [side for side in findings.sides if side != "validation"]
    counts = findings.counts.pivot(index="class", columns="split", values="images").loc[list(findings.classes), sides]
    figures["counts"] = lambda: training.draw_classes([("", counts)]), "Images of each class by split, as in the table"
    if findings.scenes_known:
        shares = "; ".join(
            f"{title}: {text.share(int(split.leaking['any'].iloc[-1]), int(split.leaking['images'].iloc[-1]))}"
            for title, split in splits
        )
        figures["leak"] = lambda: audit_figures.draw_leak(splits), f"Share of test images that training knows. {shares}"
    if not np.isnan(findings.effective["effective"].to_numpy()).any():
        words = "Test images of each class on a logarithmic axis, and how many independent ones they are worth"
        figures["worth"] = lambda: audit_figures.draw_worth(findings.effective, audit.unit), words
    words = "Brightness of the images of each class by split: median, quartiles, 5th and 95th percentile"
    figures["brightness"] = (
        lambda: audit_figures.draw_brightness(audit.brightness, findings.classes, findings.sides),
        words,
    )
    with style.look():
        for name, wanted in figures.items():
            for kind in ("png", "svg"):
                (folder / f"{name}.{kind}").unlink(missing_ok=True)  # one that an earlier audit left is not this one's
            if wanted:
                figure = wanted[0]()
                for kind in ("png", "svg"):
                    style.save(figure, folder / f"{name}.{kind}")
                drawn[name] = wanted[1]
    return drawn


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [plain_numbers(row) for row in frame.to_dict("records")]
