"""What a trial that lies on disk has come to, finished or not.

In: the folder of a trial, which another process may be writing to. Out: a `Seen`. No TensorFlow, no tracking store.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from bloodstudy import files
from bloodstudy.config.yaml_files import parse_yaml
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.plan import MAX_VALUES
from bloodstudy.study.run_folder import StudyFolder, TrialFolder, load_result


@dataclass(frozen=True)
class TrialState:
    """One trial as it lies on disk."""

    outcome: Outcome
    wall_seconds: float | None = None  # of a finished one
    epochs: int | None = None  # of one that is not finished: how many it is to do, if that is known
    epochs_done: int = 0
    size: int = 0  # bytes of its folder
    state_size: int = 0  # of these, bytes of training states


def read_state(folder: Path) -> TrialState:
    """Return what is to be seen of the trial in `folder`, which may not exist."""
    sizes = {file: file.stat().st_size for file in folder.rglob("*") if file.is_file()}
    size = sum(sizes.values())
    trial = TrialFolder(folder)
    state_size = sum(sizes[file] for file in _list_states(trial) if file in sizes)
    result = load_result(folder)
    if result is not None:
        wall_seconds = result.cost.wall_seconds if result.outcome == Outcome.FINISHED else None
        return TrialState(result.outcome, wall_seconds, size=size, state_size=state_size)
    if _is_locked(trial.lock):
        outcome = Outcome.RUNNING
    elif state_size or trial.attempts.exists():
        outcome = Outcome.INTERRUPTED
    else:
        return TrialState(Outcome.MISSING, size=size)
    return TrialState(outcome, None, _read_epochs(trial), _count_epochs(trial), size, state_size)


def clear_states(study_folder: Path) -> tuple[int, int]:
    """Remove the training states of trials that have a result; return of how many trials, and how many bytes."""
    trials = removed = 0
    for trial in [trial for trial in StudyFolder(study_folder).trials if _list_states(trial)]:
        try:
            with FileLock(trial.lock, timeout=0), files.explained(trial.path):
                states = _list_states(trial) if trial.result.exists() else []
                trials += bool(states)
                for state in states:
                    removed += state.stat().st_size
                    state.unlink()
        except Timeout:
            continue  # it is being trained again
    return trials, removed


def _list_states(trial: TrialFolder) -> list[Path]:
    return trial.checkpoints + trial.checkpoint_rests


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


def _read_epochs(trial: TrialFolder) -> int | None:
    try:
        return int(parse_yaml(trial.config.read_bytes(), MAX_VALUES)["epochs"])
    except (OSError, KeyError, TypeError, ValueError, OverflowError):
        return None


def _count_epochs(trial: TrialFolder) -> int:
    """Return how many whole epochs an unfinished trial has done, by its newest state that can be read."""
    done = [0]
    for path in trial.checkpoints:
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as state:
                done.append(int(json.loads(bytes(state["header"]))["epoch"]))
        except Exception:  # whatever a damaged file raises; training itself finds it out, and says so
            continue
    return max(done)
