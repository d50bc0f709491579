"""The same sweep on a Ray cluster of two nodes, one of which dies."""

import subprocess
import tempfile
from pathlib import Path

import nodes
import psutil
import pytest
import sweeping
from harness import kill, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def launcher(address):
    return ["hydra/launcher=ray_cluster", f"hydra.launcher.ray.init.address={address}"]


def test_a_sweep_comes_to_the_same_numbers(tmp_path, expected, ray_cluster):
    sweeping.check(tmp_path, expected, *launcher(ray_cluster[0]))


def test_an_extension_goes_with_its_jobs(tmp_path, expected_own, ray_cluster):
    sweeping.check_extension(tmp_path, expected_own, *launcher(ray_cluster[0]))


def is_gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_trial_whose_node_dies_is_trained_on_the_other_one(tmp_path, ray_cluster):
    address, (_, doomed) = ray_cluster
    typed = ["-m", sweeping.ARMS, sweeping.LONG, *sweeping.TINY, *launcher(address)]
    command = sweeping.start(tmp_path, *typed)
    try:
        sweeping.wait_until_training(command, tmp_path, 2)
        workers = doomed.training()
        assert len(workers) == 1
        doomed.kill()
        still_writing = lambda: "they would go on writing where the next attempt writes"  # noqa: E731
        wait_for(lambda: all(map(is_gone, workers)), 10, explain=still_writing)
        sweeping.finish(command, tmp_path, 300)
    finally:
        kill(command)
    results = sweeping.results(tmp_path).values()
    assert [result["outcome"] for result in results] == ["finished"] * 2
    assert sorted(result["cost"]["attempts"] for result in results) == [1, 2]
    assert sweeping.statuses(tmp_path) == ["FINISHED"] * 2


def test_results_of_a_node_without_our_folder_come_back_with_the_job(tmp_path, expected):
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root can give a node file systems of its own")
    with tempfile.TemporaryDirectory(prefix="ray") as folder, nodes.cluster(Path(folder), tmp_path) as (address, _):
        sweeping.run(tmp_path, "-m", sweeping.ARMS, sweeping.BRIEF, *sweeping.TINY, *launcher(address))
    assert sweeping.prediction_hashes(tmp_path) == expected
    assert not (tmp_path / "runs/.hydra/cores").exists(), "a job that sees our folder notes its cores there"
    assert len(list(tmp_path.glob("runs/scratch/*/predictions.parquet"))) == 2
    assert sweeping.statuses(tmp_path) == ["FINISHED"] * 2
