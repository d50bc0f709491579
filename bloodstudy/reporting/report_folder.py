"""A report as it lies on disk: the study that it is of, and the trials that it was made from.

In: the folder of a report; a run folder or a package. Out: the name of the study, and a run folder that holds it. What
is missing, damaged or of another version is refused with the remedy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bloodstudy.config.rules import STUDY
from bloodstudy.errors import UserError
from bloodstudy.reporting.verification import read_text
from bloodstudy.study.archive.restore import restore
from bloodstudy.study.run_folder import StudyFolder

FORMAT = 1  # of claims.json; the one that reports are written in


def find_report(path: Path) -> Path:
    """Return the folder of the report at `path`, its folder or a file in it; raises UserError if there is none."""
    folder = path.parent if path.is_file() else path
    if not (folder / "report.md").exists():
        raise UserError(
            f"there is no report at {path}: expected a folder with report.md and claims.json. To write one: "
            "python -m bloodstudy.report"
        )
    return folder


def read_study(folder: Path) -> str:
    """Return the study that the report says it is of; raises UserError if its format is not a known one."""
    path = folder / "claims.json"
    again = "write the report again: python -m bloodstudy.report study=NAME"
    if not path.exists():
        raise UserError(f"{path} is missing: an older version wrote this report, or it is none. To verify it, {again}")
    try:
        content = json.loads(read_text(path))
        written_format, study = content["format"], content["study"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UserError(f"{path} is damaged: expected JSON with format and study. To verify it, {again}") from error
    if written_format != FORMAT:
        raise UserError(
            f"{path}: expected format {FORMAT}; received {written_format!r}. Another version wrote it; {again}"
        )
    if not isinstance(study, str) or not STUDY.accepts(study):
        raise UserError(f"{path}: study: expected {STUDY.expected}; received {study!r}")
    return study


@contextmanager
def open_trials(study: str, runs_dir: Path, package: Path | None) -> Iterator[Path]:
    """Yield the run folder with the trials of `study`: `runs_dir`, or for as long as it is needed that of a package."""
    if package is not None:
        if not package.is_file():
            raise UserError(f"package={package}: expected a package; there is no such file")
        with TemporaryDirectory() as beside:
            restore(package, Path(beside), study)
            yield Path(beside)
        return
    plan = StudyFolder(runs_dir / study).plan
    if not plan.exists():
        raise UserError(
            f"{runs_dir} holds no study {study!r}, which the report is of: expected {plan}. "
            "Name its folder, runs_dir=FOLDER, or a package of it, package=FILE"
        )
    yield runs_dir
