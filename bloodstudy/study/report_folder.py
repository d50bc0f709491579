"""Which folder a report goes to: its study's own, and of a plain sweep one that no other sweep's report lies in.

In: the folder of all reports, and a plan. Out: a path. Sweeps without a name share `scratch`, so the second of them
that is reported gets `scratch-2`: no name of a study has a hyphen.
"""

from __future__ import annotations

import csv
import io
from itertools import count
from pathlib import Path

from bloodstudy.study.plan import Plan
from bloodstudy.study.question import SCRATCH

PAGE, TABLE = "report.md", "trials.csv"


def choose_report_folder(reports_dir: Path, study: str, plan: Plan) -> Path:
    """Return the folder for the report of `plan`: the first that is free, or holds a report of some of its trials."""
    if plan.questions and study != SCRATCH:  # what is changed in a study is listed in its report
        return reports_dir / study
    places = (reports_dir / (study if turn == 1 else f"{study}-{turn}") for turn in count(1))
    return next(place for place in places if not (place / PAGE).exists() or _reported(place) <= {*plan.keys})


def list_reported(folder: Path) -> set[str]:
    """Return the keys of the trials that the report in `folder` is of; none if nothing tells them."""
    try:
        text = (folder / TABLE).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return set()
    return {row["key"] for row in csv.DictReader(io.StringIO(text)) if row.get("key")}


def _reported(folder: Path) -> set[str]:
    return list_reported(folder) or {""}  # a report that does not tell its trials is another sweep's
