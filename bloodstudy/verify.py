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
from pathlib import Path
from tempfile import TemporaryDirectory

from bloodstudy.cli import terminal
from bloodstudy.cli.arguments import read_keys
from bloodstudy.config import schema
from bloodstudy.config.rules import STUDY, Rule
from bloodstudy.errors import UserError
from bloodstudy.reporting.verification import Found, check_report, read_text

USAGE = """\
python -m bloodstudy.verify REPORT [runs_dir=FOLDER] [package=FILE]

Computes every number of a report again from the stored predictions of its trials, and compares report.md, report.html,
claims.json and the figures with what comes out. REPORT is the folder of a report, such as reports/smoke, or its
report.md. Exit code 0: all of it holds; 1: something differs, and the first claim that does is named. Default:
runs_dir=runs

  package=FILE   the trials of an archive of python -m bloodstudy.package, instead of those in runs_dir"""

KEYS = {"package": Rule("a file", lambda value: value.strip() != "")}
FORMAT = 1  # of claims.json; the one that reports are written in


def verify(arguments: list[str]) -> int:
    """Verify a report; return 0 where it holds, 1 where it does not. Raises UserError for what cannot be verified."""
    if {"-h", "--help"} & set(arguments):
        terminal.say(USAGE)
        return 0
    folder, typed = _read_arguments(arguments)
    study = _read_study(folder)
    with _open_trials(study, typed) as runs_dir, terminal.stages("verify", "trials") as progress:
        found = check_report(folder, runs_dir, study, progress)
    return _describe(folder, study, found)


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
        content = json.loads(read_text(path))
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
        from bloodstudy.study.archive.restore import restore

        if not Path(typed["package"]).is_file():
            raise UserError(f"package={typed['package']}: expected a package; there is no such file")
        with TemporaryDirectory() as beside:
            restore(Path(typed["package"]), Path(beside), study)
            yield Path(beside)
        return
    runs_dir = Path(typed.get("runs_dir", schema.Places().runs_dir))
    if not (runs_dir / study / "plan.yaml").exists():
        raise UserError(
            f"{runs_dir} holds no study {study!r}, which the report is of: expected {runs_dir / study / 'plan.yaml'}. "
            "Name its folder, runs_dir=FOLDER, or a package of it, package=FILE"
        )
    yield runs_dir


def _describe(folder: Path, study: str, found: Found) -> int:
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
