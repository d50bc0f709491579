"""The same sweep as jobs of a Slurm that really runs here, on two nodes."""

import pytest
import slurm
import sweeping
from harness import kill

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
LAUNCHER = ["hydra/launcher=slurm", "hydra.launcher.cpus_per_task=1", "hydra.launcher.mem_gb=2"]


def test_a_sweep_is_an_array_of_jobs(tmp_path, expected, slurm_users):
    sweeping.check(tmp_path, expected, *LAUNCHER, **slurm_users)
    assert len(list((tmp_path / "runs" / ".hydra" / ".submitit").glob("*/*_submission.sh"))) >= 1
    assert slurm.ask(slurm_users, "squeue", "-h") == ""


def test_an_extension_goes_with_its_jobs(tmp_path, expected_own, slurm_users):
    sweeping.check_extension(tmp_path, expected_own, *LAUNCHER, **slurm_users)


def test_a_job_that_meets_its_time_limit_is_queued_again_and_finishes_its_trial(tmp_path, slurm_users):
    typed = ["-m", "lr=1e-3", sweeping.LONG, *sweeping.TINY, *LAUNCHER]
    command = sweeping.start(tmp_path, *typed, **slurm_users)
    try:
        sweeping.wait_until_training(command, tmp_path, 1)
        (job,) = slurm.ask(slurm_users, "squeue", "-h", "-t", "R", "-o", "%i").split()
        slurm.ask(slurm_users, "scancel", "--signal=USR2", job)  # what Slurm sends `signal_delay_s` before the limit
        sweeping.finish(command, tmp_path, 300)
    finally:
        kill(command)
    (result,) = sweeping.results(tmp_path).values()
    assert (result["outcome"], result["cost"]["attempts"]) == ("finished", 2)
    assert sweeping.statuses(tmp_path) == ["FINISHED"]
    (log,) = (tmp_path / "runs" / ".hydra" / ".submitit").glob("*/*_log.out")
    assert "Requeued job" in log.read_text() + log.with_suffix(".err").read_text()
