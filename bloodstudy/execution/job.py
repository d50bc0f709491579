"""A job: one planned trial with all its settings, as one value that any process can be given.

In: checked settings and what the plan calls their trial. Out: the one override by which Hydra carries them; and in the
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
class Job:
    """One trial to be trained."""

    settings: schema.Settings
    study: str
    arm: str
    key: str  # of the trial that the settings have to lead to
    trials: int  # how many the command trains
    extensions: tuple[str, ...] = ()  # packed: a process elsewhere may not have their files

    def as_override(self) -> str:
        """Return the job as an override."""
        return write(RECORD, json.dumps(vars(self) | {"settings": schema.unfold(self.settings)}))

    def placed_in(self, folder: Path) -> Job:
        """Return the job for a process that cannot work in `folder`, in which the command was typed."""
        data, places = self.settings.data, self.settings.places
        root = data.root and str(folder / Path(data.root).expanduser())
        cache_dir = places.cache_dir and str(folder / Path(places.cache_dir).expanduser())
        places = replace(places, runs_dir=str(folder / places.runs_dir), cache_dir=cache_dir)
        return replace(self, settings=replace(self.settings, data=replace(data, root=root), places=places))


@dataclass(frozen=True)
class JobEnd:
    """What a job returns to the process that launched it."""

    outcome: Outcome
    fault: tuple[str, str] | None = None  # kind and message of the error that ends the sweep
    files: Mapping[str, bytes] | None = None  # of the trial by their names, if its folder is not shared


def read_job(composed: DictConfig) -> Job:
    """Return the job that a composed configuration carries; raises UserError if its settings are not valid ones.

    Its extensions are known in this process from then on.
    """
    record = json.loads(OmegaConf.select(composed, RECORD))
    become(record["extensions"])
    whole = {"settings": schema.settings(record["settings"]), "extensions": tuple(record["extensions"])}
    return Job(**record | whole)
