"""A study's own run in MLflow, the parent of its trials' runs.

In: the study's run folder and what its plan says. Out: one run, found again by its tags, RUNNING while a command works
on the study; `runs/<study>/mlflow.json` tells its id to every process that records a trial. In `scratch` each sweep has
a run of its own, and a single trial none: `open_sweep`, `leave_sweep`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from bloodstudy.errors import UserError
from bloodstudy.files import temporary_folder
from bloodstudy.study.question import SCRATCH
from bloodstudy.study.run_folder import StudyFolder, read_plan
from bloodstudy.tracking.names import MAX_RUN_NAME, MAX_VALUE, spell_arm, spell_name, spell_value
from bloodstudy.tracking.note import Note, read_note
from bloodstudy.tracking.store import Store

KIND = "bloodstudy.kind"
SWEEP = "bloodstudy.sweep"  # tag of a run in `scratch`: the digest of the plan of its sweep
NOTE = "mlflow.note.content"
PARENT = "mlflow.parentRunId"
SOURCE = "python -m bloodstudy.run"
LOCK_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Summary:
    """What a study's own run says at the end of a command."""

    description: str  # Markdown
    means: Mapping[str, Mapping[str, float]]  # of each arm, by response
    keys: Collection[str]  # of the trials that it is about
    pages: Path | None = None  # a folder with the report and its figures


@dataclass(frozen=True)
class Sweep:
    """A sweep without a name: what tells it from the others in `scratch`, and what its run is called."""

    digest: str  # of its plan
    title: str


def open_study(
    store: Store, study_folder: Path, params: Mapping[str, Any] | None = None, sweep: Sweep | None = None
) -> str:
    """Return the id of the study's run, created if it is missing, RUNNING, with the plan as its artifact.

    Args:
        params: logged once, since MLflow lets nobody change them; amendments stand in the plan.
        sweep: of `scratch`, in which each sweep has a run.
    """
    from mlflow.entities import Param

    folder = StudyFolder(study_folder)
    with FileLock(folder.mlflow_lock, timeout=LOCK_PATIENCE_S):
        run_id = _find_or_create(store, study_folder, sweep)
        known = store.client.get_run(run_id).data.params
        given = {key: value for key, value in (params or {}).items() if key not in known and value is not None}
        new = [Param(spell_name(key), spell_value(value)) for key, value in given.items()]
        for start in range(0, len(new), 100):  # the most that one call takes
            store.client.log_batch(run_id, params=new[start : start + 100])
        store.client.update_run(run_id, status="RUNNING")
        if folder.plan.exists():
            store.client.log_artifact(run_id, str(folder.plan))
        note = Note(store.uri, run_id, experiment=store.experiment)
        if read_note(folder.mlflow_note) != note:
            note.write(folder.mlflow_note)
    return run_id


def parent_of(store: Store, study_folder: Path) -> str | None:
    """Return the run under which trials of this study stand, opened if no command could do so yet."""
    if study_folder.name == SCRATCH:
        return noted(store, study_folder)
    return noted(store, study_folder) or open_study(store, study_folder)


def leave_sweep(study_folder: Path) -> None:
    """Note that what is trained in `scratch` now is part of no sweep."""
    StudyFolder(study_folder).mlflow_note.unlink(missing_ok=True)


def describe_study(store: Store, study_folder: Path, summary: Summary) -> None:
    """Give the study's run its description, the means of its arms, its report; and take its trials under it."""
    from mlflow.entities import Metric
    from mlflow.exceptions import MlflowException

    run_id = noted(store, study_folder)
    if run_id is None:
        return
    lines = [spell_value(line) for line in summary.description.splitlines()]
    store.client.set_tag(run_id, NOTE, "\n".join(lines)[:MAX_VALUE])
    now = int(1000 * time.time())
    means = [
        Metric(f"mean/{response}/{spell_arm(arm)}", value, now, 0)
        for arm, values in summary.means.items()
        for response, value in values.items()
    ]
    for start in range(0, len(means), 1000):  # the most that one call takes
        store.client.log_batch(run_id, metrics=means[start : start + 1000])
    if summary.pages is not None:
        store.client.log_artifacts(run_id, str(summary.pages), "report")
    # A sweep in `scratch` shows all its trials, whichever has trained them; elsewhere there is one run for all.
    for key in summary.keys if study_folder.name == SCRATCH else ():
        note = read_note(StudyFolder(study_folder).trial(key).run_note)
        if note is not None and note.tracking_uri == store.uri and note.run_id:
            with contextlib.suppress(MlflowException):  # it may be gone with a store that was removed
                store.client.set_tag(note.run_id, PARENT, run_id)


