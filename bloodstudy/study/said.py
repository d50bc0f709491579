"""What the looks of a study have said, kept beside its plan: a verdict that was given is never quietly another one.

In: the run folder of a study. Out: what was said, the first of it first. Nothing that was kept is changed or removed
here: whoever analyses the trials compares what follows from them now, and tells a difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bloodstudy import files
from bloodstudy.study.record import is_mapping, read_record
from bloodstudy.study.run_folder import StudyFolder, readable
from bloodstudy.study.seal import seal, unseal

GONE = (
    "It holds what the looks of the study have said. Put it back from a copy, or restore a package of the study into "
    "another folder"
)


@dataclass(frozen=True, order=True)
class Said:
    """What a look said of an arm."""

    look: int  # the first one is 1
    arm: str
    reference: str
    word: str  # of its verdict; open: not decided
    not_worse: bool = False

    @property
    def told(self) -> str:
        """What was said, in words."""
        return f"{self.word}, not worse" if self.not_worse and self.word in ("inconclusive", "open") else self.word

    @property
    def about(self) -> tuple[int, str, str]:
        return self.look, self.arm, self.reference


def read_said(folder: Path) -> tuple[Said, ...]:
    """Return what was said of the study in `folder`; raises UserError if the file is damaged."""
    path = StudyFolder(folder).looks
    if not path.exists():
        return ()
    with readable(path, GONE):
        return parse(path.read_bytes())


def keep(folder: Path, said: Iterable[Said], elsewhere: bool = False) -> None:
    """Keep what is new of `said`: what a look has not said before, or, if it comes from `elsewhere`, said otherwise."""
    before = read_said(folder)
    known = {one if elsewhere else one.about for one in before}
    new = [one for one in said if (one if elsewhere else one.about) not in known]
    if new:
        files.write_text(StudyFolder(folder).looks, dump([*before, *new]))


def dump(said: Iterable[Said]) -> str:
    """Return the content of the file."""
    return json.dumps(seal({"said": [asdict(one) for one in sorted(said)]}), indent=1) + "\n"


def parse(content: bytes) -> tuple[Said, ...]:
    """Return what `content` says was said; raises ValueError if that cannot be read."""
    stored: Any = unseal(json.loads(content))
    if not is_mapping(stored) or not isinstance(stored.get("said"), list):
        raise ValueError("expected a list: said")
    return tuple(read_record(Said, one) for one in stored["said"])
