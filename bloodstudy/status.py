"""python -m bloodstudy.status: how far a study is.

In: its plan and its trial folders. Out: a table of outcomes by arm, the training time left and the disk used;
clear=states removes the training states of trials that have a result. Trains nothing, loads no TensorFlow, asks no
tracking store.
"""

from __future__ import annotations

import sys

from bloodstudy.cli import terminal
from bloodstudy.cli.arguments import find_study, read_keys
from bloodstudy.cli.command import run_command
from bloodstudy.config.levels import Rule
from bloodstudy.execution.status_table import count_trials, print_status
from bloodstudy.study import run_folder
from bloodstudy.study.disk_state import clear_states
from bloodstudy.study.run_folder import list_studies

USAGE = """\
python -m bloodstudy.status [study=NAME] [runs_dir=FOLDER] [clear=states]

Says how many trials of each arm are finished, failed, running and missing, how long the rest will take, and how much
disk the study uses. Trains nothing. Defaults: the study planned last, runs_dir=runs

  clear=states   remove the training states (state-*.npz) of trials that have a result; nothing else needs them"""

KEYS = {"clear": Rule("states", lambda value: value == "states", ("states",))}


def status(arguments: list[str]) -> int:
    """Print how far a study is; return 0."""
    typed = read_keys(arguments, USAGE, KEYS)
    location = find_study(typed)
    plan = run_folder.read_plan(location.runs_dir, location.study)
    if "clear" in typed:
        trials, removed = clear_states(location.folder)
        terminal.say(f"removed the training states of {count_trials(trials)} with a result: {removed:,} bytes")
    print_status(plan, location.folder)
    if others := [name for name in list_studies(location.runs_dir) if name != location.study]:
        terminal.say(f"also in {location.runs_dir}: {', '.join(f'study={name}' for name in others)}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(status))
