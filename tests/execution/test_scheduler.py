"""What is left to launch, and what comes back from jobs."""

import pytest

from bloodstudy.errors import MachineError, UserError
from bloodstudy.execution import scheduler

PLAN = {"study": "small", "questions": [{"name": "q"}]}
DONE = {"outcome": "finished", "fault": None, "files": None}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    trials = [
        {"key": f"{arm}{seed}", "arm": arm, "seed": seed, "overrides": []} for seed in (0, 1) for arm in ("a", "b", "c")
    ]
    trials.insert(1, trials[0] | {"judged": "official_clean"})  # the same training, judged in another way
    monkeypatch.setattr(scheduler, "_plan", {})
    scheduler.want(PLAN | {"trials": trials}, set(), tmp_path / "small")
    return tmp_path / "small"


def want(keys):
    scheduler.want(scheduler._plan, keys, scheduler._folder)


def test_a_job_is_told_what_it_has_to_come_to(folder):
    want({"a0", "b0"})
    ((first, _),) = scheduler.blocks()
    assert scheduler.overrides(first | {"overrides": ["lr=0.1"], "arm": "more, than a word"}) == [
        "lr=0.1", "study.name=small", "study.trial=a0", "study.arm='more, than a word'", "study.trials=2",
    ]  # fmt: skip


def test_each_wanted_trial_is_launched_once_block_by_block(folder):
    want({"a0", "c0", "b1"})
    assert [[trial["key"] for trial in block] for block in scheduler.blocks()] == [["a0", "c0"], ["b1"]]


def test_a_block_without_anything_wanted_is_not_launched(folder):
    want({"b1"})
    assert [[trial["key"] for trial in block] for block in scheduler.blocks()] == [["b1"]]


@pytest.mark.parametrize("kind", [UserError, MachineError])
def test_a_fault_of_one_job_stops_the_sweep(folder, kind):
    want({"a0", "b0"})
    (block,) = scheduler.blocks()
    assert not scheduler.collect(block, [DONE, DONE | {"outcome": "missing", "fault": (kind.__name__, "why")}])
    assert type(scheduler.fault) is kind
    assert str(scheduler.fault) == "why"
    want({"a0"})
    assert scheduler.fault is None


def test_a_block_in_which_all_die_is_the_last_one(folder):
    want({"a0", "b0", "c0"})
    (block,) = scheduler.blocks()
    died = [DONE | {"outcome": outcome} for outcome in ("failed", "out_of_memory", "failed")]
    assert scheduler.collect(block, [*died[:2], DONE])
    assert not scheduler.collect(block, died)
    assert "all 3 trials of a block have died (failed, out_of_memory)" in str(scheduler.fault)


def test_results_of_a_machine_without_our_folder_are_put_into_it(folder):
    want({"a0"})
    (block,) = scheduler.blocks()
    carried = {"history.csv": b"epoch\n1\n", "result.json": b"{}", "../escape": b"x"}
    assert scheduler.collect(block, [DONE | {"files": carried}])
    assert sorted(path.name for path in (folder / "a0").iterdir()) == ["history.csv", "result.json"]
    assert not (folder / "escape").exists()


def test_what_trains_elsewhere_is_told(folder, capsys):
    want({"a0"})
    (block,) = scheduler.blocks()
    assert scheduler.collect(block, [DONE | {"outcome": "in_progress"}])
    assert capsys.readouterr().out == "a, seed 0: in progress elsewhere\n"
