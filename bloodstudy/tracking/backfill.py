"""What the store does not hold as it should: trials that are finished but not logged, runs of trials that were killed.

In: an open store and the run folder of a study. Out: the store as the run folder says. Safe to call at any time, also
while other processes train: a trial whose lock is held is left alone, and one process at a time logs what is owed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from bloodstudy import files
from bloodstudy.tracking import record, sqlite, study
from bloodstudy.tracking.store import Store, public_uri, tracking_uri


def owes(study_folder: Path) -> bool:
    """Tell, without the store, whether it may lack a trial of this study or hold a run that nobody goes on with."""
    path = sqlite.path_of(tracking_uri())
    gone = path is not None and not path.exists() and any(study_folder.glob("*/result.json"))
    return gone or bool(unlogged(study_folder, public_uri())) or any(_left_open(study_folder))


def unlogged(study_folder: Path, uri: str, experiment: str | None = None) -> list[Path]:
    """Return the folders of finished trials that are not logged at `uri` (in this very experiment, if one is given)."""
    folders = (file.parent for file in sorted(study_folder.glob("*/result.json")))
    return [folder for folder in folders if not _is_logged(folder, uri, experiment)]


def log_owed(store: Store, study_folder: Path) -> Iterator[Path]:
    """Log every finished trial of a study that `store` does not hold yet; yield each once it is logged."""
    try:
        with FileLock(study_folder / ".logging.lock", timeout=0):
            owed = unlogged(study_folder, store.uri, store.experiment)
            parent = study.parent_of(store, study_folder) if owed else None
            for folder in owed:
                if _is_free(folder) and (folder / "result.json").exists():
                    record.log_whole(store, folder, parent)
                    yield folder
    except Timeout:  # another process does it
        return


def catch_up(store: Store, study_folder: Path) -> int:
    """Log every finished trial of a study that `store` does not hold yet; return how many there were."""
    return sum(1 for _ in log_owed(store, study_folder))


def settle(store: Store, study_folder: Path) -> int:
    """Close as KILLED the runs that killed trials of this folder left RUNNING; return how many trials are at work."""
    at_work = 0
    running = store.client.search_runs([store.experiment_id], "attributes.status = 'RUNNING'", max_results=5000)
    for run in running:
        folder = study_folder / run.data.tags.get("trial_key", study.KIND)
        note = files.read_json(folder / "run.json")
        if not note or note["tracking_uri"] != store.uri:
            continue  # somebody else's
        own = note["run_id"] == run.info.run_id
        if not own and ("token" not in note or note["token"] != run.data.tags.get(record.TOKEN)):
            continue
        if not _is_free(folder):
            at_work += 1
        elif own:
            record.close_killed(store, run.info.run_id, folder)
        else:  # created although its answer was lost, and taken the place of since
            store.client.delete_run(run.info.run_id)
    for file in list(_left_open(study_folder)):
        if _is_free(file.parent):
            files.write_json(file, files.read_json(file) | {"open": False})
    return at_work


def _left_open(study_folder: Path) -> Iterator[Path]:
    for file in study_folder.glob("*/run.json"):
        if not (file.parent / "result.json").exists() and (files.read_json(file) or {}).get("open", True):
            yield file


def _is_logged(folder: Path, uri: str, experiment: str | None) -> bool:
    mark = files.read_json(folder / "logged.json")
    if not mark or mark["tracking_uri"] != uri:
        return False
    return experiment is None or mark.get("experiment", experiment) == experiment


def _is_free(folder: Path) -> bool:
    # Asked for and given back at once: a lock that is held would turn away the process that comes to train.
    try:
        with FileLock(folder / ".lock", timeout=0):
            return True
    except Timeout:
        return False
