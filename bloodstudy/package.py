"""python -m bloodstudy.package: put a study into one file, and back.

In: the plan and the trials that have a result. Out: a zip archive from which anyone rebuilds the report without
training: results, histories, every prediction, and a SHA-256 of each. With restore=FILE the other way round. The same
trials give the same bytes, and no folder, user or host of this machine is named in them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bloodstudy.cli import terminal
from bloodstudy.cli.arguments import find_study, read_keys
from bloodstudy.cli.command import run_command
from bloodstudy.config import schema
from bloodstudy.config.levels import Rule
from bloodstudy.errors import MachineError, UserError
from bloodstudy.files import hash_file
from bloodstudy.study.archive.export import note_package, write_package
from bloodstudy.study.archive.restore import Restored, restore
from bloodstudy.study.report_folder import choose_report_folder
from bloodstudy.study.run_folder import StudyLocation, read_plan

USAGE = """\
python -m bloodstudy.package [study=NAME] [to=FILE] [restore=FILE] [runs_dir=FOLDER] [reports_dir=FOLDER]

Puts a study into one archive with which anyone rebuilds its report without training: the plan, and of each trial that
has a result its configuration, history, predictions and result. Defaults: the study planned last,
to=<reports_dir>/<study>/<study>.zip, runs_dir=runs, reports_dir=reports

  restore=FILE   the other way round: check an archive and put its trials into <runs_dir>/<study>. Trials that have a
                 result there are kept; packages of one plan with different seeds add up"""

_FILE = Rule("a file", lambda value: value.strip() != "")
KEYS = {"to": _FILE, "restore": _FILE}


def package(arguments: list[str]) -> int:
    """Write or restore a package; return 0. Raises UserError for what cannot be packaged or restored."""
    typed = read_keys(arguments, USAGE, KEYS)
    if "restore" in typed:
        if "to" in typed:
            raise UserError("restore= reads a package and to= writes one: give one of them")
        return _restore(typed)
    location = find_study(typed)
    path = Path(typed["to"]) if typed.get("to") else _place(location)
    if path.is_dir():
        raise UserError(f"to={path}: expected a file; received a folder")
    packed, planned = write_package(location, path)
    note_package(path)
    terminal.say(f"{path}: {packed} of {planned} planned trials, {terminal.amount(path.stat().st_size)}")
    terminal.say(f"  SHA-256 {hash_file(path)}: publish it with the report")
    terminal.say(f"  python -m bloodstudy.package restore={path.name}   puts them back, anywhere")
    return 0


def _place(location: StudyLocation) -> Path:
    """Return where the package goes by itself: beside the report of the same trials."""
    plan = read_plan(location.runs_dir, location.study)
    return choose_report_folder(Path(location.places.reports_dir), location.study, plan) / f"{location.study}.zip"


def _restore(typed: dict[str, str]) -> int:
    restored = restore(
        Path(typed["restore"]), Path(typed.get("runs_dir", schema.Places().runs_dir)), typed.get("study")
    )
    terminal.say(restored.told)
    _log(restored)
    return 0


def _log(restored: Restored) -> None:
    """Log what was restored to MLflow, if its store can be opened."""
    from bloodstudy import tracking

    try:
        logged = tracking.catch_up(tracking.open_store(restored.study), restored.folder)
    except MachineError as error:
        terminal.say(f"warning: {error}. The trials are restored; they are logged with the next command that trains.")
        return
    terminal.say(f"logged to MLflow: {logged} of the study's trials")


if __name__ == "__main__":
    sys.exit(run_command(package))