def noted(store: Store, study_folder: Path) -> str | None:
    """Return the id of the study's run in this store, None if there is none yet."""
    note = read_note(StudyFolder(study_folder).mlflow_note)
    is_here = note and note.experiment == store.experiment and note.tracking_uri == store.uri
    return note.run_id if note and is_here else None


def close_study(store: Store, study_folder: Path, status: str) -> None:
    """End the study's run as FINISHED, FAILED or KILLED, if there is one."""
    run_id = noted(store, study_folder)
    if run_id:
        started = store.client.get_run(run_id).info.start_time
        ended = max(int(1000 * time.time()), started)  # the clock may have gone back
        store.client.set_terminated(run_id, status, ended)


def _find_or_create(store: Store, study_folder: Path, sweep: Sweep | None) -> str:
    study = study_folder.name
    tags = {KIND: "study", "study": study, "mlflow.source.name": SOURCE, "mlflow.source.type": "LOCAL"}
    tags |= {SWEEP: sweep.digest} if sweep else {}
    run_id = _find(store, study_folder, sweep)
    if run_id is None:
        name = spell_value(sweep.title if sweep else study, MAX_RUN_NAME)
        created = store.client.create_run(store.experiment_id, tags=tags, run_name=name).info.run_id
        # Another machine may have done the same in this moment: both keep the older one.
        run_id = _find(store, study_folder, sweep) or created
        if run_id != created:
            store.client.delete_run(created)
    return run_id


def _find(store: Store, study_folder: Path, sweep: Sweep | None) -> str | None:
    """Return the study's run: the one that was noted, or the oldest that holds the same study."""
    wanted = f"tags.`{KIND}` = 'study'" + (f" and tags.`{SWEEP}` = '{sweep.digest}'" if sweep else "")
    runs = store.client.search_runs([store.experiment_id], wanted)
    found = [run.info.run_id for run in sorted(runs, key=lambda run: (run.info.start_time, run.info.run_id))]
    if sweep:
        return next(iter(found), None)
    own = noted(store, study_folder)
    return own if own in found else next((run_id for run_id in found if _is_same(store, run_id, study_folder)), None)


def _is_same(store: Store, run_id: str, study_folder: Path) -> bool:
    """Tell whether a run is of the study in this folder, and not of one that another folder calls by the same name.

    The plans say it: they share a trial, and no arm has another trial of a seed. Without a plan on one side, the run is
    taken for it. If the store fails here, nothing is decided: the call is made again later.
    """
    name = StudyFolder(study_folder).plan.name
    if name not in {artifact.path for artifact in store.client.list_artifacts(run_id)}:
        return True
    try:
        here = _list_planned(study_folder)
    except UserError:
        return True
    with temporary_folder() as beside:
        there = beside / study_folder.name
        there.mkdir()
        store.client.download_artifacts(run_id, name, str(there))
        try:
            stored = _list_planned(there)
        except UserError:
            return False
    alike = [stored[place] == here[place] for place in {*stored} & {*here}]
    return bool({*stored.values()} & {*here.values()}) and all(alike)


def _list_planned(study_folder: Path) -> dict[tuple[str, int, str], str]:
    """Return the key of each planned trial, by its arm, its seed and what judges it."""
    trials = read_plan(study_folder.parent, study_folder.name).trials
    return {(trial.arm, trial.seed, trial.evaluated_on): trial.key for trial in trials}
