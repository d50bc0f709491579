"""What a job is given, and what it makes of it in another process."""

from dataclasses import replace
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from bloodstudy.config import schema
from bloodstudy.errors import UserError
from bloodstudy.execution.job import Job, JobTrial, read_job

SETTINGS = schema.settings(schema.defaults() | {"lr": 0.1, "image_size": [24, 32]})


def job_of(settings=SETTINGS, arm="more, than a word"):
    """Return a job of two trials."""
    return Job("small", (JobTrial(settings, arm, "a0"), JobTrial(settings, "another", "b0")), 2)


def carry(job):
    """Return the configuration that Hydra composes of a job's override."""
    override = OverridesParser.create().parse_override(job.as_override())
    return OmegaConf.create({"study": {"record": override.value()}})


@pytest.mark.parametrize("arm", ["a", "it's", 'a "b"\\', "\n\t", "ünï cödé", "x=1, y=[2,3]", "{$}"])
def test_a_job_is_read_as_it_was_written(arm):
    job = job_of(arm=arm)
    assert read_job(carry(job)) == job


def test_a_record_that_is_not_ours_is_checked():
    with pytest.raises(UserError, match=r"lr: expected a number above 0; received -1\.0"):
        read_job(carry(job_of(replace(SETTINGS, factors=replace(SETTINGS.factors, lr=-1.0)))))


def test_a_process_that_cannot_work_in_the_folder_of_the_command_is_given_whole_paths():
    data = replace(SETTINGS.data, root="images")
    job = job_of(replace(SETTINGS, data=data, places=replace(SETTINGS.places, cache_dir="/cache")))
    settings = job.placed_in(Path("/elsewhere")).trials[1].settings
    assert (settings.data.root, settings.places.runs_dir) == ("/elsewhere/images", "/elsewhere/runs")
    assert settings.places.cache_dir == "/cache"
    assert job_of().placed_in(Path("/elsewhere")).trials[0].settings.data.root is None
