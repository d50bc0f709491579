"""Several jobs at once on this machine: joblib, and submitit without a Slurm."""

import pytest
import sweeping

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_joblib(tmp_path, expected):
    sweeping.check(tmp_path, expected, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


def test_submitit_on_this_machine(tmp_path, expected):
    sweeping.check(tmp_path, expected, "hydra/launcher=submitit_local", "hydra.launcher.cpus_per_task=1")
    assert list((tmp_path / "runs" / ".hydra" / ".submitit").glob("*/*_log.out"))
