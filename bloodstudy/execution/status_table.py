"""How far a study is, as a table: outcomes by arm, the training time that its trials still need, the disk they use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from bloodstudy.cli import terminal
from bloodstudy.study.disk_state import TrialState, read_state
from bloodstudy.study.outcome import UNFINISHED, Outcome
from bloodstudy.study.plan import Plan

OUTCOMES = tuple(outcome for outcome in Outcome if outcome != Outcome.IN_PROGRESS)
ALWAYS_SHOWN = (Outcome.FINISHED, Outcome.MISSING)  # columns that are shown even if they are 0


def print_status(plan: Plan, folder: Path) -> None:
    """Print the table of the study in `folder`, and the lines below it; arms that a look has closed need no more."""
    states = {path.name: read_state(path) for path in _list_folders(folder, plan)}
    needed, why = _find_needed(plan, folder)
    arms: dict[str, dict[str, TrialState]] = {}
    for planned in plan.trials:  # a trial that is judged in two ways is in two arms
        if planned.key not in needed and states[planned.key].outcome == Outcome.MISSING:
            continue
        arms.setdefault(planned.arm, {})[planned.key] = states[planned.key]
    every = {key: trial for trials in arms.values() for key, trial in trials.items()}
    shown = [
        name for name in OUTCOMES if name in ALWAYS_SHOWN or any(trial.outcome == name for trial in every.values())
    ]
    rows, total, counted = [], 0.0, set()
    for arm, trials in arms.items():
        known = _seconds(trials) or _seconds(every)
        rows.append([arm, *_row(trials, shown, estimate_left(trials.values(), known))])
        seconds = estimate_left([trial for key, trial in trials.items() if key not in counted], known)
        total = None if total is None or seconds is None else total + seconds
        counted |= set(trials)
    if len(arms) > 1:
        rows.append(["all", *_row(every, shown, total)])
    header = ["arm", *(name.replace("_", " ") for name in shown), "epochs", "left", "disk"]
    finished = sum(trial.outcome == Outcome.FINISHED for trial in every.values())
    title = f"{folder.name}: {finished} of {len(every)} trials finished"
    terminal.print_table(title, header, rows, right=header[1:])
    needless = {key for key in {*plan.keys} - {*needed} if states[key].outcome == Outcome.MISSING}
    for line in _describe(every, {key: state for key, state in states.items() if key not in needless}, total):
        terminal.say(line)
    if needless:
        terminal.say(f"not needed: {count_trials(len(needless))}, since {why}")


def _find_needed(plan: Plan, folder: Path) -> tuple[Collection[str], str]:
    """Return the keys of the trials that are still needed, and why the others are not.

    Where looks were declared, they are held now, and said.
    """
    if not plan.design:
        return set(plan.keys), ""
    from bloodstudy.execution import announcement  # and with it the statistics, which a sweep needs none of
    from bloodstudy.execution.looks import Looks

    looks = Looks(plan, folder)
    looks.hold(plan.repetitions.count)
    for line in announcement.describe_taken_back(looks.taken_back):
        terminal.say(line)
    return looks.needed, looks.why_spared


def estimate_left(states: Iterable[TrialState], seconds: Sequence[float]) -> float | None:
    """Return the seconds that unfinished trials will take one after the other, None if nothing says it.

    `seconds` are those of finished trials like them; of the epochs that a trial has done it needs none again.
    """
    trials = sum(1 - trial.epochs_done / (trial.epochs or 1) for trial in states if trial.outcome in UNFINISHED)
    if not trials:
        return 0.0
    return fmean(seconds) * trials if seconds else None


def count_trials(number: int) -> str:
    """Return a number of trials in words."""
    return "1 trial" if number == 1 else f"{number} trials"


def _list_folders(study_folder: Path, plan: Plan) -> list[Path]:
    """Return the folders of the planned trials, and of those that an earlier plan left."""
    stored = [study_folder / name for name in sorted({file.parent.name for file in study_folder.glob("*/*.json")})]
    return list(dict.fromkeys([study_folder / planned.key for planned in plan.trials] + stored))


def _row(trials: Mapping[str, TrialState], shown: Sequence[str], seconds: float | None) -> list[str]:
    counts = Counter(str(trial.outcome) for trial in trials.values())
    begun = [(trial.epochs_done, trial.epochs) for trial in trials.values() if trial.epochs_done and trial.epochs]
    epochs = "{} of {}".format(*map(sum, zip(*begun, strict=True))) if begun else "-"
    time = "?" if seconds is None else terminal.span(seconds) if seconds else "-"
    return [str(counts[name] or "-") for name in shown] + [epochs, time, terminal.amount(_size(trials.values()))]


def _describe(
    planned: Mapping[str, TrialState], states: Mapping[str, TrialState], seconds: float | None
) -> Iterable[str]:
    """Yield the lines below the table."""
    if seconds:
        yield f"time left: about {terminal.span(seconds)}, one trial after the other"
    elif seconds is None:
        yield "time left: unknown, since no trial is finished yet"
    disk = f"disk used: {terminal.amount(_size(states.values()))}"
    if earlier := [trial for key, trial in states.items() if key not in planned]:
        disk += f", of it {terminal.amount(_size(earlier))} by {count_trials(len(earlier))} that the plan does not hold"
    yield disk
    if size := sum(trial.state_size for trial in states.values()):
        needless = sum(trial.state_size for trial in states.values() if trial.outcome not in UNFINISHED)
        remedy = f"; clear=states removes {terminal.amount(needless)} that no trial needs" if needless else ""
        yield f"training states: {terminal.amount(size)} of that{remedy}"


def _seconds(trials: Mapping[str, TrialState]) -> list[float]:
    return [trial.wall_seconds for trial in trials.values() if trial.wall_seconds is not None]


def _size(trials: Iterable[TrialState]) -> int:
    return sum(trial.size for trial in trials)
