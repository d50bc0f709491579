"""What the store lacks of the run folder, logged and closed later."""

import shutil

import pytest
from filelock import FileLock
from harness import give_store, rewrite

from bloodstudy import files, tracking
from bloodstudy.tracking import backfill, record

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


def test_runs_of_killed_trials_are_closed_and_those_at_work_are_not(store, scratch, open_run, runs):
    run_ids = [open_run(store, scratch / name) for name in "abc"]
    record.close_killed(store, run_ids[2], scratch / "c")
    somebody_elses = store.client.create_run(store.experiment_id, tags={"trial_key": "a", "outcome": "running"})
    with FileLock(scratch / "b" / ".lock"):
        assert tracking.settle(store, scratch) == 1
        assert backfill.owes(scratch), "b is at work"
    found = {run.info.run_id: run for run in runs(store)}
    assert found.pop(somebody_elses.info.run_id).info.status == "RUNNING"
    assert {run.data.tags["trial_key"]: (run.info.status, run.data.tags["outcome"]) for run in found.values()} == {
        "a": ("KILLED", "interrupted"), "b": ("RUNNING", "running"), "c": ("KILLED", "interrupted"),
    }  # fmt: skip
    assert tracking.settle(store, scratch) == 0
    assert not backfill.owes(scratch)


def test_a_run_that_was_created_too_late_is_deleted(store, scratch, open_run, publish, runs):
    open_run(store, scratch / "a")
    token = files.read_json(scratch / "a" / "run.json")["token"]
    publish(scratch / "a")
    assert tracking.catch_up(store, scratch) == 1
    store.client.create_run(store.experiment_id, tags={"trial_key": "a", record.TOKEN: token})
    tracking.settle(store, scratch)
    assert [run.info.status for run in runs(store)] == ["FINISHED"]


def test_settling_asks_the_store_once_however_many_trials_there_are(store, scratch, monkeypatch):
    for k in range(200):
        folder = files.make_folder(scratch / f"k{k}")
        files.write_json(folder / "run.json", {"tracking_uri": store.uri, "run_id": f"{k:032}", "token": "x"})
        files.write_json(folder / "logged.json", {"tracking_uri": store.uri, "run_id": f"{k:032}"})
        files.write_json(folder / "result.json", {})
    asked = []
    search = type(store.client).search_runs
    monkeypatch.setattr(type(store.client), "search_runs", lambda *a, **k: asked.append(a) or search(*a, **k))
    assert not backfill.owes(scratch)
    tracking.settle(store, scratch)
    assert len(asked) == 1


def test_a_store_made_anew_at_the_same_place_is_filled_again(store, scratch, publish, runs):
    publish(scratch / "a")
    record.log_whole(store, scratch / "a", None)
    mark = files.read_json(scratch / "a" / "logged.json")
    files.write_json(scratch / "a" / "logged.json", mark | {"experiment": f"{store.experiment_id}@1"})
    assert tracking.catch_up(store, scratch) == 1
    assert tracking.catch_up(store, scratch) == 0
    assert len(runs(store)) == 1


def test_a_store_that_was_moved_away_is_owed_everything(folder, scratch, publish):
    publish(scratch / "a")
    files.write_json(scratch / "a" / "logged.json", {"tracking_uri": tracking.public_uri(), "run_id": "x"})
    assert not backfill.owes(scratch)
    (folder / "mlflow.db").rename(folder / "kept.db")
    assert backfill.owes(scratch)


def test_another_store_gets_what_the_first_one_has_and_neither_has_it_twice(store, scratch, publish, runs, monkeypatch):
    publish(scratch / "a")
    assert tracking.catch_up(store, scratch) == 1
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{give_store(scratch.parent)}")
        assert backfill.owes(scratch)
        other = tracking.open_store("scratch")
        assert tracking.catch_up(other, scratch) == 1
        assert len(runs(other)) == 1
    assert tracking.catch_up(store, scratch) == 1
    assert len(runs(store)) == 1


@pytest.mark.parametrize("lock", ["a/.lock", ".logging.lock"])
def test_a_trial_that_another_process_trains_or_logs_is_left_to_it(store, scratch, publish, runs, lock):
    publish(scratch / "a")
    with FileLock(scratch / lock):
        assert tracking.catch_up(store, scratch) == 0
    assert runs(store) == []
    assert tracking.catch_up(store, scratch) == 1


def test_a_result_that_comes_back_into_another_folder_is_no_second_run(store, scratch, publish, runs):
    again = scratch.parent / "again" / "scratch"
    trials = lambda: [run for run in runs(store) if run.data.tags.get("trial_key") == "a"]  # noqa: E731
    publish(scratch / "a")
    record.log_whole(store, scratch / "a", None)
    (logged,) = trials()
    shutil.copytree(scratch / "a", again / "a", ignore=shutil.ignore_patterns("run.json", "logged.json"))
    assert tracking.catch_up(store, again) == 1
    assert [run.info.run_id for run in trials()] == [logged.info.run_id]
    assert tracking.catch_up(store, again) == 0
    rewrite(again / "a/result.json", reason="otherwise")
    (again / "a/logged.json").unlink()
    assert tracking.catch_up(store, again) == 1
    assert [run.info.run_id for run in trials()] != [logged.info.run_id], "another result takes its run's place"
