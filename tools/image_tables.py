"""python tools/image_tables.py: make the tables of photographs and scenes that come with the package, anew.

In: the Kaggle archive. Out: the files of bloodstudy/data/tables, to be committed; needed after any change of how images
are registered. Takes minutes, trains nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from bloodstudy import data
from bloodstudy.cli import compose, terminal
from bloodstudy.cli.command import run_command
from bloodstudy.data.provenance import shipped
from bloodstudy.data.provenance.provenance import COLUMNS
from bloodstudy.errors import UserError

COMMAND = "python tools/image_tables.py"
USAGE = f"""\
{COMMAND} [data.root=FOLDER] [cache_dir=FOLDER]

Registers all images of the Kaggle release on its photographs, anew, and writes the tables that come with the package:
{shipped.TABLES}. Images from: data.root, else BLOODSTUDY_DATA, else the download."""


def tables(arguments: list[str]) -> int:
    """Write the tables; raises UserError for an argument that has no part in them."""
    if {"-h", "--help"} & set(arguments):
        terminal.say(USAGE)
        return 0
    taken = ("data.root=", "cache_dir=")
    if others := [argument for argument in arguments if not argument.startswith(taken)]:
        raise UserError(
            f"{' '.join(others)}: expected data.root=FOLDER or cache_dir=FOLDER. Type: {USAGE.splitlines()[0]}"
        )
    copies = _register(["data=kaggle", *arguments])
    photographs = _register(["data=bccd", *arguments])
    shipped.write_tables(
        _table(copies, ["image", *COLUMNS]),
        _table(photographs, ["photograph", "scene", "sha256"]),
        copies.fingerprint,
        COMMAND,
    )
    unplaced = copies.provenance.unplaced
    terminal.say(f"{len(copies.manifest):,} images, {unplaced} not placed; {len(photographs.manifest)} photographs")
    terminal.say(str(shipped.TABLES))
    return 0


def _register(overrides: list[str]) -> data.Dataset:
    settings = compose.check(overrides, multirun=False).jobs[0].settings
    cache = Path(settings.places.cache_dir) if settings.places.cache_dir else None
    with terminal.stages(settings.data.name) as progress:
        return data.load(
            settings.data, colour="gray", image_size=(60, 80), cache_dir=cache, register="anew", progress=progress
        )


def _table(found: data.Dataset, columns: list[str]) -> pd.DataFrame:
    provenance = found.provenance.table
    return found.manifest.assign(score=provenance["score"], margin=provenance["margin"]).loc[:, columns]


if __name__ == "__main__":
    sys.exit(run_command(tables))
