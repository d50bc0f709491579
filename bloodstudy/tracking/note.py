"""What the run folder notes of a run in MLflow: where it is, and whether somebody goes on with it.

In: the path of run.json, logged.json or mlflow.json. Out: a frozen `Note`; None if there is none, or if it is damaged:
then the run counts as not noted, and what the store lacks is logged anew.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from bloodstudy import files
from bloodstudy.study.record import read_record


@dataclass(frozen=True)
class Note:
    """One run in one store."""

    tracking_uri: str  # without secrets
    run_id: str | None = None  # None: it was asked for, and the answer is not here yet
    token: str | None = None  # by which the store finds it, if the answer never comes
    open: bool = True
    experiment: str | None = None
    started: int = 0  # milliseconds since the epoch, as the run says; 0: not noted

    def write(self, path: Path) -> None:
        """Publish the note at `path`."""
        files.write_json(path, asdict(self))


def read_note(path: Path) -> Note | None:
    """Return the note at `path`."""
    try:
        content = files.read_json(path)
        return None if content is None else read_record(Note, content)
    except (OSError, ValueError, RecursionError):
        return None
