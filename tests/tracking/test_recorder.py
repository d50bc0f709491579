import threading
import time

import pytest

from bloodstudy import files, tracking
from bloodstudy.tracking import call_queue, recorder

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


def train(folder, publish, tags_of, params, study="scratch"):
    """Record one trial as the command does."""
    recording = tracking.Recorder(study, folder)
    recording.start(tags_of(folder), params)
    for row in publish(folder):
        recording.epoch(row)
    recording.end()
    return recording


def test_a_trial_logged_as_it_goes_and_one_logged_later_look_the_same(store, tmp_path, publish, tags_of, params, runs):
    live, late = (tmp_path / "runs" / "scratch" / name for name in "ab")
    publish(live)
    recording = train(live, publish, tags_of, params)
    assert recording.trouble is None
    publish(late)
    assert tracking.catch_up(store, late.parent) == 1
    assert tracking.catch_up(store, late.parent) == 0
    one, two = runs(store)
    assert one.data.metrics == two.data.metrics
    assert one.data.params == two.data.params == {"lr": "0.1", "model": "reference"}
    assert one.info.status == two.info.status == "FINISHED"
    assert one.data.tags["outcome"] == "finished"
    assert one.data.metrics["accuracy_gap"] == 0.2
    assert one.data.metrics["fit_loss"] == 1.0, "infinity must not be stored"
    for run in (one, two):
        assert [m.step for m in store.client.get_metric_history(run.info.run_id, "fit_accuracy")] == [1, 2]


def test_epochs_appear_while_the_trial_trains_and_once(store, tmp_path, publish, tags_of, params, runs, monkeypatch):
    monkeypatch.setattr(recorder, "EPOCHS_EVERY_S", 0.0)
    folder = tmp_path / "runs" / "scratch" / "a"
    rows = publish(folder)
    recording = tracking.Recorder("scratch", folder)
    recording.start(tags_of(folder), params)
    recording.epoch(rows[0])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not any("fit_accuracy" in run.data.metrics for run in runs(store)):
        time.sleep(0.05)
    (run,) = runs(store)
    assert (run.info.status, run.data.metrics["fit_accuracy"]) == ("RUNNING", 0.3)
    recording.epoch(rows[1])
    recording.end()
    assert [m.step for m in store.client.get_metric_history(run.info.run_id, "fit_accuracy")] == [1, 2]


def test_a_store_that_fails_in_the_middle_costs_nothing_and_is_caught_up_once(
    store, tmp_path, publish, tags_of, params, runs, monkeypatch
):
    folder = tmp_path / "runs" / "scratch" / "a"

    def away(*_, **__):
        raise ConnectionError("the server is away")

    with monkeypatch.context() as patch:
        patch.setattr(type(store.client), "log_batch", away)
        recording = train(folder, publish, tags_of, params)
    assert "away" in (recording.trouble or "")
    assert not (folder / "logged.json").exists()
    assert tracking.catch_up(store, folder.parent) == 1
    (run,) = runs(store)
    assert run.info.status == "FINISHED"


def test_what_a_trial_owes_is_logged_after_the_next_one_that_the_store_takes(
    store, tmp_path, publish, tags_of, params, runs, monkeypatch
):
    first, second = (tmp_path / "runs" / "scratch" / name for name in "ab")
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        assert train(first, publish, tags_of, params).trouble
    assert train(second, publish, tags_of, params).trouble is None
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (first / "logged.json").exists():
        time.sleep(0.05)
    assert {run.data.tags["trial_key"] for run in runs(store)} == {"a", "b"}


def test_a_store_that_hangs_holds_up_no_trial_and_leaves_no_second_run(
    store, tmp_path, publish, tags_of, params, runs, monkeypatch
):
    for patience in ("OPENING_PATIENCE_S", "PATIENCE_S"):  # which one counts: whether the store is open by then
        monkeypatch.setattr(recorder, patience, 0.5)
    folder = tmp_path / "runs" / "scratch" / "a"
    create = type(store.client).create_run

    trained, created = threading.Event(), threading.Event()

    def slow(self, *given, **named):
        assert trained.wait(60)
        run = create(self, *given, **named)
        created.set()
        return run

    with monkeypatch.context() as patch:
        patch.setattr(type(store.client), "create_run", slow)
        recording = train(folder, publish, tags_of, params)
        assert not created.is_set(), "the trial ended while the store was still hanging"
        assert "no answer within 0.5 s" in (recording.trouble or "")
        trained.set()
        assert created.wait(60)
    (left,) = runs(store)
    assert left.info.status == "RUNNING", "the fault happened: the run was created after all"
    assert tracking.finish(folder.parent).logged == 1
    (run,) = runs(store)
    assert run.info.status == "FINISHED"


def test_a_trial_is_one_run_whatever_an_earlier_attempt_left(store, tmp_path, tags_of, params, runs):
    folder = files.make_folder(tmp_path / "runs" / "scratch" / "a")
    for _ in range(2):
        tracking.Recorder("scratch", folder).start(tags_of(folder), params)
    call_queue.queue_of("scratch").put(lambda store: None).wait(30)
    assert [run.info.status for run in runs(store)] == ["RUNNING"]


def test_an_interrupted_trial_is_a_killed_run(store, tmp_path, tags_of, params, runs):
    folder = files.make_folder(tmp_path / "runs" / "scratch" / "a")
    recording = tracking.Recorder("scratch", folder)
    recording.start(tags_of(folder), params)
    call_queue.queue_of("scratch").put(lambda store: None).wait(30)
    recording.interrupt()
    (run,) = runs(store)
    assert (run.info.status, run.data.tags["outcome"]) == ("KILLED", "interrupted")
