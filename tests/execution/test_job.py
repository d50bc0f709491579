"""What a job is given, and what it makes of it in another process."""

from dataclasses import replace
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from bloodstudy.config import schema
from bloodstudy.errors import UserError
from bloodstudy.execution.job import Job, read_job

SETTINGS = schema.settings(schema.defaults() | {"lr": 0.1, "image_size": [24, 32]})
JOB = Job(SETTINGS, "small", "more, than a word", "a0", 2)


def carry(job):
    """Return the configuration that Hydra composes of a job's override."""
    override = OverridesParser.create().parse_override(job.as_override())
    return OmegaConf.create({"study": {"record": override.value()}})


@pytest.mark.parametrize("arm", ["a", "it's", 'a "b"\\', "\n\t", "ünï cödé", "x=1, y=[2,3]", "{$}"])
def test_a_job_is_read_as_it_was_written(arm):
    job = replace(JOB, arm=arm)
    assert read_job(carry(job)) == job


def test_a_record_that_is_not_ours_is_checked():
    with pytest.raises(UserError, match=r"lr: expected a number above 0; received -1\.0"):
        read_job(carry(replace(JOB, settings=replace(SETTINGS, factors=replace(SETTINGS.factors, lr=-1.0)))))


def test_a_process_that_cannot_work_in_the_folder_of_the_command_is_given_whole_paths():
    data = replace(SETTINGS.data, root="images")
    job = replace(JOB, settings=replace(SETTINGS, data=data, places=replace(SETTINGS.places, cache_dir="/cache")))
    settings = job.placed_in(Path("/elsewhere")).settings
    assert (settings.data.root, settings.places.runs_dir) == ("/elsewhere/images", "/elsewhere/runs")
    assert settings.places.cache_dir == "/cache"
    assert JOB.placed_in(Path("/elsewhere")).settings.data.root is None
