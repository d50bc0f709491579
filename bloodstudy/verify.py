"""python -m bloodstudy.verify: does every number of a report follow from its trials?

In: the folder of a report, and its trials in the run folder or in a package. Out: exit code 0 if the report made anew
is the one that lies there and the stored predictions are those that were published; otherwise 1, with the first claim
that differs. Trains nothing, writes nothing, loads no TensorFlow and asks no tracking store.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bloodstudy.cli import terminal
from bloodstudy.cli.arguments import read_keys
from bloodstudy.cli.command import run_command
from bloodstudy.config import schema
from bloodstudy.config.levels import Rule
from bloodstudy.errors import UserError
from bloodstudy.files import hash_file
from bloodstudy.reporting.verification import check_report, describe, find_report, open_trials, read_study

USAGE = """\
python -m bloodstudy.verify REPORT [runs_dir=FOLDER] [package=FILE]

Computes every number of a report again from the stored predictions of its trials, and compares report.md, report.html,
claims.json and the figures with the result. REPORT is the folder of a report, such as reports/smoke, or its
report.md. Exit code 0: all of it holds; 1: something differs, and the first claim that does is named. Default:
runs_dir=runs

  package=FILE   the trials of an archive of python -m bloodstudy.package, instead of those in runs_dir"""

KEYS = {"package": Rule("a file", lambda value: value.strip() != "")}


def verify(arguments: list[str]) -> int:
    """Verify a report; return 0 if it holds, 1 if not. Raises UserError for what cannot be verified."""
    folder, typed = _read_arguments(arguments)
    study = read_study(folder)
    runs_dir = Path(typed.get("runs_dir", schema.Places().runs_dir))
    package = Path(typed["package"]) if "package" in typed else None
    with open_trials(study, runs_dir, package) as opened, terminal.stages("verify", "trials") as progress:
        verification = check_report(folder, opened, study, progress)
    if package is not None:
        terminal.say(f"{package}: SHA-256 {hash_file(package)}")
    for line in describe(verification, folder, study):
        terminal.say(line)
    return 1 if verification.differences else 0


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
    return find_report(Path(named[0])), typed


if __name__ == "__main__":
    sys.exit(run_command(verify))
