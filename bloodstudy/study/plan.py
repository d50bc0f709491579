"""The plan of a study, as it stands in its file: what was decided before the first trial.

In: the content of a plan. Out: its digest, its batches in the order of their launch, and its text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from bloodstudy import files

STUDY_DECIDES = ("title", "questions", "arms", "setting", "precision", "looks", "seeds")  # what an amendment changes


def digest(plan: Mapping[str, Any]) -> str:
    """Return sixteen hex digits over what a plan decides: two plans with the same ones are the same study."""
    decided = {name: plan[name] for name in (*STUDY_DECIDES, "trials") if name in plan}
    return hashlib.sha256(json.dumps(decided, sort_keys=True, default=list).encode()).hexdigest()[:16]


def batches(plan: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the planned trials as they are launched: one seed after another, a plain sweep all at once."""
    if not plan.get("questions"):
        return [plan["trials"]]
    return [list(block) for _, block in groupby(plan["trials"], lambda trial: trial["seed"])]


def publish(plan: Mapping[str, Any], folder: Path) -> None:
    """Write the plan into the folder of its study."""
    text = yaml.dump(dict(plan), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
    files.write_text(folder / "plan.yaml", text)


class _Dumper(yaml.SafeDumper):
    """The safe dumper without anchors: a plan says the same thing in several places, and a person reads it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(tuple, lambda dumper, value: dumper.represent_list(list(value)))


def dump_plan(plan: dict[str, Any]) -> str:
    """Return a plan as the text of its file; the same plan always gives the same text."""
    return yaml.safe_dump(plan, sort_keys=False, allow_unicode=True, width=1000)
