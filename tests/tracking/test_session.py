"""The store around the trials of one command."""

import contextlib
import time

import pytest
from filelock import FileLock

from bloodstudy import tracking
from bloodstudy.tracking import call_queue, session

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


def runs_of(study):
    store = tracking.open_store(study)
    return store.client.search_runs([store.experiment_id])


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_a_study_is_running_between_begin_and_finish(pooling, settled, status):
    tracking.begin(pooling, to_train=2, params={"seeds": 2})
    settled("pooling")
    assert [run.info.status for run in runs_of("pooling")] == ["RUNNING"]
    assert tracking.finish(pooling, status) == tracking.Ending(0, 0, None)
    assert [run.info.status for run in runs_of("pooling")] == [status]


def test_a_command_with_nothing_to_do_does_not_open_the_store(pooling):
    tracking.begin(pooling, to_train=0)
    assert tracking.finish(pooling) == tracking.Ending(0, 0, None)
    assert not call_queue.queue_of("pooling").is_used


def test_a_study_that_another_process_works_on_stays_running(pooling, open_run):
    open_run(tracking.open_store("pooling"), pooling / "a")
    tracking.begin(pooling, to_train=1)
    with FileLock(pooling / "a" / ".lock"):
        tracking.finish(pooling)
        assert {run.info.status for run in runs_of("pooling")} == {"RUNNING"}
    tracking.finish(pooling)
    assert {run.info.status for run in runs_of("pooling")} == {"FINISHED", "KILLED"}


def test_what_is_owed_is_counted_with_the_reason(pooling, publish, monkeypatch):
    publish(pooling / "a")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    ending = tracking.finish(pooling)
    assert (ending.logged, ending.owed) == (0, 1)
    assert "127.0.0.1:9" in (ending.trouble or "")


def test_waiting_has_an_end_and_is_told(pooling, publish, monkeypatch):
    publish(pooling / "a")
    monkeypatch.setattr(session, "PATIENCE_S", 0.5)
    monkeypatch.setattr(session, "SILENCE_S", 0.2)
    call_queue.queue_of("pooling").put(lambda store: time.sleep(5))
    told, begun = [], time.monotonic()
    assert tracking.finish(pooling, waiting=lambda: told.append(1)).owed == 1
    assert time.monotonic() - begun < 3
    assert told == [1]


def test_the_summary_is_made_while_the_thread_of_the_store_rests(pooling, publish):
    publish(pooling / "a")
    calls = []
    call_queue.queue_of("pooling").put(lambda store: (calls.append("begun"), time.sleep(0.5), calls.append("ended")))

    @contextlib.contextmanager
    def summarise():
        calls.append((pooling / "a" / "logged.json").exists())
        time.sleep(0.2)
        yield tracking.Summary("told", {}, ["a"])
        calls.append("used")

    tracking.begin(pooling, to_train=1)
    assert tracking.finish(pooling, summary=summarise) == tracking.Ending(1, 0, None)
    assert calls == ["begun", "ended", True, "used"]
    assert "told" in {run.data.tags.get("mlflow.note.content") for run in runs_of("pooling")}


def test_no_summary_is_made_for_a_store_that_is_away(pooling, publish, monkeypatch):
    publish(pooling / "a")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    ending = tracking.finish(pooling, summary=lambda: pytest.fail("was made"))
    assert (ending.logged, ending.owed) == (0, 1)


def test_no_password_is_written_anywhere(pooling, publish, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://hunter1:hunter2@127.0.0.1:9?token=hunter3")
    publish(pooling / "a")
    ending = tracking.finish(pooling)
    assert ending.owed == 1
    assert "hunter" not in str(ending) + tracking.public_uri()
    for path in pooling.rglob("*"):
        assert path.is_dir() or b"hunter" not in path.read_bytes()
