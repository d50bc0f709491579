"""What is left to launch, and what comes back from jobs."""

import pytest

from bloodstudy import launching
from bloodstudy.errors import MachineError, UserError

PLAN = {"study": "small", "questions": [{"name": "q"}]}
DONE = {"outcome": "finished", "fault": None, "files": None}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    trials = [
        {"key": f"{arm}{seed}", "arm": arm, "seed": seed, "overrides": []} for seed in (0, 1) for arm in ("a", "b", "c")
    ]
    trials.insert(1, trials[0] | {"judged": "official_clean"})  # the same training, judged in another way
    monkeypatch.setattr(launching, "_plan", {})
    launching.want(PLAN | {"trials": trials}, set(), tmp_path / "small")
    return tmp_path / "small"


def want(keys):
    launching.want(launching._plan, keys, launching._folder)


def test_a_job_is_told_what_it_has_to_come_to(folder):
    want({"a0", "b0"})
    ((first, _),) = launching.blocks()
    assert launching.overrides(first | {"overrides": ["lr=0.1"], "arm": "more, than a word"}) == [
        "lr=0.1", "study.name=small", "study.trial=a0", "study.arm='more, than a word'", "study.trials=2",
    ]  # fmt: skip


def test_each_wanted_trial_is_launched_once_block_by_block(folder):
    want({"a0", "c0", "b1"})
    assert [[trial["key"] for trial in block] for block in launching.blocks()] == [["a0", "c0"], ["b1"]]


def test_a_block_without_anything_wanted_is_not_launched(folder):
    want({"b1"})
    assert [[trial["key"] for trial in block] for block in launching.blocks()] == [["b1"]]


@pytest.mark.parametrize("kind", [UserError, MachineError])
def test_a_fault_of_one_job_stops_the_sweep(folder, kind):
    want({"a0", "b0"})
    (block,) = launching.blocks()
    assert not launching.collect(block, [DONE, DONE | {"outcome": "missing", "fault": (kind.__name__, "why")}])
    assert type(launching.fault) is kind
    assert str(launching.fault) == "why"
    want({"a0"})
    assert launching.fault is None


def test_a_block_in_which_all_die_is_the_last_one(folder):
    want({"a0", "b0", "c0"})
    (block,) = launching.blocks()
    died = [DONE | {"outcome": outcome} for outcome in ("failed", "out_of_memory", "failed")]
    assert launching.collect(block, [*died[:2], DONE])
    assert not launching.collect(block, died)
    assert "all 3 trials of a block have died (failed, out_of_memory)" in str(launching.fault)


def test_results_of_a_machine_without_our_folder_are_put_into_it(folder):
    want({"a0"})
    (block,) = launching.blocks()
    carried = {"history.csv": b"epoch\n1\n", "result.json": b"{}", "../escape": b"x"}
    assert launching.collect(block, [DONE | {"files": carried}])
    assert sorted(path.name for path in (folder / "a0").iterdir()) == ["history.csv", "result.json"]
    assert not (folder / "escape").exists()


def test_what_trains_elsewhere_is_told(folder, capsys):
    want({"a0"})
    (block,) = launching.blocks()
    assert launching.collect(block, [DONE | {"outcome": "in_progress"}])
    assert capsys.readouterr().out == "a, seed 0: in progress elsewhere\n"
