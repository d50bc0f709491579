"""Between the plan and Hydra's launcher: what is left to launch, and what came back.

In: the study's plan and run folder. Out: blocks of trials without a result; what their jobs returned is judged here: a
fault of the machine stops the sweep, and results of a machine without our folder are put into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bloodstudy import files
from bloodstudy.cli import terminal
from bloodstudy.cli.overrides import write
from bloodstudy.errors import BloodstudyError, MachineError, UserError
from bloodstudy.execution import trial_runner

fault: BloodstudyError | None = None  # that stopped the sweep: Hydra would print a traceback, so run.py raises it
_plan: Mapping[str, Any] = {}  # of this command: the file may be another one's by the time it is asked for
_wanted: set[str] = set()  # keys of the trials to launch
_folder = Path()  # of the study


def want(content: Mapping[str, Any], keys: set[str], folder: Path) -> None:
    """Say which trials of which plan this command is to launch, and into which folder of the study."""
    global _plan, _wanted, _folder, fault
    _plan, _wanted, _folder, fault = content, keys, folder, None


def blocks() -> Iterator[list[dict[str, Any]]]:
    """Yield the wanted trials block by block, each trial once."""
    for block in _plan.blocks:
        wanted: dict[str, dict[str, Any]] = {}
        for trial in block:  # the same training may be planned twice, judged in two ways
            if trial["key"] in _wanted:
                wanted.setdefault(trial["key"], trial)
        if wanted:
            yield list(wanted.values())


def overrides(trial: Mapping[str, Any]) -> list[str]:
    """Return what a job is given to compose `trial`, and to tell that it has come to it."""
    told = {"name": _plan["study"], "trial": trial["key"], "arm": trial["arm"], "trials": len(_wanted)}
    return [*trial["overrides"], *(write(f"study.{name}", value) for name, value in told.items())]


def collect(block: Sequence[Mapping[str, Any]], returned: Sequence[Mapping[str, Any]]) -> bool:
    """Keep what the jobs of `block` returned; return whether the sweep goes on, else `fault` says why not."""
    global fault
    for trial, done in zip(block, returned, strict=True):
        if done["files"]:
            receive(_folder / trial["key"], done["files"])
        if done["fault"]:
            kind, message = done["fault"]
            fault = {"UserError": UserError, "MachineError": MachineError}[kind](message)
        if done["outcome"] == "in_progress":
            terminal.say(f"{trial['arm']}, seed {trial['seed']}: in progress elsewhere")
    died = [done["outcome"] for done in returned if done["outcome"] in trial_runner.DEATHS]
    if fault is None and len(died) == len(returned) >= trial_runner.PATIENCE:  # each perhaps in a process of its own
        fault = MachineError(
            f"all {len(died)} trials of a block have died ({', '.join(sorted(set(died)))}), so the sweep stops; see "
            "`reason` in their result.json. The same command with retry=failed trains them again"
        )
    return fault is None


def receive(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Put the files of a trial that was trained elsewhere into its folder, the result last."""
    for name in trial_runner.RETURNED:
        if name in contents:
            with files.published(folder / name) as beside:
                beside.write_bytes(contents[name])
