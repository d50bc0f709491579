"""python -m bloodstudy.status: how far a study is.

In: its plan and its trial folders. Out: a table of outcomes by arm, the training time left and the disk used;
clear=states removes the training states of trials that have a result. Trains nothing, loads no TensorFlow, asks no
tracking store.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from bloodstudy.cli import terminal
from bloodstudy.cli.arguments import find_study, read_keys
from bloodstudy.config.rules import Rule
from bloodstudy.study import run_folder
from bloodstudy.study.disk_state import TrialState, clear_states, read_state
from bloodstudy.study.run_folder import StudyLocation

USAGE = """\
python -m bloodstudy.status [study=NAME] [runs_dir=FOLDER] [clear=states]

Says of each arm of a study how many trials are finished, failed, running and missing, how long the rest will take, and
what it all takes on disk. Trains nothing. Defaults: the study planned last, runs_dir=runs

  clear=states   remove the training states (state-*.npz) of trials that have a result; nothing else needs them"""

CLEAR = {"clear": Rule("states", lambda value: value == "states", ("states",))}
OUTCOMES = ("finished", "diverged", "failed", "out_of_memory", "interrupted", "running", "missing")
ALWAYS = ("finished", "missing")  # columns that are shown even where they are 0
LEFT = ("interrupted", "running", "missing")  # outcomes that the same command goes on with


def status(arguments: list[str]) -> int:
    """Print how far a study is; return 0."""
    if {"-h", "--help"} & set(arguments):
        terminal.say(USAGE)
        return 0
    typed = read_keys(arguments, USAGE, CLEAR)
    stored = find_study(typed)
    plan = run_folder.read_plan(stored.runs_dir, stored.study)
    if "clear" in typed:
        trials, removed = clear_states(stored.folder)
        terminal.say(f"removed the training states of {_trials(trials)} with a result: {removed:,} bytes")
    _print(stored, plan, {folder.name: read_state(folder) for folder in _list_folders(stored.folder, plan)})
    return 0


def estimate_left(seen: Iterable[TrialState], seconds: Sequence[float]) -> float | None:
    """Return the seconds that unfinished trials will take one after the other, None where nothing says it.

    `seconds` are those of finished trials like them; of the epochs that a trial has done it needs none again.
    """
    left = sum(1 - trial.epochs_done / (trial.epochs or 1) for trial in seen if trial.outcome in LEFT)
    if not left:
        return 0.0
    return fmean(seconds) * left if seconds else None


def _list_folders(study_folder: Path, plan: dict[str, Any]) -> list[Path]:
    """Return the folders of the planned trials, and of those that an earlier plan left."""
    stored = [study_folder / name for name in sorted({file.parent.name for file in study_folder.glob("*/*.json")})]
    return list(dict.fromkeys([study_folder / planned["key"] for planned in plan["trials"]] + stored))


def _print(stored: StudyLocation, plan: dict[str, Any], seen: dict[str, TrialState]) -> None:
    arms: dict[str, dict[str, TrialState]] = {}
    for planned in plan["trials"]:  # a trial that is judged in two ways is in two arms
        arms.setdefault(planned["arm"], {})[planned["key"]] = seen[planned["key"]]
    every = {key: trial for trials in arms.values() for key, trial in trials.items()}
    shown = [name for name in OUTCOMES if name in ALWAYS or any(trial.outcome == name for trial in every.values())]
    rows, total, counted = [], 0.0, set()
    for arm, trials in arms.items():
        known = _seconds(trials) or _seconds(every)
        rows.append([arm, *_row(trials, shown, estimate_left(trials.values(), known))])
        left = estimate_left([trial for key, trial in trials.items() if key not in counted], known)
        total = None if total is None or left is None else total + left
        counted |= set(trials)
    if len(arms) > 1:
        rows.append(["all", *_row(every, shown, total)])
    header = ["arm", *(name.replace("_", " ") for name in shown), "epochs", "left", "disk"]
    done = sum(trial.outcome == "finished" for trial in every.values())
    title = f"{stored.study}: {done} of {len(every)} trials finished"
    terminal.print_table(title, header, rows, right=header[1:])
    for line in _describe(every, seen, total):
        terminal.say(line)


def _row(trials: dict[str, TrialState], shown: list[str], left: float | None) -> list[str]:
    counts = Counter(trial.outcome for trial in trials.values())
    begun = [(trial.epochs_done, trial.epochs) for trial in trials.values() if trial.epochs_done and trial.epochs]
    epochs = "{} of {}".format(*map(sum, zip(*begun, strict=True))) if begun else "-"
    time = "?" if left is None else terminal.span(left) if left else "-"
    return [str(counts[name] or "-") for name in shown] + [epochs, time, terminal.amount(_size(trials.values()))]


def _describe(planned: dict[str, TrialState], seen: dict[str, TrialState], left: float | None) -> list[str]:
    """Return the lines below the table."""
    lines = []
    if left:
        lines.append(f"time left: about {terminal.span(left)}, one trial after the other")
    elif left is None:
        lines.append("time left: unknown, since no trial is finished yet")
    disk = f"disk used: {terminal.amount(_size(seen.values()))}"
    if earlier := [trial for key, trial in seen.items() if key not in planned]:
        disk += f", of it {terminal.amount(_size(earlier))} by {_trials(len(earlier))} that the plan does not hold"
    lines.append(disk)
    if states := sum(trial.state_size for trial in seen.values()):
        needless = sum(trial.state_size for trial in seen.values() if trial.outcome not in LEFT)
        remedy = f"; clear=states removes {terminal.amount(needless)} that no trial needs" if needless else ""
        lines.append(f"training states: {terminal.amount(states)} of that{remedy}")
    return lines


def _trials(number: int) -> str:
    return "1 trial" if number == 1 else f"{number} trials"


def _seconds(trials: dict[str, TrialState]) -> list[float]:
    return [trial.wall_seconds for trial in trials.values() if trial.wall_seconds is not None]


def _size(trials: Iterable[TrialState]) -> int:
    return sum(trial.size for trial in trials)


if __name__ == "__main__":
    sys.exit(terminal.run_command(status))
