"""The tracking store: where MLflow keeps runs.

The default is an SQLite file in the working folder with the artifacts beside it; MLFLOW_TRACKING_URI names another.
In: the address and a study. Out: an open store, with the MLflow experiment of that study.
"""

from __future__ import annotations

import base64
import errno
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from bloodstudy.errors import BloodstudyError, MachineError
from bloodstudy.tracking import sqlite

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

ARTIFACTS = "mlartifacts"  # of the default store, in the working folder
TOKEN = "bloodstudy.token"  # tag of a trial's run: the same for all attempts at it
PAGE = 1000  # runs that are asked for at once
SHORTEST_SECRET = 4  # characters: a shorter one would be found in every word
MAX_SAID = 1000  # characters of a message of MLflow, which ends in the remedy
# Of an address; a password may hold anything. What follows sqlite:/// is a path, and may hold the sign too.
_USER = re.compile(r"\b((?!sqlite|file)[A-Za-z][\w+.-]*://|(?:sqlite|file)[\w+.-]*://(?!/))\S*@")
# MLflow's usual patience is minutes. A trial whose server is away is logged later, so nobody has to wait for long; one
# retry is needed, since a server that was restarted has closed the connections that we keep.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


@dataclass(frozen=True)
class Store:
    """An open store and the MLflow experiment of one study in it."""

    uri: str  # as it may be published: without secrets
    client: MlflowClient
    experiment_id: str
    experiment: str  # sets this experiment apart from one that stood at the same address before


def tracking_uri() -> str:
    """Return MLFLOW_TRACKING_URI, or the SQLite file of the working folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or sqlite.address_of(Path("mlflow.db"))


def public_uri() -> str:
    """Return the address of the store without user, password and query: what files and messages may hold."""
    return hide_secrets(tracking_uri())


def hide_secrets(text: str) -> str:
    """Replace user and password of each address in `text`, either of which may be a token, and the store's query."""
    uri = tracking_uri()
    ends = "?" if uri.startswith("sqlite") else "?#"  # a path may hold the second
    place, mark, rest = re.match(rf"([^{ends}]*)([{ends}]?)(.*)", uri, re.DOTALL).groups()  # pyright: ignore[reportOptionalMemberAccess]
    text = text.replace(f"{mark}{rest}", f"{mark}***") if rest else text
    scheme, sign, user = place.rpartition("@")[0].rpartition("://")
    if user and not user.startswith("/"):  # as it stands: a blank would end what the pattern finds
        text = text.replace(f"{scheme}{sign}{user}@", f"{scheme}{sign}***@")
    for secret in (*_list_secrets(), *_encode(unquote(user))):
        text = text.replace(secret, "***")
    return _USER.sub(r"\1***@", text)


def _list_secrets() -> list[str]:
    """Return what MLflow sends beside the address, as it is and as it is sent: a server may repeat it."""
    name, *secrets = (os.environ.get(f"MLFLOW_TRACKING_{part}", "") for part in ("USERNAME", "PASSWORD", "TOKEN"))
    return [secret for secret in secrets if len(secret) >= SHORTEST_SECRET] + _encode(f"{name}:{secrets[0]}")


def _encode(user: str) -> list[str]:
    return [base64.b64encode(user.encode()).decode()] if ":" in user.strip(":") else []


def require_store() -> None:
    """Raise MachineError if the store is a file of this machine that cannot be used; costs no import of MLflow."""
    path = sqlite.path_of(tracking_uri())
    if path is not None:
        sqlite.require(path)


def open_store(study: str) -> Store:
    """Open the tracking store and create the study's MLflow experiment if it is missing.

    Raises MachineError if the store cannot be used: unreachable, damaged, read-only, of another version of MLflow,
    or no such kind of address. A store that holds anything is never migrated and never created again.
    """
    uri = tracking_uri()
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"  # it would print the address as it is
    logging.getLogger("alembic").setLevel(logging.WARNING)
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    from mlflow import MlflowClient

    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it prints the tracebacks that it raises
    require_store()
    with explained(), sqlite.unlittered(uri):
        path = sqlite.path_of(uri)
        if path is not None:
            sqlite.create(path)
            if not os.environ.get("MLFLOW_TRACKING_URI"):
                sqlite.find_artifacts_here(path, Path(ARTIFACTS))
        elif "://" in uri and not uri.startswith(("http:", "https:", "file:", "databricks")):
            _require_schema(uri)
        client = MlflowClient(uri)
        return Store(public_uri(), client, *_experiment(client, uri, study))


