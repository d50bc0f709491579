"""F09: the same sweep started twice at once on a fresh store, and two different sweeps: each trial once, one store."""

import pytest
import yaml
from harness import kill


@pytest.fixture
def two(empty):
    """Two commands typed in one folder that has no store yet."""
    empty.vary(epochs="3")
    return empty, type(empty)(empty.folder, empty.cache, list(empty.typed))


def run_both(*studies):
    """Start both at once; return their exit codes."""
    processes = [study.start("-m") for study in studies]
    try:
        return [process.wait(timeout=240) for process in processes]
    finally:
        for process in processes:
            kill(process)


def test_the_same_sweep_twice(two):
    first, _ = two
    for study in two:
        study.vary(lr="2e-3,1e-3", seed="0,1")
    assert 0 in run_both(*two)
    assert [result["outcome"] for result in first.results] == ["finished"] * 4
    assert {result["cost"]["attempts"] for result in first.results} == {1}, "each was trained once"
    assert first.runs == ["FINISHED"] * 4
    said = first.finish("-m")
    assert "4 finished earlier, 0 to train" in said


def test_two_different_sweeps(two):
    first, second = two
    first.vary(lr="2e-3,1e-3")
    second.vary(lr="4e-3,5e-3")
    codes = run_both(*two)
    assert [result["outcome"] for result in first.results] == ["finished"] * 4, codes
    assert sorted(result["factors"]["lr"] for result in first.results) == [1e-3, 2e-3, 4e-3, 5e-3]
    assert first.runs == ["FINISHED"] * 4
    plan = yaml.safe_load((first.folder / "runs/scratch/plan.yaml").read_text())
    assert len(plan["trials"]) == 2, "the plan of one of them, whole"
    assert codes == [0, 0]
