"""F09: the same sweep started twice at once on a fresh store, and two different sweeps: each trial once, one store."""

import pytest
import yaml
from harness import kill

from bloodstudy import files


@pytest.fixture
def two(empty):
    """Two commands typed in one folder that has no store yet."""
    empty.typed = [word for word in empty.typed if word.split("=")[0] not in ("lr", "epochs")] + ["epochs=3"]
    other = type(empty)(empty.folder, empty.cache, list(empty.typed))
    return empty, other


def start_both(first, second, one, other):
    processes = [first.start(*one), second.start(*other)]
    try:
        return [process.wait(timeout=240) for process in processes]
    finally:
        for process in processes:
            kill(process)


def test_the_same_sweep_twice(two):
    sweep = ["-m", "lr=2e-3,1e-3", "seed=0,1"]
    codes = start_both(*two, sweep, sweep)
    assert 0 in codes
    results = [files.read_json(path / "result.json") for path in two[0].trials]
    assert [result["outcome"] for result in results] == ["finished"] * 4
    assert {result["cost"]["attempts"] for result in results} == {1}, "each was trained once"
    assert two[0].runs == ["FINISHED"] * 4
    code, said = two[0].run(*sweep)
    assert code == 0
    assert "4 finished earlier, 0 to train" in said


def test_two_different_sweeps(two):
    codes = start_both(*two, ["-m", "lr=2e-3,1e-3"], ["-m", "lr=4e-3,5e-3"])
    results = [files.read_json(path / "result.json") for path in two[0].trials]
    assert [result["outcome"] for result in results] == ["finished"] * 4, codes
    assert sorted(result["factors"]["lr"] for result in results) == [1e-3, 2e-3, 4e-3, 5e-3]
    assert two[0].runs == ["FINISHED"] * 4
    plan = yaml.safe_load((two[0].folder / "runs/scratch/plan.yaml").read_text())
    assert len(plan["trials"]) == 2, "the plan of one of them, whole"
    assert codes == [0, 0]
