"""python -m bloodstudy.verify: does every number of a report follow from its trials?

In: the folder of a report, and its trials in the run folder or in a package. Out: exit code 0 where the report made
anew is the one that lies there and the stored predictions are those that were published; otherwise 1, with the first
claim that differs. Trains nothing, writes nothing, loads no TensorFlow and asks no tracking store.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from bloodstudy import analysis, config, terminal
from bloodstudy.config import Rule
from bloodstudy.data.predictions import hash_stored
from bloodstudy.errors import MachineError, UserError
from bloodstudy.merging import list_keys
from bloodstudy.stored import STUDY, read_keys

USAGE = """\
python -m bloodstudy.verify REPORT [runs_dir=FOLDER] [package=FILE]

Computes every number of a report again from the stored predictions of its trials, and compares report.md, report.html,
claims.json and the figures with what comes out. REPORT is the folder of a report, such as reports/smoke, or its
report.md. Exit code 0: all of it holds; 1: something differs, and the first claim that does is named. Default:
runs_dir=runs

  package=FILE   the trials of an archive of python -m bloodstudy.package, instead of those in runs_dir"""

KEYS = {"package": Rule("a file", lambda value: value.strip() != "")}
FORMAT = 1  # of claims.json; the one that reports are written in


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


def verify(arguments: list[str]) -> int:
    """Verify a report; return 0 where it holds, 1 where it does not. Raises UserError for what cannot be verified."""
    if {"-h", "--help"} & set(arguments):
        terminal.say(USAGE)
        return 0
    folder, typed = _read_arguments(arguments)
    study = _read_study(folder)
    with _open_trials(study, typed) as runs_dir:
        found = check_report(folder, runs_dir, study)
    return _tell(folder, study, found)


def check_report(folder: Path, runs_dir: Path, study: str) -> Found:
    """Return what differs between the report in `folder` and the trials of `study` in `runs_dir`."""
    found = Found()
    whole = _check_trials(found, runs_dir, study)
    if not whole:
        return found  # of trials that cannot be read no report can be made
    from bloodstudy import reporting
    from bloodstudy.reporting import compare

    with TemporaryDirectory() as beside:
        try:
            fresh = reporting.make_report(runs_dir, study, Path(beside))
        except (ValueError, KeyError, IndexError):
            if "trials" not in found.differences:
                raise
            return found  # what was altered makes no report
        written = fresh.files
        found.claims = len(fresh.ledger.claims)
        text = _read(folder / "report.md")
        found.add("report.md", compare.compare_markdown(fresh.marked, fresh.ledger.claims, text))
        found.add("claims.json", compare.compare_claims(written["claims.json"], _read(folder / "claims.json")))
        for figure in sorted(Path(beside, "figures").glob("*")):
            there = folder / "figures" / figure.name
            if not there.exists() or there.read_bytes() != figure.read_bytes():
                found.add("figures", [f"figures/{figure.name} is not the figure that the trials give"])
        for name, table in fresh.tables.items():
            if (folder / name).exists() and _read(folder / name) != table:
                found.add(name, [f"{name} is not the table that the trials give"])
        if (folder / "report.html").exists():
            found.add("report.html", compare.compare_page(written["report.html"], _read(folder / "report.html")))
    return found


def _check_trials(found: Found, runs_dir: Path, study: str) -> bool:
    """Compare stored predictions with their published hashes; return whether all of them can be read at all."""
    import pandas as pd
    import pyarrow as pa

    plan, whole = analysis.read_plan(runs_dir, study), True
    planned = {trial["key"]: trial for trial in reversed(plan["trials"])}
    keys = list_keys(plan)
    with terminal.Bar("verify: reading predictions", len(keys)) as bar:
        for done, key in enumerate(keys):
            bar.update(done, f"{done:,} of {len(keys):,} trials")
            who = f"trial {key} ({planned[key]['arm']}, seed {planned[key]['seed']})"
            path = runs_dir / study / key / "predictions.parquet"
            try:
                said = (analysis.read_result(runs_dir, study, key) or {}).get("stored_hash")
                stored = hash_stored(pd.read_parquet(path)) if path.exists() else None
            except (OSError, ValueError, KeyError, pa.ArrowException) as error:
                found.add("trials", [f"{who} cannot be read: {' '.join(str(error).split())[:200]}"])
                whole = False
                continue
            found.trials += stored is not None
            found.unhashed += stored is not None and not said
            if said and stored is None:
                found.add("trials", [f"{who}: its predictions are gone; expected {path}"])
            elif said and stored != said:
                told = f"their hash is {stored}, its result says {said}"
                found.add("trials", [f"{who}: the stored predictions are not those that it published: {told}"])
    return whole


def _read_arguments(arguments: list[str]) -> tuple[Path, dict[str, str]]:
    """Return the folder of the report and the keys; raises UserError with all that cannot be used."""
    line = USAGE.splitlines()[0]
    named = [word for word in arguments if not word.startswith("-") and ("=" not in word or Path(word).exists())]
    typed = read_keys([word for word in arguments if word not in named], USAGE, KEYS)
    if elsewhere := [name for name in ("study", "reports_dir") if name in typed]:
        raise UserError(f"{' '.join(elsewhere)}: a report is named by its folder, and knows its study. Type: {line}")
    if len(named) != 1:
        raise UserError(f"expected the folder of one report; received {' '.join(named) or 'none'}. Type: {line}")
    if {"runs_dir", "package"} <= set(typed):
        raise UserError("runs_dir= and package= both say where the trials are: give one of them")
    path = Path(named[0])
    folder = path.parent if path.is_file() else path
    if not (folder / "report.md").exists():
        raise UserError(
            f"there is no report at {path}: expected a folder with report.md and claims.json. To write one: "
            "python -m bloodstudy.report"
        )
    return folder, typed


def _read_study(folder: Path) -> str:
    """Return the study that the report says it is of; raises UserError where it is of no format that is known."""
    path = folder / "claims.json"
    again = "write the report again: python -m bloodstudy.report study=NAME"
    if not path.exists():
        raise UserError(f"{path} is missing: an older version wrote this report, or it is none. To verify it, {again}")
    try:
        content = json.loads(_read(path))
        told, study = content["format"], content["study"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UserError(f"{path} is damaged: expected JSON with format and study. To verify it, {again}") from error
    if told != FORMAT:
        raise UserError(f"{path}: expected format {FORMAT}; received {told!r}. Another version wrote it; {again}")
    if not isinstance(study, str) or not STUDY.accepts(study):
        raise UserError(f"{path}: study: expected {STUDY.expected}; received {study!r}")
    return study


@contextmanager
def _open_trials(study: str, typed: dict[str, str]) -> Iterator[Path]:
    """Yield the run folder with the trials of `study`, that of a package for as long as it is needed."""
    if "package" in typed:
        from bloodstudy.restoring import restore

        if not Path(typed["package"]).is_file():
            raise UserError(f"package={typed['package']}: expected a package; there is no such file")
        with TemporaryDirectory() as beside:
            restore(Path(typed["package"]), Path(beside), study)
            yield Path(beside)
        return
    runs_dir = Path(typed.get("runs_dir", config.Places().runs_dir))
    if not (runs_dir / study / "plan.yaml").exists():
        raise UserError(
            f"{runs_dir} holds no study {study!r}, which the report is of: expected {runs_dir / study / 'plan.yaml'}. "
            "Name its folder, runs_dir=FOLDER, or a package of it, package=FILE"
        )
    yield runs_dir


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise MachineError(f"cannot read {path}: {error.strerror}") from error


def _tell(folder: Path, study: str, found: Found) -> int:
    trials = f"{found.trials:,} trial{'' if found.trials == 1 else 's'}"
    if found.unhashed:
        trials += f" ({found.unhashed:,} of them without a hash of their predictions: an older version trained them)"
    if not found.differences:
        terminal.say(f"{folder}: {found.claims:,} claims from {trials} hold")
        return 0
    for differences in found.differences.values():
        others = f" (and {len(differences) - 1:,} more like it)" if len(differences) > 1 else ""
        terminal.say(f"{differences[0]}{others}")
    count = sum(map(len, found.differences.values()))
    told = f"{count:,} difference{'' if count == 1 else 's'} between {folder} and its {trials}."
    terminal.say(f"{told} Where trials were added since it was written: python -m bloodstudy.report study={study}")
    return 1


if __name__ == "__main__":
    sys.exit(terminal.run_command(verify))
