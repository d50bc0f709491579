"""The files of a trial beside its result, each checked when it is read, here alone.

In: the folder of a trial. Out: its history, its predictions, the number of its attempts; None for what is not there.
What is damaged is a UserError that names the file and the remedy, if it matters.
"""

# pandas and pyarrow have no types of their own.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

from typing import TYPE_CHECKING

from bloodstudy import files
from bloodstudy.study.record import read_record
from bloodstudy.study.run_folder import RETRAIN, TrialFolder, readable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def read_history(trial: TrialFolder) -> pd.DataFrame | None:
    """Return the history of a trial."""
    from bloodstudy.study.history import parse_history

    if not trial.history.exists():
        return None
    with readable(trial.history, RETRAIN):
        return parse_history(trial.history.read_bytes())


def read_predictions(trial: TrialFolder) -> pa.Table | None:
    """Return the predictions of a trial."""
    from bloodstudy.study.predictions import read_table

    if not trial.predictions.exists():
        return None
    with readable(trial.predictions, RETRAIN):
        return read_table(trial.predictions)


def read_attempts(trial: TrialFolder) -> int | None:
    """Return how many attempts a trial has had; 1 if their number cannot be read, since it was begun."""
    try:
        content = files.read_json(trial.attempts)
        return None if content is None else max(1, read_record(int, content))
    except (OSError, ValueError, RecursionError):
        return 1


def read_failures(trial: TrialFolder) -> int:
    """Return how often a trial has failed so far; 1 if that cannot be read, since it has."""
    try:
        return max(0, read_record(int, files.read_json(trial.failures) or 0))
    except (OSError, ValueError, RecursionError):
        return 1
