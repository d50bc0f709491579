"""Several jobs at once on this machine: joblib, and submitit without a Slurm."""

import psutil
import pytest
import sweeping
from harness import kill

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_joblib(tmp_path, expected):
    sweeping.check(tmp_path, expected, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


def test_submitit_on_this_machine(tmp_path, expected):
    sweeping.check(tmp_path, expected, "hydra/launcher=submitit_local", "hydra.launcher.cpus_per_task=1")
    assert list((tmp_path / "runs" / ".hydra" / ".submitit").glob("*/*_log.out"))


def test_a_job_that_is_killed_ends_the_sweep_in_one_line_and_costs_no_other_trial(tmp_path):
    typed = ["-m", sweeping.ARMS, sweeping.LONG, *sweeping.TINY, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    command = sweeping.start(tmp_path, *typed)
    try:
        sweeping.wait_until_training(command, tmp_path, 2)
        jobs = [each for each in psutil.Process(command.pid).children() if each.children()]
        assert len(jobs) == 2
        jobs[0].kill()
        assert command.wait(timeout=60) == 3
    finally:
        kill(command)
    assert "bloodstudy: the launcher gave up: " in sweeping.said(tmp_path)
    assert "Traceback" not in sweeping.said(tmp_path)
    assert sweeping.results(tmp_path) == {}
    sweeping.run(tmp_path, *typed)
    assert [result["cost"]["attempts"] for result in sweeping.results(tmp_path).values()] == [2, 2]
    assert sweeping.statuses(tmp_path) == ["FINISHED"] * 2


def test_an_extension_goes_with_its_jobs(tmp_path, expected_own):
    sweeping.check_extension(tmp_path, expected_own, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
