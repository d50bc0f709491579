"""Between the plan and Hydra's launcher: what is left to launch, and what came back.

In: the study's plan and run folder. Out: blocks of trials without a result; what their jobs returned is judged here: a
fault of the machine stops the sweep, and results of a machine without our folder are put into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bloodstudy import analysis, attempt, files, plan, terminal
from bloodstudy.errors import BloodstudyError, MachineError, UserError

FAILURES = ("failed", "out_of_memory")
MOST_FAILURES = 3  # in a row: then it is not the trials that are at fault

fault: BloodstudyError | None = None  # that stopped the sweep: Hydra would print a traceback, so run.py raises it
_wanted: set[str] = set()  # keys of this command; an extension that is planned and not asked for now stays out
_failed = 0  # trials in a row


def want(keys: set[str]) -> None:
    """Say which trials of the plan this command is about."""
    global _wanted, _failed, fault
    _wanted, _failed, fault = keys, 0, None


def blocks(folder: Path) -> Iterator[list[dict[str, Any]]]:
    """Yield the wanted trials without a result, block by block, each trial once."""
    for block in plan.batches(analysis.read_plan(folder.parent, folder.name)):
        wanted: dict[str, dict[str, Any]] = {}
        for trial in block:  # the same training may be planned twice, judged in two ways
            if trial["key"] in _wanted:
                wanted.setdefault(trial["key"], trial)
        if wanted:
            yield list(wanted.values())


def collect(block: Sequence[Mapping[str, Any]], returned: Sequence[Mapping[str, Any]], folder: Path) -> bool:
    """Keep what the jobs of `block` returned; return whether the sweep goes on, else `fault` says why not."""
    global _failed, fault
    for trial, done in zip(block, returned, strict=True):
        if done["files"]:
            receive(folder / trial["key"], done["files"])
        if done["fault"]:
            kind, message = done["fault"]
            fault = {"UserError": UserError, "MachineError": MachineError}[kind](message)
        _failed = _failed + 1 if done["outcome"] in FAILURES else 0
        if done["outcome"] == "in_progress":
            terminal.say(f"{trial['arm']}, seed {trial['seed']}: in progress elsewhere")
    return fault is None


def receive(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Put the files of a trial that was trained elsewhere into its folder, the result last."""
    for name in attempt.RETURNED:
        if name in contents:
            with files.published(folder / name) as beside:
                beside.write_bytes(contents[name])
