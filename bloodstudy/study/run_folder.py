"""The run folder: where the plan, the trials and their results of each study lie, and how they are read.

In: the folder that holds all studies, and a name. Out: paths, a plan, a result. A damaged file is a UserError that
names it and the remedy.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bloodstudy import files
from bloodstudy.config.rules import STUDY
from bloodstudy.config.schema import Places
from bloodstudy.config.yaml_files import parse_yaml
from bloodstudy.errors import UserError
from bloodstudy.study.plan import FILE, MAX_VALUES, Plan, read_turn
from bloodstudy.study.result import Result
from bloodstudy.study.stored_rules import KEY

RETRAIN = "Train the trial again: remove {folder}"


@dataclass(frozen=True)
class TrialFolder:
    """The files of one trial, each of which may be missing."""

    path: Path

    @property
    def key(self) -> str:
        return self.path.name

    @property
    def study(self) -> StudyFolder:
        return StudyFolder(self.path.parent)

    @property
    def config(self) -> Path:
        """The trial as it was resolved: factors, model, data."""
        return self.path / "config.yaml"

    @property
    def history(self) -> Path:
        """Loss and accuracy after each epoch."""
        return self.path / "history.csv"

    @property
    def predictions(self) -> Path:
        """Each image's label and probabilities, in thousandths."""
        return self.path / "predictions.parquet"

    @property
    def model(self) -> Path:
        """The trained network, if `save_model` was true; no part of the result."""
        return self.path / "model.keras"

    @property
    def attempts(self) -> Path:
        """How many processes have worked on it."""
        return self.path / "attempts.json"

    @property
    def failures(self) -> Path:
        """How often it has failed, or run out of memory, so far."""
        return self.path / "failures.json"

    @property
    def result(self) -> Path:
        """Written last: a trial that has one is done."""
        return self.path / "result.json"

    @property
    def lock(self) -> Path:
        """Held by the process that trains the trial."""
        return self.path / ".lock"

    @property
    def run_note(self) -> Path:
        """The trial's MLflow run, as it was begun."""
        return self.path / "run.json"

    @property
    def logged_note(self) -> Path:
        """Where the whole result is logged."""
        return self.path / "logged.json"

    @property
    def checkpoints(self) -> list[Path]:
        """What training needs to go on after its last whole epoch. They go once the trial has a result."""
        return sorted(self.path.glob("state-*.npz"))

    @property
    def checkpoint_rests(self) -> list[Path]:
        """Parts of such files, left by a process that was killed while it wrote one."""
        return sorted(self.path.glob(".state-*"))


@dataclass(frozen=True)
class StudyFolder:
    """The files of one study, and its trials."""

    path: Path

    @property
    def plan(self) -> Path:
        """What was decided before the first trial, and each later change."""
        return self.path / FILE

    @property
    def looks(self) -> Path:
        """What its looks have said."""
        return self.path / "looks.json"

    @property
    def probes(self) -> Path:
        """How long trials take here, measured before they are trained."""
        return self.path / "probes.json"

    @property
    def mlflow_note(self) -> Path:
        """The study's MLflow run."""
        return self.path / "mlflow.json"

    @property
    def mlflow_lock(self) -> Path:
        """Held by the process that begins that run."""
        return self.path / ".mlflow.json.lock"

    @property
    def logging_lock(self) -> Path:
        """Held by the process that logs finished trials."""
        return self.path / ".logging.lock"

    def trial(self, key: str) -> TrialFolder:
        """Return the folder of the trial with this key."""
        return TrialFolder(self.path / key)

    @property
    def trials(self) -> list[TrialFolder]:
        """The folders that may be a trial's, in order."""
        return [TrialFolder(path) for path in sorted(self.path.glob("*")) if path.is_dir()]


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
    # Clocks are changed: the times of files decide only between plans that were written before plans were counted.
    plans = [plan for plan in runs_dir.glob(f"*/{FILE}") if STUDY.accepts(plan.parent.name)]
    order = sorted(plans, key=lambda plan: (-read_turn(plan.parent), -plan.stat().st_mtime_ns, plan))
    return [plan.parent.name for plan in order]


def read_plan(runs_dir: Path, study: str) -> Plan:
    """Return the plan of `study`; raises UserError if nothing was run yet, or it is damaged."""
    path = StudyFolder(runs_dir / study).plan
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
        return Plan.from_dict(parse_yaml(path.read_bytes(), MAX_VALUES))


def read_result(runs_dir: Path, study: str, key: str) -> Result | None:
    """Return the published result of one trial, or None if it has none; raises UserError if it is damaged."""
    return load_result(runs_dir / study / key)


def load_result(folder: Path) -> Result | None:
    """Return the published result of the trial in `folder`, or None if it has none; raises UserError if damaged."""
    path = TrialFolder(folder).result
    with readable(path, RETRAIN):
        content = files.read_json(path)
        if content is None:
            return None
        result = Result.from_dict(content)
        if re.fullmatch(KEY, result.key) and result.key != folder.name:
            raise ValueError(f"it is the result of trial {result.key}")
    for name, hashes in result.files.items():
        with readable(folder / name, RETRAIN):
            if (folder / name).exists() and files.hash_file(folder / name) not in hashes:
                raise ValueError("it was changed after its trial was measured")
    return result


@contextmanager
def readable(path: Path, remedy: str) -> Generator[None]:
    """Turn what reading a stored file raises if it is damaged into a UserError that names it and the remedy.

    In the remedy {folder} is the folder that the file lies in. A file that this user may not read is not damaged.
    """
    try:
        yield
    except PermissionError as error:
        reason = f"{error.strerror}. Nothing is lost: get the right to read it, then type the same command again"
        raise UserError(f"{path} may not be read: {reason}") from error
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        what = "cannot be read" if isinstance(error, OSError) else "is damaged"
        raise UserError(f"{path} {what}: {reason}. {remedy.format(folder=path.parent)}") from error
