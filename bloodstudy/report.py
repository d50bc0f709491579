"""python -m bloodstudy.report: write the report of the last sweep.

In: the run folder. Out: <reports_dir>/scratch/report.md with its figures beside it. Trains nothing, loads no TensorFlow
and asks no tracking store.
"""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

from bloodstudy import analysis, compose, design, terminal
from bloodstudy.config import Places
from bloodstudy.errors import UserError

USAGE = """\
python -m bloodstudy.report [runs_dir=FOLDER] [reports_dir=FOLDER]

Writes the report of the last sweep: <reports_dir>/scratch/report.md with its figures beside it. It reads what
python -m bloodstudy.run left in <runs_dir> and trains nothing. Defaults: runs_dir=runs reports_dir=reports"""


def report(arguments: list[str]) -> int:
    """Write the report of the last sweep and print its path; raises UserError for what a report cannot do."""
    if {"-h", "--help"} & set(arguments):
        terminal.say(USAGE)
        return 0
    places = _read_places(arguments)
    runs_dir = Path(places.runs_dir)
    analysis.read_plan(runs_dir, design.SCRATCH)  # refused at once where nothing was run: seaborn takes seconds
    from bloodstudy import reporting

    terminal.say(str(reporting.write_report(runs_dir, Path(places.reports_dir), design.SCRATCH)))
    return 0


def _read_places(arguments: list[str]) -> Places:
    options = [argument for argument in arguments if argument.startswith("-")]
    if options:
        raise UserError(f"{' '.join(options)}: a report has no such option. Type: {USAGE.splitlines()[0]}")
    sweep = compose.check(
        arguments, multirun=False
    )  # first, since it finds the key that a mistyped one was meant to be
    names = {field.name for field in fields(Places)}
    others = [argument for argument in arguments if argument.split("=")[0] not in names]
    if others:
        raise UserError(
            f"{' '.join(others)}: a report shows what was run, so it takes no factors, model or data; expected "
            "runs_dir=FOLDER or reports_dir=FOLDER. To train something else: python -m bloodstudy.run"
        )
    return sweep.jobs[0].settings.places


if __name__ == "__main__":
    sys.exit(terminal.run_command(report))
