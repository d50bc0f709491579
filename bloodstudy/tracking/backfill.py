"""What the store does not hold as it should: trials that are finished but not logged, runs of trials that were killed.

In: an open store and the run folder of a study. Out: the store as the run folder says. Safe to call at any time, also
while other processes train: a trial whose lock is held is left alone, and one process at a time logs what is owed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from bloodstudy.study.run_folder import StudyFolder, TrialFolder
from bloodstudy.tracking import record, sqlite, study
from bloodstudy.tracking.note import read_note
from bloodstudy.tracking.store import TOKEN, Store, explained, public_uri, tracking_uri


def owes(study_folder: Path) -> bool:
    """Tell, without the store, whether it may lack a trial of this study or hold a run that nobody goes on with."""
    path = sqlite.path_of(tracking_uri())
    gone = path is not None and not path.exists() and bool(_list_finished(study_folder))
    return gone or bool(unlogged(study_folder, public_uri())) or any(_left_open(study_folder))


def unlogged(study_folder: Path, uri: str, experiment: str | None = None) -> list[Path]:
    """Return the folders of finished trials that are not logged at `uri` (in this very experiment, if one is given)."""
    return [trial.path for trial in _list_finished(study_folder) if not _is_logged(trial, uri, experiment)]


def log_owed(store: Store, study_folder: Path) -> Iterator[Path]:
    """Log every finished trial of a study that `store` does not hold yet; yield each once it is logged."""
    try:
        with FileLock(StudyFolder(study_folder).logging_lock, timeout=0):
            owed = unlogged(study_folder, store.uri, store.experiment)
            parent = study.parent_of(store, study_folder) if owed else None
            for folder in owed:
                if _is_free(TrialFolder(folder)) and TrialFolder(folder).result.exists():
                    record.log_whole(store, folder, parent)
                    yield folder
    except Timeout:  # another process does it
        return


def catch_up(store: Store, study_folder: Path) -> int:
    """Log every finished trial of a study that `store` does not hold yet; return how many there were.

    The study's own run ends with it, unless another process works on the study. Raises MachineError if the store does
    not take them.
    """
    with explained():
        logged = sum(1 for _ in log_owed(store, study_folder))
        if logged and not settle(store, study_folder):
            study.close_study(store, study_folder, "FINISHED")
    return logged


def settle(store: Store, study_folder: Path) -> int:
    """Close as KILLED the runs that killed trials of this folder left RUNNING; return how many trials are at work."""
    at_work = 0
    running = store.client.search_runs([store.experiment_id], "attributes.status = 'RUNNING'", max_results=5000)
    for run in running:
        trial = StudyFolder(study_folder).trial(run.data.tags.get("trial_key", study.KIND))
        note = read_note(trial.run_note)
        if note is None or note.tracking_uri != store.uri:
            continue  # somebody else's
        is_noted = note.run_id == run.info.run_id
        if not is_noted and (note.token is None or note.token != run.data.tags.get(TOKEN)):
            continue
        if not _is_free(trial):
            at_work += 1
        elif is_noted:
            record.close_killed(store, run.info.run_id, trial.path)
        else:  # created although its answer was lost, and taken the place of since
            store.client.delete_run(run.info.run_id)
    for trial in list(_left_open(study_folder)):
        if _is_free(trial):
            record.close_note(trial.path)
    return at_work


def _list_finished(study_folder: Path) -> list[TrialFolder]:
    return [trial for trial in StudyFolder(study_folder).trials if trial.result.exists()]


def _left_open(study_folder: Path) -> Iterator[TrialFolder]:
    for trial in StudyFolder(study_folder).trials:
        if not trial.result.exists() and (note := read_note(trial.run_note)) is not None and note.open:
            yield trial


def _is_logged(trial: TrialFolder, uri: str, experiment: str | None) -> bool:
    mark = read_note(trial.logged_note)
    if mark is None or mark.tracking_uri != uri:
        return False
    return experiment is None or mark.experiment in (None, experiment)


def _is_free(trial: TrialFolder) -> bool:
    # Asked for and given back at once: a lock that is held would turn away the process that comes to train.
    try:
        with FileLock(trial.lock, timeout=0):
            return True
    except Timeout:
        return False
