"""A job: a planned trial with all its settings, or several, as one value that any process can be given.

In: checked settings and what the plan calls their trials. Out: the one override by which Hydra carries them; and in the
process of the job the same again, checked. It ends with what it returns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from bloodstudy.cli.overrides import RECORD, write
from bloodstudy.config import schema
from bloodstudy.config.extension.known import become
from bloodstudy.study.outcome import Outcome


@dataclass(frozen=True)
class JobTrial:
    """A trial to be trained."""

    settings: schema.Settings
    arm: str
    key: str  # of the trial that the settings have to lead to


@dataclass(frozen=True)
class Job:
    """One trial to be trained, or several of one shape that are trained side by side."""

    study: str
    trials: tuple[JobTrial, ...]
    of: int  # trials that the command trains
    extensions: tuple[str, ...] = ()  # packed: a process elsewhere may not have their files

    def as_override(self) -> str:
        """Return the job as an override."""
        trials = [vars(trial) | {"settings": schema.unfold(trial.settings)} for trial in self.trials]
        return write(RECORD, json.dumps(vars(self) | {"trials": trials}))

    def placed_in(self, folder: Path) -> Job:
        """Return the job for a process that cannot work in `folder`, in which the command was typed."""
        trials = (replace(trial, settings=_placed(trial.settings, folder)) for trial in self.trials)
        return replace(self, trials=tuple(trials))


def _placed(settings: schema.Settings, folder: Path) -> schema.Settings:
    data, places = settings.data, settings.places
    root = data.root and str(folder / Path(data.root).expanduser())
    cache_dir = places.cache_dir and str(folder / Path(places.cache_dir).expanduser())
    places = replace(places, runs_dir=str(folder / places.runs_dir), cache_dir=cache_dir)
    return replace(settings, data=replace(data, root=root), places=places)


@dataclass(frozen=True)
class TrialEnd:
    """What a job returns of one of its trials."""

    outcome: Outcome
    files: Mapping[str, bytes] | None = None  # by their names, if the run folder is not shared


@dataclass(frozen=True)
class JobEnd:
    """What a job returns to the process that launched it."""

    trials: tuple[TrialEnd, ...] = ()  # in their order; none of a job that a fault has ended
    fault: tuple[str, str] | None = None  # kind and message of the error that ends the sweep


def read_job(composed: DictConfig) -> Job:
    """Return the job that a composed configuration carries; raises UserError if its settings are not valid ones.

    Its extensions are known in this process from then on.
    """
    record = json.loads(OmegaConf.select(composed, RECORD))
    become(record["extensions"])
    trials = [JobTrial(**trial | {"settings": schema.settings(trial["settings"])}) for trial in record["trials"]]
    return Job(**record | {"trials": tuple(trials), "extensions": tuple(record["extensions"])})
