"""A report held against its trials.

In: the folder of a report and the run folder. Out: what differs, in sentences: stored predictions that are not those
that were published, and what the report made anew says otherwise. Nothing but temporary files is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from bloodstudy.errors import MachineError, UserError
from bloodstudy.study import run_folder
from bloodstudy.study.predictions import hash_stored

Progress = Callable[[str, int, int], None]


@dataclass
class Found:
    """What verifying found."""

    trials: int = 0  # whose predictions were read
    unhashed: int = 0  # of these, published without a hash, by an older version
    claims: int = 0
    differences: dict[str, list[str]] = field(default_factory=dict)  # sentences, by what they are about

    def add(self, where: str, differences: list[str]) -> None:
        """Keep what differs."""
        if differences:
            self.differences.setdefault(where, []).extend(differences)


def check_report(folder: Path, runs_dir: Path, study: str, progress: Progress) -> Found:
    """Return what differs between the report in `folder` and the trials of `study` in `runs_dir`.

    `progress` is called with (what is being done, how many trials are done, of how many).
    """
    found = Found()
    whole = _check_trials(found, runs_dir, study, progress)
    if not whole:
        return found  # of trials that cannot be read no report can be made
    from bloodstudy import reporting
    from bloodstudy.reporting.render import diff

    with TemporaryDirectory() as beside:
        try:
            fresh = reporting.make_report(runs_dir, study, Path(beside))
        except (ValueError, KeyError, IndexError):
            if "trials" not in found.differences:
                raise
            return found  # what was altered makes no report
        written = fresh.files
        found.claims = len(fresh.ledger.claims)
        text = read_text(folder / "report.md")
        found.add("report.md", diff.compare_markdown(fresh.marked, fresh.ledger.claims, text))
        found.add("claims.json", diff.compare_claims(written["claims.json"], read_text(folder / "claims.json")))
        for figure in sorted(Path(beside, "figures").glob("*")):
            there = folder / "figures" / figure.name
            if not there.exists() or there.read_bytes() != figure.read_bytes():
                found.add("figures", [f"figures/{figure.name} is not the figure that the trials give"])
        for name, table in fresh.tables.items():
            if (folder / name).exists() and read_text(folder / name) != table:
                found.add(name, [f"{name} is not the table that the trials give"])
        if (folder / "report.html").exists():
            found.add("report.html", diff.compare_page(written["report.html"], read_text(folder / "report.html")))
    return found


def _check_trials(found: Found, runs_dir: Path, study: str, progress: Progress) -> bool:
    """Compare stored predictions with their published hashes; return whether all of them can be read at all."""
    import pandas as pd
    import pyarrow as pa

    folder = run_folder.StudyFolder(runs_dir / study)
    plan, whole = run_folder.read_plan(runs_dir, study), True
    if plan.hash is not None and plan.hash != plan.digest:
        hashes = f"its hash is {plan.digest}, and it says {plan.hash}"
        found.add("plan.yaml", [f"{folder.plan} was changed after it was made: {hashes}"])
    planned = {trial.key: trial for trial in reversed(plan.trials)}
    keys = plan.keys
    for done, key in enumerate(keys):
        progress("reading", done, len(keys))
        who = f"trial {key} ({planned[key].arm}, seed {planned[key].seed})"
        path = folder.trial(key).predictions
        try:
            result = run_folder.read_result(runs_dir, study, key)
            said = result.stored_hash if result else None
            if result and (now := result.own_key) != key:
                found.add("trials", [f"{who}: the factors, model and data of its result are those of trial {now}"])
            stored = hash_stored(pd.read_parquet(path)) if path.exists() else None
        except (OSError, ValueError, KeyError, TypeError, UserError, pa.ArrowException) as error:
            found.add("trials", [f"{who} cannot be read: {' '.join(str(error).split())[:200]}"])
            whole = False
            continue
        found.trials += stored is not None
        found.unhashed += stored is not None and not said
        if said and stored is None:
            found.add("trials", [f"{who}: its predictions are gone; expected {path}"])
        elif said and stored != said:
            hashes = f"their hash is {stored}, its result says {said}"
            found.add("trials", [f"{who}: the stored predictions are not those that it published: {hashes}"])
    return whole


def read_text(path: Path) -> str:
    """Return a text, whatever its bytes; raises MachineError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise MachineError(f"cannot read {path}: {error.strerror}") from error
