"""A report as it lies on disk, held against its trials.

In: the folder of a report, and a run folder or a package. Out: what differs, in sentences: stored predictions that are
not those that were published, and what the report made anew says otherwise. A report that is missing, damaged or of
another version is refused with the remedy. Nothing but temporary files is written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bloodstudy.analysis.results.predictions import Reader
from bloodstudy.analysis.results.stored import find_differences
from bloodstudy.config.rules import STUDY
from bloodstudy.errors import MachineError, UserError
from bloodstudy.files import temporary_folder
from bloodstudy.reporting.claims.ledger import FORMAT
from bloodstudy.reporting.render import diff
from bloodstudy.reporting.render.markdown import plural
from bloodstudy.reporting.report import NAMES, WITH_IMAGES, Report, load_claims, make_report
from bloodstudy.study import run_folder
from bloodstudy.study.archive.restore import restore
from bloodstudy.study.predictions import hash_stored, to_frame
from bloodstudy.study.question import SCRATCH
from bloodstudy.study.report_folder import list_reported
from bloodstudy.study.trial_files import read_predictions

OF_THE_MACHINE = ("cost.md", "cost.png")  # what the trials took: another machine writes others
COMPARED_APART = ("report.md", "report.html", "claims.json", WITH_IMAGES, *OF_THE_MACHINE)
Progress = Callable[[str, int, int], None]
ORIGIN = (
    "The report follows from these trials. Where the trials come from this does not show: compare the SHA-256 of the "
    "package with the one that its authors publish"
)


@dataclass
class Verification:
    """What differs between a report and its trials, and how much was compared."""

    trials: int = 0  # whose predictions were read
    unhashed: int = 0  # of these, published without a hash, by an older version
    claims: int = 0
    absent: list[str] = field(default_factory=list)  # files of a report that are not there: nothing false is in them
    differences: dict[str, list[str]] = field(default_factory=dict)  # sentences, by what they are about

    def add(self, subject: str, differences: list[str]) -> None:
        """Keep what differs."""
        if differences:
            self.differences.setdefault(subject, []).extend(differences)


def describe(verification: Verification, folder: Path, study: str) -> list[str]:
    """Return what came out of the report in `folder`, a line each."""
    trials = plural(verification.trials, "trial")
    if verification.unhashed:
        unhashed = f"{verification.unhashed:,} of them without a hash of their predictions"
        trials += f" ({unhashed}: an older version trained them)"
    if not verification.differences:
        absent = f"; not there, so not compared: {', '.join(verification.absent)}" if verification.absent else ""
        return [f"{folder}: {verification.claims:,} claims from {trials} hold{absent}", ORIGIN]
    lines = []
    for differences in verification.differences.values():
        others = f" (and {len(differences) - 1:,} more like it)" if len(differences) > 1 else ""
        lines.append(f"{differences[0]}{others}")
    count = plural(sum(map(len, verification.differences.values())), "difference")
    again = f"Where trials were added since it was written: python -m bloodstudy.report study={study}"
    return [*lines, f"{count} between {folder} and its {trials}. {again}"]


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
        content = json.loads(_read_text(path))
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
        with temporary_folder() as beside:
            restore(package, beside, study)
            yield beside
        return
    plan = run_folder.StudyFolder(runs_dir / study).plan
    if not plan.exists():
        raise UserError(
            f"{runs_dir} holds no study {study!r}, which the report is of: expected {plan}. "
            "Name its folder, runs_dir=FOLDER, or a package of it, package=FILE"
        )
    yield runs_dir


def check_report(folder: Path, runs_dir: Path, study: str, progress: Progress) -> Verification:
    """Return what differs between the report in `folder` and the trials of `study` in `runs_dir`.

    `progress` is called with (what is being done, how many trials are done, of how many).
    """
    if study == SCRATCH and not list_reported(folder) <= {*run_folder.read_plan(runs_dir, study).keys}:
        raise UserError(
            f"{folder} is the report of another sweep than the last one in {runs_dir / study}. Run its command again, "
            "which stands in the report and trains nothing, then verify it; name=NAME gives a sweep its own folder"
        )
    verification = Verification()
    if not _check_trials(verification, runs_dir, study, progress):
        return verification  # of trials that cannot be read no report can be made
    with temporary_folder() as beside:
        try:
            fresh = make_report(load_claims(runs_dir, study), beside)
        except (ValueError, KeyError, IndexError):
            if "trials" not in verification.differences:
                raise
            return verification  # what was altered makes no report
        verification.claims = len(fresh.ledger.claims)
        text, claims = (_read_text(folder / name) for name in ("report.md", "claims.json"))
        verification.add("report.md", diff.compare_markdown(fresh.marked, fresh.ledger.claims, text))
        verification.add("claims.json", diff.compare_claims(fresh.files["claims.json"], claims))
        _compare_files(verification, folder, fresh, beside)
    return verification


def _compare_files(verification: Verification, folder: Path, fresh: Report, beside: Path) -> None:
    """Compare figures, tables and page in `folder` with those of the report that was made anew, `beside`."""
    figures = {figure.name: figure for figure in sorted((beside / "figures").glob("*"))}
    for name, figure in figures.items():
        written = folder / "figures" / name
        if not written.exists() or written.read_bytes() != figure.read_bytes():
            verification.add("figures", [f"figures/{name} is not the figure that the trials give"])
    others = {name: text for name, text in fresh.files.items() if name not in COMPARED_APART}
    for name, text in others.items():
        if not (folder / name).exists():
            verification.absent.append(name)
        elif _read_text(folder / name) != text:
            verification.add(name, [f"{name} is not what the trials give"])
    strangers = [name for name in NAMES if name not in {*fresh.files, *OF_THE_MACHINE, WITH_IMAGES, "figures"}]
    strangers += [f"figures/{one.name}" for one in sorted(folder.glob("figures/*")) if one.name not in figures]
    for name in strangers:
        if os.path.lexists(folder / name):
            verification.add(name, [f"{name} is no part of this report"])
    if (folder / "report.html").exists():
        verification.add("report.html", diff.compare_page(fresh.html, _read_text(folder / "report.html")))
    else:
        verification.absent.append("report.html")


def _check_trials(verification: Verification, runs_dir: Path, study: str, progress: Progress) -> bool:
    """Compare stored predictions with hashes and results; return whether all of them can be read at all."""
    folder = run_folder.StudyFolder(runs_dir / study)
    plan, whole, reader = run_folder.read_plan(runs_dir, study), True, Reader()
    if plan.hash is not None and plan.hash != plan.digest:
        hashes = f"its hash is {plan.digest}, and it says {plan.hash}"
        verification.add("plan.yaml", [f"{folder.plan} was changed after it was made: {hashes}"])
    planned = {trial.key: trial for trial in reversed(plan.trials)}
    for done, key in enumerate(plan.keys):
        progress("reading", done, len(plan.keys))
        who = f"trial {key} ({planned[key].arm}, seed {planned[key].seed})"
        path = folder.trial(key).predictions
        try:
            result = run_folder.read_result(runs_dir, study, key)
            said = result.stored_hash if result else None
            if result and (key_now := result.own_key) != key:
                factors = "the factors, model and data of its result"
                verification.add("trials", [f"{who}: {factors} are those of trial {key_now}"])
            if result and (strange := set(result.extensions) - {one.digest for one in plan.own}):
                digests = ", ".join(sorted(strange))
                verification.add("trials", [f"{who}: the plan does not hold its extension {digests}"])
            table = read_predictions(folder.trial(key))
            stored = None if table is None else hash_stored(to_frame(table))
            said_wrong = [] if result is None or table is None else find_differences(result, reader.read(table))
        except (ValueError, UserError) as error:
            verification.add("trials", [f"{who} cannot be read: {' '.join(str(error).split())[:200]}"])
            whole = False
            continue
        verification.trials += stored is not None
        verification.unhashed += stored is not None and not said
        if said and stored is None:
            verification.add("trials", [f"{who}: its predictions are gone; expected {path}"])
        elif said and stored != said:
            hashes, whole = f"their hash is {stored}, its result says {said}", False
            verification.add("trials", [f"{who}: the stored predictions are not those that it published: {hashes}"])
        elif said_wrong:
            verification.add("trials", [f"{who}: {difference}" for difference in said_wrong])
    return whole


def _read_text(path: Path) -> str:
    """Return a text, whatever its bytes; raises MachineError if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise MachineError(f"cannot read {path}: {error.strerror}") from error
