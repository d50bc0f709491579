"""python -m bloodstudy.audit: say what is wrong with a data set, before anybody trains on it.

The flow: check what was typed; screen and decode the images, small; look for duplicates, leaks and contradictions;
write <reports_dir>/audit/<data>/audit.md. Trains nothing, loads no TensorFlow and asks no tracking store.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_dir

from bloodstudy.cli import compose, terminal
from bloodstudy.config import schema
from bloodstudy.errors import UserError

if TYPE_CHECKING:
    from bloodstudy.data import Dataset
    from bloodstudy.data.quality.findings import Findings

USAGE = """\
python -m bloodstudy.audit [data=NAME] [data.root=FOLDER] [data.split=SPLIT] [strict=true]

Says what is wrong with the images: files that cannot be used, exact duplicates, the same cell on both sides of the
split, one cell under two classes, and how many independent photographs the test set is worth. It writes
<reports_dir>/audit/<data>/audit.md with its figures and tables, and trains nothing.

  data=smear|kaggle|bccd|folder   which images (default smear); any other key data.* of python -m bloodstudy.run --help
  strict=true                     exit with 1 where the split leaks, or where that cannot be told
  reports_dir=FOLDER              where to write (default reports)
  cache_dir=FOLDER                where to keep decoded images"""

KEYS = ("data", "strict", "reports_dir", "cache_dir")
IMAGE_SIZE = (60, 80)  # height, width in pixels: brightness needs no more


def audit(arguments: list[str]) -> int:
    """Write the audit and print its summary; return 1 where a strict one does not pass, otherwise 0."""
    if {"-h", "--help"} & set(arguments):
        terminal.say(USAGE)
        return 0
    settings = _read_settings(arguments)
    # Imported only now, with pandas in their train, so that --help and a mistyped key answer at once.
    from bloodstudy.data.quality.brightness import measure_brightness
    from bloodstudy.data.quality.findings import find

    images = _load_placed(settings.data, settings.places)
    random = images
    if images.split != "random":  # what was found above is kept, so this one is quick
        random = _load(replace(settings.data, split="random"), settings.places, "never")
    from bloodstudy import reporting  # after the images: seaborn takes seconds, a wrong folder is told at once

    report = reporting.Audit(
        command=shlex.join(["python", "-m", "bloodstudy.audit", *arguments]),
        notes=images.notes,
        findings=find(images),
        random=find(random),
        brightness=measure_brightness(images),
        multi_label=_list_multi_label(settings),
    )
    path = reporting.write_audit(report, Path(settings.places.reports_dir))
    rows = reporting.summarise_audit(report.findings)
    terminal.print_table(f"{images.name}, {images.split} split", ("", "number"), rows, right=("number",))
    terminal.say(str(path))
    return _judge(report.findings) if settings.control.strict else 0


def _read_settings(arguments: list[str]) -> schema.Settings:
    """Return the checked settings; raises UserError with all that an audit cannot use."""
    options = [argument for argument in arguments if argument.startswith("-")]
    if options:
        raise UserError(f"{' '.join(options)}: an audit has no such option. Type: {USAGE.splitlines()[0]}")
    sweep = compose.check(arguments, multirun=False)  # first: it finds the key that a mistyped one was meant to be
    keys = {argument: argument.split("=")[0] for argument in arguments}
    others = [argument for argument, key in keys.items() if key not in KEYS and not key.startswith("data.")]
    if others:
        raise UserError(
            f"{' '.join(others)}: an audit looks at images and trains nothing, so it takes data keys only; expected "
            f"data=NAME, data.root=FOLDER, another data key, {', '.join(KEYS[1:])}."
        )
    return sweep.jobs[0].settings


def _load_placed(choice: schema.DataChoice, places: schema.Places) -> Dataset:
    """Return the images with the scene of each, found now where nothing says it; without, where that is impossible."""
    try:
        return _load(choice, places, "missing")
    except UserError as error:
        images = _load(choice, places, "never")  # raises again where it is not the scenes that are at fault
        reasons = tuple(problem.rstrip(".") for problem in error.problems)
        for reason in reasons:
            terminal.say(f"scenes are left unknown: {reason}.")
        return replace(images, notes=images.notes + reasons)


def _load(choice: schema.DataChoice, places: schema.Places, register: str) -> Dataset:
    """Return the images, small and in colour."""
    from bloodstudy import data

    with terminal.stages(choice.name) as progress:
        return data.load(
            choice,
            colour="rgb",
            image_size=IMAGE_SIZE,
            cache_dir=Path(places.cache_dir) if places.cache_dir else None,
            register=register,
            progress=progress,
        )


def _list_multi_label(settings: schema.Settings) -> dict[str, str] | None:
    """Return the photographs with several labels, None where the data have no table of labels."""
    from bloodstudy.data.sources.bccd import list_multi_label

    if settings.data.name not in ("kaggle", "bccd"):
        return None
    return list_multi_label(settings.data.root, Path(settings.places.cache_dir or user_cache_dir("bloodstudy")))


def _judge(found: Findings) -> int:
    """Return the exit code of a strict audit, and say why it is not 0."""
    if found.provenance == "unknown":
        terminal.say("strict: which scene each image shows is not known, so nobody can tell whether the split leaks")
        return 1
    if len(found.leaks):
        terminal.say(f"strict: the {found.split} split leaks; leaks.csv lists the test images that training knows")
        return 1
    if len(found.unplaced):
        terminal.say(f"strict: no leak among the images whose scene is known; of {len(found.unplaced):,} it is not")
    return 0


if __name__ == "__main__":
    sys.exit(terminal.run_command(audit))
