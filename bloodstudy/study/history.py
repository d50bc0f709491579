"""What a trial went through, epoch by epoch.

In: the content of its history.csv. Out: a frame, one row an epoch; ValueError, in words for people, if it is none.
"""

# pandas has no types of its own.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import csv
import io
import re

import pandas as pd

COLUMNS = ("epoch", "fit_loss", "fit_accuracy")  # there may be more


def parse_history(content: bytes) -> pd.DataFrame:
    """Return the history; raises ValueError if it is no table of numbers, one row an epoch from the first on."""
    try:
        header, *rows = csv.reader(io.StringIO(content.decode()), strict=True)
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if (
        not {*COLUMNS} <= {*header}
        or len({*header}) < len(header)
        or not all(re.fullmatch("[a-z_]+", name) for name in header)
    ):
        raise ValueError(f"expected columns such as {', '.join(COLUMNS)}; received {', '.join(header)}")
    if uneven := next((row for row in rows if len(row) != len(header)), None):
        raise ValueError(f"expected {len(header)} numbers a row; received {len(uneven)}")
    history = pd.read_csv(io.BytesIO(content), index_col=False)
    for name in history.columns:
        if len(history) and history[name].dtype.kind not in "if":
            raise ValueError(f"expected numbers in column {name!r}; received {history[name].iloc[0]!r:.40} and others")
    if history["epoch"].tolist() != list(range(1, len(history) + 1)):
        raise ValueError("expected the epochs 1, 2, 3, ... one a row")
    return history
