"""The store as an SQLite file: created whole, and refused before MLflow touches it if it cannot be used.

Left to itself, MLflow creates a store step by step in place, takes an empty file for a new store, and migrates an older
one without asking. In: the file. Out: nothing, or a MachineError that names the file and the remedy.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

from filelock import FileLock

from bloodstudy import files
from bloodstudy.errors import MachineError

SCHEME = "sqlite:///"
LOCK_PATIENCE_S = 60.0
ANEW = "or move it away: the next command logs every finished trial into a new one"
# What SQLite says if there is no room: nothing is wrong with the store.
UNWRITABLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_FSYNC,
}

# Where MLflow's tables keep places of artifacts.
_PLACES = {"experiments": "artifact_location", "runs": "artifact_uri", "logged_models": "artifact_location"}


def path_of(uri: str) -> Path | None:
    """Return the file of an SQLite address, None for any other address."""
    name = _spelt(uri)
    return Path(unquote(name)) if uri.startswith(SCHEME) and name and name != ":memory:" else None


def address_of(path: Path) -> str:
    """Return the address of the SQLite file at `path`, as SQLAlchemy reads it: without % and ? in their own meaning."""
    return SCHEME + path.absolute().as_posix().replace("%", "%25").replace("?", "%3F")


def _spelt(uri: str) -> str:
    return uri.removeprefix(SCHEME).partition("?")[0]


@contextmanager
def unlittered(uri: str) -> Iterator[None]:
    """Remove the folder that MLflow makes for an address: it takes the address as it is spelt for a path."""
    spelt = Path(_spelt(uri)).parent
    made = [folder for folder in (spelt, *spelt.parents) if uri.startswith(SCHEME) and not folder.exists()]
    try:
        yield
    finally:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()


def require(path: Path) -> None:
    """Raise MachineError if the file at `path` is no store that this MLflow can write to; an absent one is well."""
    folder = path.absolute().parent
    for place in (path, folder):
        if place.exists() and not os.access(place, os.W_OK):
            raise MachineError(
                f"the tracking store {path} cannot be written: permission denied for {place}; name a store that you "
                "may write to with MLFLOW_TRACKING_URI"
            )
    if not path.exists():
        return
    try:
        # For reading and writing, since what a killed process left unfinished is rolled back by who opens it next.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=1)) as database:
            size = _full_size(database)
            revisions = [row[0] for row in database.execute("SELECT version_num FROM alembic_version")]
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):  # another process writes; whoever logs will wait for it
            return
        if error.sqlite_errorcode in UNWRITABLE:
            raise MachineError(
                f"the tracking store {path} cannot be written ({error}): the disk is full, or the file larger than is "
                "allowed; free some space or raise the limit, and run the same command again"
            ) from error
        raise MachineError(f"the tracking store {path} is damaged ({error}). Restore a copy of it, {ANEW}") from error
    if path.stat().st_size < size:
        missing = f"{path.stat().st_size:,} of {size:,} bytes are there"
        raise MachineError(f"the tracking store {path} is damaged ({missing}). Restore a copy of it, {ANEW}")
    if not revisions:
        raise MachineError(f"the tracking store {path} was never completed. Move it away, and a new one is created")
    require_revision(revisions[0], address_of(path))


def _full_size(database: sqlite3.Connection) -> int:
    if database.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return 0  # the rest stands in another file
    pages, page_size = (database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return pages * page_size


def require_revision(revision: str, uri: str) -> None:
    """Raise MachineError if the tables of the store are those of an older or newer MLflow."""
    known, newest = _revisions()
    if revision == newest:
        return
    installed = f"MLflow {version('mlflow')} is installed"
    if revision in known:
        raise MachineError(
            f"the tracking store {uri} was made by an older MLflow (schema {revision}; {installed}, with {newest}). "
            f"Copy it, then migrate it with: mlflow db upgrade {uri}"
        )
    raise MachineError(
        f"the tracking store {uri} was made by a newer MLflow (schema {revision} is not known here; {installed}). "
        "Install that one, or name another store with MLFLOW_TRACKING_URI"
    )


@lru_cache(maxsize=1)
def _revisions() -> tuple[frozenset[str], str]:
    # Read as text: to import the migrations takes seconds, and this stands before every training.
    package = find_spec("mlflow")
    if package is None or package.origin is None:
        raise MachineError("MLflow is not installed; install bloodstudy anew")
    folder = Path(package.origin).parent / "store" / "db_migrations" / "versions"
    text = "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.py")))
    known = frozenset(re.findall(r'^revision = "(\w+)"', text, re.MULTILINE))
    (newest,) = known - set(re.findall(r'^down_revision = "(\w+)"', text, re.MULTILINE))
    return known, newest


def create(path: Path) -> None:
    """Create the store at `path` if it is missing: whole or not at all, once however many processes want it."""
    with files.explained(path):
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=LOCK_PATIENCE_S):
            if path.exists():
                return
            from mlflow.db import upgrade
            from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

            with files.published(path) as beside, unlittered(address_of(beside)):
                upgrade.callback(address_of(beside))  # pyright: ignore[reportOptionalCall]
                # MLflow's own experiment, whose folder it would write into SQL unquoted, left to itself.
                root = (path.absolute().parent / "mlruns").as_uri()
                SqlAlchemyStore(address_of(beside), root)._dispose_engine()


def find_artifacts_here(path: Path, folder: Path) -> None:
    """Let a store that was copied or moved with its working folder name the artifacts that came along, in `folder`.

    MLflow keeps absolute places: left to itself, the copy writes into the folder that it was copied from. A run whose
    artifacts did not come along keeps the place that it has.
    """
    root = f"{folder.absolute().as_uri()}/"
    with closing(sqlite3.connect(path.absolute(), timeout=LOCK_PATIENCE_S)) as database, database:
        places = [place for (place,) in database.execute("SELECT artifact_location FROM experiments")]
        mark = f"/{folder.name}/"
        earlier = {place.rpartition(mark)[0] + mark for place in places if mark in (place or "")} - {root}
        for old in earlier:
            for table, column in _PLACES.items():
                strange = f"SELECT rowid, {column} FROM {table} WHERE substr({column}, 1, ?) = ?"
                rows = database.execute(strange, [len(old), old])
                for row, place in rows.fetchall():
                    here = root + place.removeprefix(old)
                    if table == "experiments" or Path(unquote(here.removeprefix("file://"))).exists():
                        database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", [here, row])
