"""The images of an audit: small, in colour, with the scene of each if it can be found; and whether the split leaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from platformdirs import user_cache_dir

from bloodstudy import data
from bloodstudy.cli import terminal
from bloodstudy.config.schema import DataChoice, Places
from bloodstudy.data.quality.findings import Findings
from bloodstudy.data.sources import bccd
from bloodstudy.errors import UserError

IMAGE_SIZE = (60, 80)  # height, width in pixels: brightness needs no more


def load_audited(choice: DataChoice, places: Places) -> tuple[data.Dataset, data.Dataset]:
    """Return the images as `choice` divides them and as a random split does.

    The scene of each is found now if nothing says it yet, and stays unknown if that is impossible.
    """
    try:
        images = _load(choice, places, "missing")
    except UserError as error:
        images = _load(choice, places, "never")  # raises again if it is not the scenes that are at fault
        reasons = tuple(problem.rstrip(".") for problem in error.problems)
        for reason in reasons:
            terminal.say(f"scenes are left unknown: {reason}.")
        images = replace(images, notes=images.notes + reasons)
    if images.split == "random":
        return images, images
    return images, _load(replace(choice, split="random"), places, "never")  # quick: the decoded images are kept


def _load(choice: DataChoice, places: Places, register: str) -> data.Dataset:
    cache_dir = Path(places.cache_dir) if places.cache_dir else None
    with terminal.stages(choice.name) as progress:
        return data.load(
            choice, colour="rgb", image_size=IMAGE_SIZE, cache_dir=cache_dir, register=register, progress=progress
        )


def list_multi_label(choice: DataChoice, places: Places) -> dict[str, str] | None:
    """Return the photographs with several labels, None if the data have no table of labels."""
    if choice.name not in ("kaggle", "bccd"):
        return None
    return bccd.list_multi_label(choice.root, Path(places.cache_dir or user_cache_dir("bloodstudy")))


def judge_split(findings: Findings) -> int:
    """Return the exit code of an audit with fail_on_leak=true, and say how it came to it."""
    code, reason = 1, None
    if findings.provenance == "unknown":
        reason = "which scene each image shows is not known, so nobody can tell whether the split leaks"
    elif len(findings.leaks):
        reason = f"the {findings.split} split leaks; leaks.csv lists the test images that training knows"
    elif len(findings.unplaced):
        code, reason = 0, f"no leak among the images whose scene is known; of {len(findings.unplaced):,} it is not"
    if reason is None:
        return 0
    terminal.say(f"fail_on_leak: {reason}")
    return code
