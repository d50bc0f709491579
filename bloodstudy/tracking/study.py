"""A study's own run in MLflow, the parent of its trials' runs.

In: the study's run folder and what its plan says. Out: one run, found again by its tags, RUNNING while a command works
on the study; `runs/<study>/mlflow.json` tells its id to every process that records a trial. `scratch` has none.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from bloodstudy.study.question import SCRATCH
from bloodstudy.study.run_folder import StudyFolder
from bloodstudy.tracking.names import spell_name, spell_value
from bloodstudy.tracking.note import Note, read_note
from bloodstudy.tracking.store import Store

KIND = "bloodstudy.kind"
LOCK_PATIENCE_S = 60.0


def open_study(store: Store, study_folder: Path, params: Mapping[str, Any] | None = None) -> str:
    """Return the id of the study's run, created if it is missing, RUNNING, with the plan as its artifact.

    `params` are logged once: MLflow lets nobody change them, and amendments stand in the plan.
    """
    from mlflow.entities import Param

    folder = StudyFolder(study_folder)
    with FileLock(folder.mlflow_lock, timeout=LOCK_PATIENCE_S):
        run_id = _find_or_create(store, study_folder.name)
        known = store.client.get_run(run_id).data.params
        new = [Param(spell_name(key), spell_value(value)) for key, value in (params or {}).items() if key not in known]
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
        return None
    return noted(store, study_folder) or open_study(store, study_folder)


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
        store.client.set_terminated(
            run_id, status, max(int(1000 * time.time()), started)
        )  # the clock may have gone back


def _find_or_create(store: Store, study: str) -> str:
    tags = {KIND: "study", "study": study}
    run_id = _find(store)
    if run_id is None:
        created = store.client.create_run(store.experiment_id, tags=tags, run_name=study).info.run_id
        # Another machine may have done the same in this moment: both keep the older one.
        run_id = _find(store) or created
        if run_id != created:
            store.client.delete_run(created)
    return run_id


def _find(store: Store) -> str | None:
    runs = store.client.search_runs([store.experiment_id], f"tags.`{KIND}` = 'study'")
    oldest = min(runs, key=lambda run: (run.info.start_time, run.info.run_id), default=None)
    return oldest.info.run_id if oldest else None
