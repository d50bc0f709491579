"""python -m bloodstudy.status: how far a study is.

In: its plan and its trial folders. Out: a table of outcomes by arm, the training time left and the disk used;
clear=states removes the training states of trials that have a result. Trains nothing, loads no TensorFlow, asks no
tracking store.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import yaml
from filelock import FileLock, Timeout

from bloodstudy import analysis, files, terminal
from bloodstudy.rules import Rule
from bloodstudy.stored import Stored, find_study, read_keys

USAGE = """\
python -m bloodstudy.status [study=NAME] [runs_dir=FOLDER] [clear=states]

Says of each arm of a study how many trials are finished, failed, running and missing, how long the rest will take, and
what it all takes on disk. Trains nothing. Defaults: the study planned last, runs_dir=runs

  clear=states   remove the training states (state-*.npz) of trials that have a result; nothing else needs them"""

CLEAR = {"clear": Rule("states", lambda value: value == "states", ("states",))}
STATES = ("state-*.npz", ".state-*")  # also what a write that was killed has left
OUTCOMES = ("finished", "diverged", "failed", "out_of_memory", "interrupted", "running", "missing")
ALWAYS = ("finished", "missing")  # columns that are shown even where they are 0
LEFT = ("interrupted", "running", "missing")  # outcomes that the same command goes on with


@dataclass(frozen=True)
class Seen:
    """One trial as it lies on disk."""

    outcome: str
    wall_seconds: float | None = None  # of a finished one
    epochs: int | None = None  # of one that is not finished: how many it is to do, where that is known
    epochs_done: int = 0
    size: int = 0  # bytes of its folder
    state_size: int = 0  # of these, bytes of training states


def status(arguments: list[str]) -> int:
    """Print how far a study is; return 0."""
    if {"-h", "--help"} & set(arguments):
        terminal.say(USAGE)
        return 0
    typed = read_keys(arguments, USAGE, CLEAR)
    stored = find_study(typed)
    plan = analysis.read_plan(stored.runs_dir, stored.study)
    if "clear" in typed:
        trials, removed = clear_states(stored.folder)
        terminal.say(f"removed the training states of {_trials(trials)} with a result: {removed:,} bytes")
    _print(stored, plan, {folder.name: look(folder) for folder in _list_folders(stored.folder, plan)})
    return 0


def look(folder: Path) -> Seen:
    """Return what is to be seen of the trial in `folder`, which may not exist."""
    sizes = {file: file.stat().st_size for file in folder.rglob("*") if file.is_file()}
    size = sum(sizes.values())
    state_size = sum(sizes[file] for file in sizes if any(file.match(pattern) for pattern in STATES))
    result = files.read_json(folder / "result.json")
    if result is not None:
        wall_seconds = result["cost"]["wall_seconds"] if result["outcome"] == "finished" else None
        return Seen(result["outcome"], wall_seconds, size=size, state_size=state_size)
    if _is_locked(folder / ".lock"):
        outcome = "running"
    elif state_size or (folder / "attempts.json").exists():
        outcome = "interrupted"
    else:
        return Seen("missing", size=size)
    return Seen(outcome, None, _read_epochs(folder), _count_epochs(folder), size, state_size)


def clear_states(study_folder: Path) -> tuple[int, int]:
    """Remove the training states of trials that have a result; return of how many trials, and how many bytes."""
    trials = removed = 0
    for folder in sorted({file.parent for pattern in STATES for file in study_folder.glob(f"*/{pattern}")}):
        try:
            with FileLock(folder / ".lock", timeout=0), files.explained(folder):
                finished = (folder / "result.json").exists()
                states = [file for pattern in STATES for file in folder.glob(pattern)] if finished else []
                trials += bool(states)
                for state in states:
                    removed += state.stat().st_size
                    state.unlink()
        except Timeout:
            continue  # it is being trained again
    return trials, removed


def estimate_left(seen: Iterable[Seen], seconds: Sequence[float]) -> float | None:
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


def _print(stored: Stored, plan: dict[str, Any], seen: dict[str, Seen]) -> None:
    arms: dict[str, dict[str, Seen]] = {}
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
    for line in _tell(every, seen, total):
        terminal.say(line)


def _row(trials: dict[str, Seen], shown: list[str], left: float | None) -> list[str]:
    counts = Counter(trial.outcome for trial in trials.values())
    begun = [(trial.epochs_done, trial.epochs) for trial in trials.values() if trial.epochs_done and trial.epochs]
    epochs = "{} of {}".format(*map(sum, zip(*begun, strict=True))) if begun else "-"
    time = "?" if left is None else terminal.span(left) if left else "-"
    return [str(counts[name] or "-") for name in shown] + [epochs, time, terminal.amount(_size(trials.values()))]


def _tell(planned: dict[str, Seen], seen: dict[str, Seen], left: float | None) -> list[str]:
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


def _seconds(trials: dict[str, Seen]) -> list[float]:
    return [trial.wall_seconds for trial in trials.values() if trial.wall_seconds is not None]


def _size(trials: Iterable[Seen]) -> int:
    return sum(trial.size for trial in trials)


def _is_locked(lock: Path) -> bool:
    """Tell whether a process trains the trial. It is asked by taking the lock, for less than a millisecond."""
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # a folder that only its owner may write to
        return False


def _read_epochs(folder: Path) -> int | None:
    try:
        return int(yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))["epochs"])
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError):
        return None


def _count_epochs(folder: Path) -> int:
    """Return how many whole epochs an unfinished trial has done, by its newest state that can be read."""
    done = [0]
    for path in folder.glob(STATES[0]):
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as state:
                done.append(int(json.loads(bytes(state["header"]))["epoch"]))
        except Exception:  # whatever a damaged file raises; training itself finds it out, and says so
            continue
    return max(done)


if __name__ == "__main__":
    sys.exit(terminal.run_command(status))