@contextmanager
def explained() -> Iterator[None]:
    """Turn whatever MLflow and what lies below it raise into a MachineError with the remedy."""
    try:
        yield
    except BloodstudyError:
        raise
    except Exception as error:  # MLflow lets those of SQLAlchemy, requests and others through
        if _tells_of_a_full_disk(error):
            raise MachineError(
                f"{first_line(error)}. Free some, or let MLFLOW_TRACKING_URI name another place"
            ) from error
        raise MachineError(
            f"the tracking store {public_uri()} cannot be used: {first_line(error)}. Start it, or unset "
            "MLFLOW_TRACKING_URI to log to mlflow.db in this folder"
        ) from error


def first_line(error: BaseException) -> str:
    """Return what an error says, in one line that may be shown: up to an empty line, without the SQL of a database."""
    if isinstance(error, MachineError):
        return hide_secrets(str(error))
    if _tells_of_a_full_disk(error):
        return f"the tracking store {public_uri()} cannot be written: no room on its disk, or for a file of that size"
    paragraph = str(getattr(error, "orig", None) or error).strip().partition("\n\n")[0]
    lines = [
        line.strip() for line in paragraph.splitlines() if not line.startswith(("[SQL", "[parameters", "(Background"))
    ]
    said = hide_secrets(" ".join(lines))
    return (said if len(said) <= MAX_SAID else f"{said[:MAX_SAID]}...") or type(error).__name__


def _tells_of_a_full_disk(error: BaseException | None) -> bool:
    """Tell whether a full disk is the cause, however many errors were made of it on the way."""
    while error is not None:
        numbered = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if numbered or getattr(error, "sqlite_errorcode", None) in sqlite.UNWRITABLE:
            return True
        if any(words in str(error) for words in ("disk is full", "No space left on device")):
            return True
        error = error.__cause__ or error.__context__
    return False


def _require_schema(uri: str) -> None:
    # MLflow migrates without asking if tables are missing: to a database that others use as well.
    import sqlalchemy
    from alembic.migration import MigrationContext

    engine = sqlalchemy.create_engine(uri)
    try:
        with engine.connect() as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    if revision is not None:
        sqlite.require_revision(revision, public_uri())


def _experiment(client: MlflowClient, uri: str, study: str) -> tuple[str, str]:
    experiment = client.get_experiment_by_name(study)
    if experiment is None:
        beside = Path(ARTIFACTS, study).absolute().as_uri() if uri.startswith("sqlite:") else None
        # MLflow's interface opens on its pages for language models unless told that this is model training.
        kind = {"mlflow.experimentKind": "custom_model_development"}
        experiment = client.get_experiment(client.create_experiment(study, artifact_location=beside, tags=kind))
    elif experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
        _drop_superseded(client, experiment.experiment_id)
    return experiment.experiment_id, f"{experiment.experiment_id}@{experiment.creation_time}"


def _drop_superseded(client: MlflowClient, experiment_id: str) -> None:
    """Delete again what comes back with an experiment: of each trial, all runs but the last that was begun."""
    runs: list[Run] = []
    page = None
    while page is None or page.token:  # all are read before one is deleted: the pages would move
        page = client.search_runs([experiment_id], max_results=PAGE, page_token=page.token if page else None)
        runs += [run for run in page if TOKEN in run.data.tags]
    newest = {run.data.tags[TOKEN]: run for run in sorted(runs, key=lambda run: run.info.start_time)}
    for run in runs:
        if run is not newest[run.data.tags[TOKEN]]:
            client.delete_run(run.info.run_id)
