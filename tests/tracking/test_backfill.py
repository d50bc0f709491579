import pytest
from filelock import FileLock

from bloodstudy import files, tracking
from bloodstudy.tracking import backfill, record

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture
def place(tmp_path):
    return tmp_path / "runs" / "scratch"


def statuses(runs):
    return {run.data.tags["trial_key"]: (run.info.status, run.data.tags["outcome"]) for run in runs}


def test_runs_of_killed_trials_are_closed_and_those_at_work_are_not(store, place, tags_of, params, runs):
    for name in "abc":
        folder = files.make_folder(place / name)
        record.open_run(store, folder, tags_of(folder), params)
    record.close_killed(store, files.read_json(place / "c" / "run.json")["run_id"], place / "c")
    somebody_elses = store.client.create_run(store.experiment_id, tags={"trial_key": "a", "outcome": "running"})
    with FileLock(place / "b" / ".lock"):
        assert tracking.settle(store, place) == 1
        assert backfill.owes(place), "b is at work"
    found = {run.info.run_id: run for run in runs(store)}
    assert found.pop(somebody_elses.info.run_id).info.status == "RUNNING"
    assert statuses(found.values()) == {
        "a": ("KILLED", "interrupted"), "b": ("RUNNING", "running"), "c": ("KILLED", "interrupted"),
    }  # fmt: skip
    assert tracking.settle(store, place) == 0
    assert not backfill.owes(place)


def test_a_run_that_was_created_too_late_is_deleted(store, place, tags_of, params, publish, runs):
    folder = files.make_folder(place / "a")
    record.open_run(store, folder, tags_of(folder), params)
    token = files.read_json(folder / "run.json")["token"]
    publish(folder)
    assert tracking.catch_up(store, place) == 1
    store.client.create_run(store.experiment_id, tags=tags_of(folder) | {record.TOKEN: token})
    tracking.settle(store, place)
    assert [run.info.status for run in runs(store)] == ["FINISHED"]


def test_settling_asks_the_store_once_however_many_trials_there_are(store, place, tags_of, publish, monkeypatch):
    for k in range(200):
        folder = files.make_folder(place / f"k{k}")
        files.write_json(folder / "run.json", {"tracking_uri": store.uri, "run_id": f"{k:032}", "token": "x"})
        files.write_json(folder / "logged.json", {"tracking_uri": store.uri, "run_id": f"{k:032}"})
        files.write_json(folder / "result.json", {})
    asked = []
    search = type(store.client).search_runs
    monkeypatch.setattr(type(store.client), "search_runs", lambda *a, **k: asked.append(a) or search(*a, **k))
    assert not backfill.owes(place)
    tracking.settle(store, place)
    assert len(asked) == 1


def test_a_store_made_anew_at_the_same_place_is_filled_again(store, place, publish, runs):
    publish(place / "a")
    record.log_whole(store, place / "a", None)
    mark = files.read_json(place / "a" / "logged.json")
    files.write_json(place / "a" / "logged.json", mark | {"experiment": f"{store.experiment_id}@1"})
    assert tracking.catch_up(store, place) == 1
    assert tracking.catch_up(store, place) == 0
    assert len(runs(store)) == 1


def test_a_store_that_was_moved_away_is_owed_everything(folder, place, publish):
    publish(place / "a")
    files.write_json(place / "a" / "logged.json", {"tracking_uri": tracking.public_uri(), "run_id": "x"})
    assert not backfill.owes(place)
    (folder / "mlflow.db").rename(folder / "kept.db")
    assert backfill.owes(place)


def test_another_store_gets_what_the_first_one_has_and_neither_has_it_twice(
    store, place, fresh, folder, publish, runs, monkeypatch
):
    publish(place / "a")
    assert tracking.catch_up(store, place) == 1
    with monkeypatch.context() as patch:
        (folder / "other.db").write_bytes(fresh.read_bytes())
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/other.db")
        assert backfill.owes(place)
        other = tracking.open_store("scratch")
        assert tracking.catch_up(other, place) == 1
        assert len(runs(other)) == 1
    assert tracking.catch_up(store, place) == 1
    assert len(runs(store)) == 1


def test_a_trial_that_is_trained_again_is_not_logged_meanwhile(store, place, publish, runs):
    publish(place / "a")
    with FileLock(place / "a" / ".lock"):
        assert tracking.catch_up(store, place) == 0
    assert runs(store) == []


def test_one_process_at_a_time_logs_what_is_owed(store, place, publish, runs):
    publish(place / "a")
    with FileLock(place / ".logging.lock"):
        assert tracking.catch_up(store, place) == 0
    assert tracking.catch_up(store, place) == 1
