import os
import time

import pytest

from bloodstudy import files, tracking
from bloodstudy.tracking import call_queue, record, session

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture
def place(folder):
    study_folder = files.make_folder(folder / "runs" / "pooling")
    files.write_text(study_folder / "plan.yaml", "study: pooling\n")
    return study_folder


def runs_of(study):
    store = tracking.open_store(study)
    return store.client.search_runs([store.experiment_id])


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_a_study_is_running_between_begin_and_finish(place, status):
    tracking.begin(place, to_train=2, params={"seeds": 2})
    call_queue.queue_of("pooling").put(lambda store: None).wait(30)
    assert [run.info.status for run in runs_of("pooling")] == ["RUNNING"]
    assert tracking.finish(place, status) == tracking.Ending(0, 0, None)
    assert [run.info.status for run in runs_of("pooling")] == [status]


def test_a_command_with_nothing_to_do_does_not_open_the_store(place):
    tracking.begin(place, to_train=0)
    assert tracking.finish(place) == tracking.Ending(0, 0, None)
    assert not call_queue.queue_of("pooling").is_used


def test_a_study_that_another_process_works_on_stays_running(place, tags_of, params):
    from filelock import FileLock

    store = tracking.open_store("pooling")
    elsewhere = files.make_folder(place / "a")
    record.open_run(store, elsewhere, tags_of(elsewhere), params)
    tracking.begin(place, to_train=1)
    with FileLock(elsewhere / ".lock"):
        tracking.finish(place)
        assert {run.info.status for run in runs_of("pooling")} == {"RUNNING"}
    tracking.finish(place)
    assert {run.info.status for run in runs_of("pooling")} == {"FINISHED", "KILLED"}


def test_what_is_owed_is_counted_with_the_reason(place, publish, monkeypatch):
    publish(place / "a")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    ending = tracking.finish(place)
    assert (ending.logged, ending.owed) == (0, 1)
    assert "127.0.0.1:9" in (ending.trouble or "")


def test_waiting_has_an_end_and_is_told(place, publish, monkeypatch):
    publish(place / "a")
    monkeypatch.setattr(session, "PATIENCE_S", 0.5)
    monkeypatch.setattr(session, "SILENCE_S", 0.2)
    call_queue.queue_of("pooling").put(lambda store: time.sleep(5))
    told, begun = [], time.monotonic()
    assert tracking.finish(place, waiting=lambda: told.append(1)).owed == 1
    assert time.monotonic() - begun < 3
    assert told == [1]


def test_no_password_is_written_anywhere(place, publish, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://team:hunter2@127.0.0.1:9")
    publish(place / "a")
    ending = tracking.finish(place)
    assert ending.owed == 1
    assert "hunter2" not in str(ending) + tracking.public_uri()
    for folder, _, names in os.walk(place):
        for name in names:
            assert b"hunter2" not in (place / folder / name).read_bytes()
