"""The table that comes with the package: photograph and scene of every image of the Kaggle release.

In: the name of a data set and what was decoded of it. Out: the rows of its images, or None if these are not the very
files that the table was made from: their fingerprint (kaggle) or the content of each photograph (bccd) decides.

    tables/kaggle.csv.gz   image, photograph, scene, score, margin
    tables/bccd.csv.gz     photograph, scene, sha256
    tables/about.json      the fingerprint of the images, and the command that makes all three again
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from bloodstudy import PACKAGE
from bloodstudy.data.screening.cache import Decoded
from bloodstudy.files import read_json, write_json

TABLES = PACKAGE / "data" / "tables"


def write_tables(kaggle: pd.DataFrame, bccd: pd.DataFrame, fingerprint: str, command: str) -> None:
    """Write the three files; the same tables give the same bytes."""
    options: dict[str, Any] = {"index": False, "lineterminator": "\n", "compression": {"method": "gzip", "mtime": 0}}
    TABLES.mkdir(exist_ok=True)
    kaggle.to_csv(TABLES / "kaggle.csv.gz", **options)
    bccd.to_csv(TABLES / "bccd.csv.gz", **options)
    write_json(TABLES / "about.json", {"fingerprint": fingerprint, "images": len(kaggle), "command": command})


def lookup(name: str, decoded: Decoded) -> pd.DataFrame | None:
    """Return photograph, scene and score of the usable images in order; None if the table is not of these data."""
    return READERS[name](decoded) if name in READERS else None


def _copies(decoded: Decoded) -> pd.DataFrame | None:
    about = read_json(TABLES / "about.json")
    if about is None or about["fingerprint"] != decoded.fingerprint:
        return None
    table = pd.read_csv(TABLES / "kaggle.csv.gz", keep_default_na=False).set_index("image")
    return table.loc[[file.image for file in decoded.files]].reset_index()


def _photographs(decoded: Decoded) -> pd.DataFrame | None:
    if not (TABLES / "bccd.csv.gz").is_file():
        return None
    table = pd.read_csv(TABLES / "bccd.csv.gz", keep_default_na=False).set_index("photograph")
    names = [file.photograph for file in decoded.files]
    if not set(names) <= set(table.index) or table.loc[names, "sha256"].to_list() != decoded.screening.hashes:
        return None
    return table.loc[names].reset_index().assign(score=1.0, margin=1.0)


READERS = {"kaggle": _copies, "bccd": _photographs}  # by data set
