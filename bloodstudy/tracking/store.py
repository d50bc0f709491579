"""The tracking store: where MLflow keeps runs, opened once by the parent.

The default is an SQLite file in the working folder with the artifacts beside it; MLFLOW_TRACKING_URI names another.
"""

from __future__ import annotations

import logging
import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from bloodstudy.errors import MachineError

if TYPE_CHECKING:
    from mlflow import MlflowClient

# A server that is away must not hold up training for MLflow's usual minutes of retries: the trial is logged later.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


@dataclass(frozen=True)
class Store:
    """An open store and the MLflow experiment of one study in it."""

    uri: str
    client: MlflowClient
    experiment_id: str


def tracking_uri() -> str:
    """Return MLFLOW_TRACKING_URI, or the SQLite file of the working folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path('mlflow.db').absolute().as_posix()}"


def open_store(study: str) -> Store:
    """Open the tracking store and create the study's MLflow experiment where it is missing.

    Raises MachineError where the store cannot be used: unreachable, damaged, read-only, or no such kind of address.
    """
    uri = tracking_uri()
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    from mlflow import MlflowClient

    try:
        # Several processes that open a fresh SQLite store together break its migration: the client already makes it.
        with FileLock("mlflow.db.lock") if uri.startswith("sqlite:") else nullcontext():
            client = MlflowClient(uri)
            return Store(uri, client, _experiment(client, uri, study))
    except Exception as error:  # MLflow lets those of SQLAlchemy, requests and others through
        first = str(error).strip().splitlines()[0][:300]
        raise MachineError(
            f"the tracking store {uri} cannot be used: {first}. Start it, or unset MLFLOW_TRACKING_URI to log to "
            "mlflow.db in this folder"
        ) from error


def _experiment(client: MlflowClient, uri: str, study: str) -> str:
    found = client.get_experiment_by_name(study)
    if found is not None:
        if found.lifecycle_stage == "deleted":
            client.restore_experiment(found.experiment_id)
        return found.experiment_id
    beside = Path("mlartifacts", study).absolute().as_uri() if uri.startswith("sqlite:") else None
    # MLflow's interface opens on its pages for language models unless told that this is model training.
    kind = {"mlflow.experimentKind": "custom_model_development"}
    return client.create_experiment(study, artifact_location=beside, tags=kind)
