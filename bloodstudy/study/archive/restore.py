"""A package of trials, put back where trials are.

In: an archive. Out: its trials in <runs_dir>/<study>, each whole or not at all, and its plan added to the one there.
All of it is checked before anything is written.
"""

# pyarrow has no types of its own.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from bloodstudy import files
from bloodstudy.errors import UserError
from bloodstudy.study import run_folder
from bloodstudy.study.archive.reader import Package, open_package
from bloodstudy.study.outcome import DEATHS
from bloodstudy.study.plan_merge import merge_plans
from bloodstudy.study.run_folder import StudyFolder, TrialFolder
from bloodstudy.study.said import keep
from bloodstudy.study.trial_files import read_failures


@dataclass(frozen=True)
class Restored:
    """What became of the trials of a package; trials by their keys."""

    study: str
    folder: Path  # of the study
    added: tuple[str, ...]
    kept: tuple[str, ...]  # had a result already, which was left as it is
    busy: tuple[str, ...]  # are being trained in another process, which was left alone
    planned: int  # trials of the plan as it is now
    with_result: int  # of these

    @property
    def told(self) -> str:
        """What became of them, in a line."""
        packaged = len(self.added) + len(self.kept) + len(self.busy)
        left = f", {len(self.kept)} have a result here that is kept" if self.kept else ""
        left += f", {len(self.busy)} are in progress in another process" if self.busy else ""
        return (
            f"{self.folder}: restored {len(self.added)} of {packaged} packaged trials{left}; {self.with_result} of "
            f"{self.planned} planned trials have a result"
        )


def restore(path: Path, runs_dir: Path, study: str | None = None) -> Restored:
    """Put the trials of the package at `path` into `runs_dir`; a trial that has a result there is never overwritten.

    Only one that failed there gives way to one that did not: it was trained elsewhere since.

    Raises UserError, with nothing written, if the package is damaged, holds what it must not, is none of `study`, or
    has another plan than the study that is there.
    """
    with open_package(path) as package:
        plan = package.check()
        if study is not None and plan.study != study:
            raise UserError(f"restore={path} is a package of the study {plan.study}; expected one of {study}")
        folder = StudyFolder(runs_dir / plan.study)
        if folder.plan.exists():
            here = run_folder.read_plan(runs_dir, plan.study)
            merged = merge_plans(here, plan, f"{folder.plan} and {path}")
        else:
            here, merged = None, plan
        if merged is not here:
            merged.write(folder.path)
        keep(folder.path, package.read_said(), elsewhere=True)
        done: dict[str, list[str]] = {"added": [], "kept": [], "busy": []}
        for key in package.keys:
            done[_write_trial(folder.trial(key), package)].append(key)
    keys = merged.keys
    with_result = sum(folder.trial(key).result.exists() for key in keys)
    became = {name: tuple(keys_of_name) for name, keys_of_name in done.items()}
    return Restored(plan.study, folder.path, **became, planned=len(keys), with_result=with_result)


def _write_trial(trial: TrialFolder, package: Package) -> str:
    """Write one trial, its result at the end; return what became of it."""
    files.make_folder(trial.path)
    try:
        with FileLock(trial.lock, timeout=0):
            packaged = package.read_result(trial.key)
            if trial.result.exists() and (packaged.outcome in DEATHS or not _has_failed(trial)):
                return "kept"
            failures = max(read_failures(trial), packaged.cost.failures or 0)  # none is forgotten
            if packaged.outcome in DEATHS:
                files.write_json(trial.failures, max(failures, (packaged.cost.failures or 0) + 1))
            for path in (trial.result, trial.logged_note):
                path.unlink(missing_ok=True)
            for name in package.of_trial(trial.key):
                if name == "result.json":
                    replace(packaged, cost=replace(packaged.cost, failures=failures or None)).write(trial.path)
                elif name == "predictions.bin":
                    with files.published(trial.predictions) as beside:
                        pq.write_table(package.read_table(trial.key), beside, compression="zstd")
                else:
                    with files.published(trial.path / name) as beside:
                        beside.write_bytes(package.read(f"trials/{trial.key}/{name}"))
            return "added"
    except Timeout:
        return "busy"


def _has_failed(trial: TrialFolder) -> bool:
    try:
        result = run_folder.load_result(trial.path)
    except UserError:  # a damaged result stays for whoever reads it to be told
        return False
    return result is not None and result.outcome in DEATHS
