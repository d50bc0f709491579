"""Predictions, small enough to send.

In: the predictions table of a trial as it is stored: columns of text, then the probability of each class in
thousandths. Out: a short string of bytes, and its columns of text by digest, which trials on the same images share.
Reading back gives the same table, to the bit; nothing that is read is ever executed.
"""

# pyarrow has no types of its own.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from bloodstudy.study.predictions import COLUMNS, MAX_CLASSES, MAX_ROWS, PREFIX, STEP
from bloodstudy.study.record import read_record

MAX_HEADER_BYTES = 1_000_000


@dataclass(frozen=True)
class Header:
    """What stands before the probabilities."""

    text: Mapping[str, str]  # digests of its columns of text, by their names
    classes: Sequence[str]
    rows: int


@dataclass(frozen=True)
class Packed:
    """The predictions of one trial."""

    table: bytes
    columns: dict[str, bytes]  # its columns of text, by digest


def pack(table: pa.Table) -> Packed:
    """Return `table` in small; raises ValueError, in words for people, if it is no table of predictions."""
    names = table.column_names
    classes = [name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)]
    text = names[: len(names) - len(classes)]
    if not classes or names != [*text, *(PREFIX + name for name in classes)]:
        raise ValueError("expected columns of text and then one p_<CLASS> for each class")
    columns: dict[str, bytes] = {}
    digests: dict[str, str] = {}
    for name in text:
        kind = table.schema.field(name).type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise ValueError(f"expected text in column {name!r}; received {kind}")
        content = json.dumps(table[name].to_pylist(), ensure_ascii=False, separators=(",", ":")).encode()
        digests[name] = hashlib.sha256(content).hexdigest()
        columns[digests[name]] = content
    header = json.dumps(asdict(Header(digests, classes, table.num_rows)), ensure_ascii=False)
    return Packed(header.encode() + b"\n" + _to_planes(_steps(table, classes)), columns)


def read_header(packed: bytes) -> Header:
    """Return what stands before the probabilities; raises ValueError if it is not what `pack` writes."""
    header = read_record(Header, _read(packed[:MAX_HEADER_BYTES].partition(b"\n")[0]))
    if unknown := header.text.keys() - set(COLUMNS):
        raise ValueError(f"expected the columns {', '.join(COLUMNS)}; received {min(unknown)!r:.80}")
    return header


def unpack(packed: bytes, columns: Mapping[str, bytes]) -> pa.Table:
    """Return the table that was packed; raises ValueError if `packed` or one of its columns is no such thing."""
    header, planes = read_header(packed), packed.partition(b"\n")[2]
    classes, rows = header.classes, header.rows
    if not 1 <= len(classes) <= MAX_CLASSES:
        raise ValueError(f"expected 1 to {MAX_CLASSES} classes; received {len(classes)}")
    if not 0 <= rows <= MAX_ROWS or len(planes) != 2 * len(classes) * rows:
        raise ValueError(
            f"expected {len(classes)} probabilities for each of {rows} images; received {len(planes)} bytes"
        )
    arrays: dict[str, pa.Array] = {}
    for name, digest in header.text.items():
        if digest not in columns:
            raise ValueError(f"its column {name!r} is missing")
        arrays[name] = _read_column(columns[digest])
        if len(arrays[name]) != rows:
            raise ValueError(f"its column {name!r} has {len(arrays[name])} rows; expected {rows}")
    steps = _from_planes(planes, len(classes), rows)
    values = (steps / STEP).astype("float32")
    arrays |= {PREFIX + name: pa.array(values[:, k]) for k, name in enumerate(classes)}
    if len(arrays) != len(header.text) + len(classes):
        raise ValueError("it names a column twice")
    return pa.table(arrays)


def _steps(table: pa.Table, classes: list[str]) -> np.ndarray:
    """Return the thousandths, int (rows, classes)."""
    for name in classes:
        if not pa.types.is_float32(table.schema.field(PREFIX + name).type) or table[PREFIX + name].null_count:
            raise ValueError(f"expected a float32 probability of every image in column {PREFIX + name!r}")
    values = np.column_stack([table[PREFIX + name].to_numpy() for name in classes])
    steps = np.rint(np.nan_to_num(values, nan=-1, posinf=-1, neginf=-1).astype("float64") * STEP).astype("int64")
    if not np.array_equal((steps / STEP).astype("float32"), values) or steps.min(initial=0) < 0:
        raise ValueError("expected probabilities in whole thousandths")
    return steps


def _to_planes(steps: np.ndarray) -> bytes:
    """Return uint16 columns, all their low bytes before all their high ones, the last column by what is left of 1.

    Probabilities add up to 1 but for rounding, so that nearly all of what is left is -1, 0 or 1 thousandths.
    """
    rest = STEP - steps.sum(axis=1)
    folded = np.where(rest < 0, -2 * rest - 1, 2 * rest)  # 0 -1 1 -2 2 as 0 1 2 3 4
    columns = np.concatenate([steps[:, :-1].T.ravel(), folded])
    if columns.max(initial=0) > np.iinfo("uint16").max:
        raise ValueError("expected probabilities that add up to about 1")
    return (columns % 256).astype("uint8").tobytes() + (columns // 256).astype("uint8").tobytes()


def _from_planes(planes: bytes, classes: int, rows: int) -> np.ndarray:
    low, high = np.frombuffer(planes, "uint8").reshape(2, classes, rows).astype("int32")
    columns = (low + 256 * high).T
    folded = columns[:, -1]
    rest = np.where(folded % 2, -(folded + 1) // 2, folded // 2)
    steps = columns.copy()
    steps[:, -1] = STEP - rest - columns[:, :-1].sum(axis=1)
    if steps.min(initial=0) < 0:
        raise ValueError("it holds a probability below 0")
    return steps


@lru_cache(maxsize=64)
def _read_column(content: bytes) -> pa.Array:
    return pa.array(read_record(list[str | None], _read(content)), pa.large_string())


def _read(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("its JSON cannot be read") from error
