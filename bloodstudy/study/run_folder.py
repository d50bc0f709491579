"""The run folder: where the plan, the trials and their results of each study lie, and how they are read.

In: the folder that holds all studies, and a name. Out: paths, a plan, a result. A damaged file is a UserError that
names it and the remedy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from bloodstudy import files
from bloodstudy.config.rules import STUDY
from bloodstudy.config.schema import Places
from bloodstudy.errors import UserError
from bloodstudy.study.plan import Plan
from bloodstudy.study.result import Result

RETRAIN = "Train the trial again: remove {folder}"


@dataclass(frozen=True)
class StudyLocation:
    """A study of which something is stored, and where."""

    study: str
    places: Places

    @property
    def runs_dir(self) -> Path:
        return Path(self.places.runs_dir)

    @property
    def folder(self) -> Path:
        return self.runs_dir / self.study


def list_studies(runs_dir: Path) -> list[str]:
    """Return the names of the studies that have a plan in `runs_dir`, that of the newest plan first."""
    plans = [plan for plan in runs_dir.glob("*/plan.yaml") if STUDY.accepts(plan.parent.name)]
    return [plan.parent.name for plan in sorted(plans, key=lambda plan: (-plan.stat().st_mtime_ns, plan))]


def read_plan(runs_dir: Path, study: str) -> Plan:
    """Return the plan of `study`; raises UserError where nothing was run yet, or it is damaged."""
    path = runs_dir / study / "plan.yaml"
    if not path.exists():
        raise UserError(
            f"there is no plan at {path}: nothing was run yet. Run a sweep first, such as: "
            "python -m bloodstudy.run -m lr=1e-2,1e-3,1e-4"
        )
    again = (
        "Put the study back from a package into another folder, python -m bloodstudy.package restore=FILE "
        "runs_dir=FOLDER, or train it again there"
    )
    with readable(path, again):
        return Plan.from_dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def read_result(runs_dir: Path, study: str, key: str) -> Result | None:
    """Return the published result of one trial, or None where it has none; raises UserError where it is damaged."""
    return load_result(runs_dir / study / key)


def load_result(folder: Path) -> Result | None:
    """Return the published result of the trial in `folder`, or None if it has none; raises UserError if damaged."""
    with readable(folder / "result.json", RETRAIN):
        content = files.read_json(folder / "result.json")
        return None if content is None else Result.from_dict(content)


@contextmanager
def readable(path: Path, remedy: str) -> Iterator[None]:
    """Turn what reading a stored file raises where it is damaged into a UserError that names it and the remedy.

    In the remedy {folder} is the folder that the file lies in.
    """
    try:
        yield
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError) as error:
        told = " ".join(str(error).split())[:200]
        what = "cannot be read" if isinstance(error, OSError) else "is damaged"
        raise UserError(f"{path} {what}: {told}. {remedy.format(folder=path.parent)}") from error
