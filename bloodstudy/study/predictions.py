"""What a trial's stored predictions are: a table, checked when it is read, and its hash.

In: predictions.parquet. Out: its table, or ValueError, in words for people; and a hash of split, image, label and
probabilities in its order. Photograph and scene have no part in that: they may become known later.
"""

# pandas and pyarrow have no types of their own.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

PREFIX = "p_"  # of the columns of probabilities, one a class
STEP = 1000  # probabilities are stored as thousandths
COLUMNS = ("split", "image", "photograph", "scene", "label")  # of text, which stand before them
SPLITS = ("train", "test", "validation")
MAX_CLASSES, MAX_ROWS = 1_000, 1_000_000
_TEXTS = ("split", "image", "label")


def read_table(path: Path) -> pa.Table:
    """Return the table at `path`; raises ValueError if it is none of predictions, which its first bytes tell."""
    try:
        # So small a file that threads only cost, and they stay for as long as the process.
        with pq.ParquetFile(path, pre_buffer=False) as stored:
            check_columns(stored.schema_arrow, stored.metadata.num_rows)
            table = stored.read(use_threads=False)
            text = [name for name in COLUMNS if name in table.column_names]
            table = table.select([*text, *(name for name in table.column_names if name not in text)])
    except (pa.ArrowException, OverflowError) as error:
        raise ValueError(str(error)) from error
    check_values(table)
    return table


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return a table of predictions as a data frame, without threads, as `read_table` reads it."""
    return table.to_pandas(use_threads=False)


def check_columns(schema: pa.Schema, rows: int) -> None:
    """Raise ValueError if these are not the columns of predictions, or too many rows."""
    classes = [name for name in schema.names if name.startswith(PREFIX)]
    text = [name for name in schema.names if name not in classes]
    if not classes or len({*schema.names}) < len(schema.names):
        raise ValueError("expected columns of text and one p_<CLASS> for each class")
    if len(classes) > MAX_CLASSES or rows > MAX_ROWS:
        raise ValueError(f"expected at most {MAX_CLASSES:,} classes and {MAX_ROWS:,} images")
    if not {*_TEXTS} <= {*text} <= {*COLUMNS}:
        raise ValueError(f"expected the columns {', '.join(COLUMNS)}; received {', '.join(text)}")
    for name in schema.names:
        kind = schema.field(name).type
        if name in text and not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise ValueError(f"expected text in column {name!r}; received {kind}")
        if name in classes and not pa.types.is_float32(kind):
            raise ValueError(f"expected float32 in column {name!r}; received {kind}")


def check_values(table: pa.Table) -> None:
    """Raise ValueError if the values of predictions cannot be: an unknown side or class, no probability."""
    classes = [name.removeprefix(PREFIX) for name in table.column_names if name.startswith(PREFIX)]
    for name, allowed in (("split", SPLITS), ("label", classes)):
        if unknown := {*table[name].unique().to_pylist()} - {*allowed}:
            raise ValueError(f"expected in column {name!r} one of {', '.join(allowed)}; received {unknown.pop()!r:.60}")
    if any(table[name].null_count for name in ("image", *(PREFIX + name for name in classes))):
        raise ValueError("expected a name and a probability of each class for every image")


def check_stored(table: pa.Table, expected: str) -> None:
    """Raise ValueError if the table has another hash than `expected`."""
    if hash_stored(to_frame(table)) != expected:
        raise ValueError("it was changed after its trial was measured")


def hash_stored(table: pd.DataFrame) -> str:
    """Return the first 16 hex digits of a SHA-256 over split, image, label and thousandths (uint16), in table order.

    Raises ValueError, in words for people, if a probability is not a whole number of thousandths.
    """
    names = [str(name) for name in table.columns if str(name).startswith(PREFIX)]
    values = table[names].to_numpy(dtype="float32")
    steps = np.rint(values.astype("float64") * STEP)
    if not np.array_equal((steps / STEP).astype("float32"), values) or not ((steps >= 0) & (steps < 2**16)).all():
        raise ValueError("expected probabilities in whole thousandths")
    # as objects: pandas would hand out its own strings one at a time
    texts = {name: [str(value) for value in table[name].to_numpy(dtype=object)] for name in _TEXTS}
    digest = hashlib.sha256(json.dumps([names, texts], ensure_ascii=False).encode())
    digest.update(steps.astype("<u2").tobytes())
    return digest.hexdigest()[:16]
