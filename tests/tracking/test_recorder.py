"""One trial recorded while it is trained, whatever the store does."""

import threading

import pytest
from harness import wait_for

from bloodstudy import tracking
from bloodstudy.tracking import recorder

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture
def train(start, publish):
    """Record one whole trial as the command does."""

    def train(folder):
        recording = start(folder)
        for row in publish(folder):
            recording.epoch(row)
        recording.end()
        return recording

    return train


def test_a_trial_logged_as_it_goes_and_one_logged_later_look_the_same(store, scratch, publish, train, runs):
    assert train(scratch / "live").trouble is None
    publish(scratch / "late")
    assert tracking.catch_up(store, scratch) == 1
    assert tracking.catch_up(store, scratch) == 0
    one, two = runs(store)
    assert one.data.metrics == two.data.metrics
    assert one.data.params == two.data.params == {"lr": "0.1", "model": "reference"}
    assert one.info.status == two.info.status == "FINISHED"
    assert one.data.tags["outcome"] == "finished"
    assert one.data.metrics["accuracy_gap"] == 0.2
    assert one.data.metrics["fit/loss"] == 1.0, "infinity must not be stored"
    for run in (one, two):
        assert [m.step for m in store.client.get_metric_history(run.info.run_id, "fit/accuracy")] == [1, 2]


def test_epochs_appear_while_the_trial_trains_and_once(store, scratch, publish, start, runs, monkeypatch):
    monkeypatch.setattr(recorder, "EPOCHS_EVERY_S", 0.0)
    rows = publish(scratch / "a")
    recording = start(scratch / "a")
    recording.epoch(rows[0])
    wait_for(lambda: any("fit/accuracy" in run.data.metrics for run in runs(store)), 30)
    (run,) = runs(store)
    assert (run.info.status, run.data.metrics["fit/accuracy"]) == ("RUNNING", 0.3)
    recording.epoch(rows[1])
    recording.end()
    assert [m.step for m in store.client.get_metric_history(run.info.run_id, "fit/accuracy")] == [1, 2]


def test_a_store_that_fails_in_the_middle_costs_nothing_and_is_caught_up_once(store, scratch, train, runs, monkeypatch):
    def away(*_, **__):
        raise ConnectionError("the server is away")

    with monkeypatch.context() as patch:
        patch.setattr(type(store.client), "log_batch", away)
        assert "away" in (train(scratch / "a").trouble or "")
    assert not (scratch / "a" / "logged.json").exists()
    assert tracking.catch_up(store, scratch) == 1
    (run,) = runs(store)
    assert run.info.status == "FINISHED"


def test_what_a_trial_owes_is_logged_after_the_next_one_that_the_store_takes(store, scratch, train, runs, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        assert train(scratch / "a").trouble
    monkeypatch.setattr(recorder, "TROUBLED_PATIENCE_S", 30)  # how long a busy machine takes is not asked here
    assert train(scratch / "b").trouble is None
    wait_for((scratch / "a" / "logged.json").exists, 30)
    assert {run.data.tags["trial_key"] for run in runs(store)} == {"a", "b"}


def test_a_store_that_hangs_holds_up_no_trial_and_leaves_no_second_run(store, scratch, train, runs, monkeypatch):
    for patience in ("OPENING_PATIENCE_S", "PATIENCE_S"):  # which one counts: whether the store is open by then
        monkeypatch.setattr(recorder, patience, 0.5)
    create = type(store.client).create_run

    trained, created = threading.Event(), threading.Event()

    def slow(self, *given, **named):
        assert trained.wait(60)
        run = create(self, *given, **named)
        created.set()
        return run

    with monkeypatch.context() as patch:
        patch.setattr(type(store.client), "create_run", slow)
        recording = train(scratch / "a")
        assert not created.is_set(), "the trial ended while the store was still hanging"
        assert "no answer within 0.5 s" in (recording.trouble or "")
        trained.set()
        assert created.wait(60)
    (late,) = runs(store)
    assert late.info.status == "RUNNING", "the fault happened: the run was created after all"
    assert tracking.finish(scratch).logged == 1
    (run,) = runs(store)
    assert run.info.status == "FINISHED"


def test_a_trial_is_one_run_whatever_an_earlier_attempt_left(store, scratch, start, settled, runs):
    for _ in range(2):
        start(scratch / "a")
    settled("scratch")
    assert [run.info.status for run in runs(store)] == ["RUNNING"]


def test_an_interrupted_trial_is_a_killed_run(store, scratch, start, settled, runs):
    recording = start(scratch / "a")
    settled("scratch")
    recording.interrupt()
    (run,) = runs(store)
    assert (run.info.status, run.data.tags["outcome"]) == ("KILLED", "interrupted")
