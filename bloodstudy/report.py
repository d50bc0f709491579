"""python -m bloodstudy.report: write the report of the last sweep.

In: the run folder. Out: <reports_dir>/scratch/report.md with its figures beside it. Trains nothing, loads no TensorFlow
and asks no tracking store.
"""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

from bloodstudy import compose, design, terminal
from bloodstudy.analysis.trials import read_plan
from bloodstudy.config import Places
from bloodstudy.errors import UserError

USAGE = """\
python -m bloodstudy.report [runs_dir=FOLDER] [reports_dir=FOLDER]

Writes the report of the last sweep: <reports_dir>/scratch/report.md with its figures beside it. It reads what
python -m bloodstudy.run left in <runs_dir> and trains nothing. Defaults: runs_dir=runs reports_dir=reports"""


def report(arguments: list[str]) -> int:
    """Write the report of the last sweep and print its path; raises UserError for what a report cannot do."""
    typed = compose.read_arguments(arguments)
    if typed.help:
        terminal.say(USAGE)
        return 0
    _refuse_others(arguments, typed.overrides)
    places = compose.check(typed.overrides, multirun=False).jobs[0].settings.places
    read_plan(Path(places.runs_dir), design.SCRATCH)  # answers at once where nothing was run: seaborn takes seconds
    from bloodstudy import reporting

    path = reporting.write_report(Path(places.runs_dir), Path(places.reports_dir), design.SCRATCH)
    terminal.say(str(path))
    return 0


def _refuse_others(arguments: list[str], overrides: list[str]) -> None:
    options = [argument for argument in arguments if argument.startswith("-")]
    if options:
        raise UserError(f"{' '.join(options)}: a report has no options. Type: {USAGE.splitlines()[0]}")
    compose.check(overrides, multirun=False)  # a mistyped key is answered with the key that was meant, first of all
    places = {field.name for field in fields(Places)}
    others = [override for override in overrides if override.split("=")[0] not in places]
    if others:
        raise UserError(
            f"{' '.join(others)}: a report shows what was run, so it takes no factors, model or data; expected "
            "runs_dir=FOLDER or reports_dir=FOLDER. To train something else: python -m bloodstudy.run"
        )


if __name__ == "__main__":
    sys.exit(terminal.run_command(report))
