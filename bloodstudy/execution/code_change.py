"""What trained the trials that are there already, held against what would train the rest.

In: the results and the saved states of the requested trials. Out: nothing if all is the same; else a warning, or a
UserError if more would be trained and on_code_change does not allow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bloodstudy.cli import terminal
from bloodstudy.config.schema import Control
from bloodstudy.errors import UserError
from bloodstudy.study.code_digest import code_digest
from bloodstudy.study.result import Result
from bloodstudy.training import checkpoint, installed_versions

# What must be the same, and how people call it.
NAMES = {"code": "code", "keras": "Keras", "tensorflow": "TensorFlow", "jax": "JAX"}
NAMES |= {"pixels": "images, decoded to"}  # another version of Pillow may decode them otherwise


def check(
    results: Mapping[str, Result | None], folder: Path, control: Control, pixels: Mapping[str, str] | None = None
) -> None:
    """Refuse to train the trials without a result beside others' work, unless on_code_change=warn; say what differs.

    `results` has each requested trial by its key, `pixels` the digest of its images as they are decoded here. Raises
    UserError; saved states are left as they are.
    """
    here = pixels or {}
    finished = {
        key: _compare({"code": result.code, **result.versions, "pixels": result.data.pixels}, here.get(key))
        for key, result in results.items()
        if result
    }
    others = {key: differing for key, differing in finished.items() if differing}
    begun = [] if control.retry == "all" else [key for key, result in results.items() if result is None]
    interrupted = {key: differing for key in begun if (differing := _compare_states(folder / key, here.get(key)))}
    problems = []
    if others:
        problems.append(
            f"{len(others)} of {len(results)} trials were trained with {_join(others)}; on_code_change=warn keeps them "
            "and the report says it, retry=all trains them again, another runs_dir keeps both"
        )
    if interrupted:
        problems.append(
            f"{len(interrupted)} of {len(results)} trials were interrupted, and begun with {_join(interrupted)}. Their "
            "saved epochs are kept: what began them goes on from there; on_code_change=warn or retry=all begins them "
            "again"
        )
    to_train = None in results.values() and not control.plan_only
    if problems and to_train and control.on_code_change == "refuse":
        raise UserError(*(f"on_code_change=refuse: {problem}" for problem in problems))
    for problem in problems:
        terminal.say(f"warning: {problem}")


def _compare(record: Mapping[str, str | None], pixels: str | None = None) -> tuple[str, ...]:
    """Return what of a record of code, versions and pixels differs from what is here; what is not known does not."""
    here = {"code": code_digest(), **installed_versions()} | ({"pixels": pixels} if pixels else {})
    return tuple(
        f"{called} {record[name]} (this is {here[name]})"
        for name, called in NAMES.items()
        if record.get(name) and name in here and record[name] != here[name]
    )


def _compare_states(folder: Path, pixels: str | None) -> tuple[str, ...]:
    states = [(epoch, _compare(guard, pixels)) for epoch, guard in checkpoint.list_guards(folder)]
    return max(states)[1] if states else ()


def _join(differing: Mapping[str, tuple[str, ...]]) -> str:
    return ", ".join(dict.fromkeys(text for texts in differing.values() for text in texts))
