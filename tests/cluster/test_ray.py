"""The same sweep on a Ray cluster of two nodes, one of which dies."""

import time

import pytest
import sweeping

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def launcher(address):
    return ["hydra/launcher=ray_cluster", f"hydra.launcher.ray.init.address={address}"]


def test_a_sweep_is_trained_on_both_nodes(tmp_path, expected, ray_cluster):
    sweeping.check(tmp_path, expected, *launcher(ray_cluster[0]))


def trains(node):
    """Tell whether a worker of ours runs on a node."""
    return any("spawn_main" in " ".join(process.cmdline()) for process in node.processes())


def test_a_trial_whose_node_dies_is_trained_on_the_other_one(tmp_path, ray_cluster):
    address, (_, doomed) = ray_cluster
    words = [word for word in sweeping.TINY if not word.startswith("epochs")]
    command = sweeping.start(tmp_path, "-m", sweeping.ARMS, "epochs=300", *words, *launcher(address))
    try:
        until = time.monotonic() + 120
        while not (len(list((tmp_path / "runs" / "scratch").glob("*/run.json"))) == 2 and trains(doomed)):
            assert command.poll() is None, command.communicate()
            assert time.monotonic() < until
            time.sleep(0.2)
        time.sleep(2)
        assert trains(doomed)
        doomed.kill()
        assert sweeping.statuses(tmp_path).count("RUNNING") >= 1, "nobody could say that it ended"
        out, err = command.communicate(timeout=300)
    finally:
        command.kill()
    assert command.returncode == 0, out + err
    found = sweeping.results(tmp_path)
    assert [result["outcome"] for result in found.values()] == ["finished"] * 2
    assert sorted(result["cost"]["attempts"] for result in found.values()) == [1, 2]
    assert sweeping.statuses(tmp_path) == ["FINISHED"] * 2
