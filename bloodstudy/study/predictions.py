"""What a trial's stored predictions are, in one hash.

In: the table of predictions.parquet. Out: a hash of split, image, label and probabilities in its order. Photograph and
scene have no part in it: they may become known after the trial was measured.
"""

# pandas has no types of its own.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd

PREFIX = "p_"  # of the columns of probabilities, one a class
STEP = 1000  # probabilities are stored as thousandths
COLUMNS = ("split", "image", "photograph", "scene", "label")  # of text, which stand before them
_TEXTS = ("split", "image", "label")


def check_stored(path: Path, expected: str) -> None:
    """Raise ValueError if the table at `path` has another hash than `expected`."""
    if hash_stored(pd.read_parquet(path)) != expected:
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
