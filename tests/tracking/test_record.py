import json
import math
import shutil

import pandas as pd
import pytest

from bloodstudy import files, tracking

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A store whose tables exist: creating them takes MLflow seconds, so it is done once."""
    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        tracking.open_store("another")
    return folder / "mlflow.db"


@pytest.fixture
def store(fresh, tmp_path, monkeypatch):
    shutil.copy(fresh, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tracking.open_store("scratch")


TAGS = {"trial_key": "k1", "study": "scratch", "arm": "lr=0.1", "seed": "0", "outcome": "running"}
DATA = {"name": "kaggle", "task": "subtype", "view": "field", "split": "random", "split_seed": 0, "test_share": 0.2,
        "fingerprint": "f" * 16, "classes": ["A", "B"],
        "counts": {"train": {"A": 8, "B": 8}, "test": {"A": 2, "B": 2}}}  # fmt: skip
PARAMS = {"lr": 0.1, "model": "reference"}


def publish(folder, outcome="finished"):
    files.make_folder(folder)
    history = pd.DataFrame({"epoch": [1, 2], "fit_loss": [1.0, math.inf], "fit_accuracy": [0.3, 0.4],
                            "epoch_seconds": [1.0, 1.0], "images_per_second": [10.0, 10.0]})  # fmt: skip
    files.write_text(folder / "history.csv", history.to_csv(index=False))
    responses = {"train_accuracy": 0.9, "test_accuracy": 0.7, "accuracy_gap": 0.2} if outcome == "finished" else {}
    files.write_json(folder / "result.json", {
        "outcome": outcome, "responses": responses, "cost": {"peak_memory_mb": 1.0},
        "tags": TAGS | {"outcome": outcome}, "params": PARAMS, "data": DATA, "audit": {"test_images_leaking": 3},
    })  # fmt: skip
    return history.to_dict("records")


def runs(store):
    return store.client.search_runs([store.experiment_id])


def test_a_trial_logged_as_it_goes_and_one_logged_later_look_the_same(store, tmp_path):
    live, late = tmp_path / "runs" / "a", tmp_path / "runs" / "b"
    rows = publish(live)
    recorder = tracking.Recorder(store, live)
    recorder.start(TAGS, PARAMS)
    for row in rows:
        recorder.epoch(row)
    recorder.end()
    assert recorder.trouble is None
    publish(late)
    assert tracking.catch_up(store, tmp_path / "runs") == 1
    assert tracking.catch_up(store, tmp_path / "runs") == 0
    one, two = runs(store)
    assert one.data.metrics == two.data.metrics
    assert one.data.params == two.data.params == {"lr": "0.1", "model": "reference"}
    assert one.info.status == two.info.status == "FINISHED"
    assert one.data.tags["outcome"] == "finished"
    assert one.data.metrics["accuracy_gap"] == 0.2
    assert one.data.metrics["fit_loss"] == 1.0, "infinity must not be stored"
    assert [m.step for m in store.client.get_metric_history(one.info.run_id, "fit_accuracy")] == [1, 2]


def test_validation_is_a_curve_that_ends_in_the_response(store, tmp_path):
    folder = tmp_path / "runs" / "a"
    history = pd.DataFrame(publish(folder)).assign(validation_loss=[1.2, 1.1], validation_accuracy=[0.2, 0.5])
    files.write_text(folder / "history.csv", history.to_csv(index=False))
    result = files.read_json(folder / "result.json")
    result["responses"] |= {"validation_accuracy": 0.5, "validation_loss": 1.1}
    files.write_json(folder / "result.json", result)
    tracking.catch_up(store, tmp_path / "runs")
    (run,) = runs(store)
    points = store.client.get_metric_history(run.info.run_id, "validation_accuracy")
    assert [(point.step, point.value) for point in points] == [(1, 0.2), (2, 0.5)]
    assert run.data.metrics["validation_loss"] == 1.1


def test_the_images_are_a_data_set_of_the_run_without_any_path(store, tmp_path):
    publish(tmp_path / "runs" / "a")
    tracking.catch_up(store, tmp_path / "runs")
    (run,) = runs(store)
    (given,) = run.inputs.dataset_inputs
    assert given.dataset.name == "kaggle, subtype, field, random split, split_seed 0, test_share 0.2"
    assert given.dataset.digest == "f" * 16
    assert json.loads(given.dataset.source) == {"data": "kaggle"}
    profile = json.loads(given.dataset.profile)
    assert profile["counts"]["train"] == {"A": 8, "B": 8}
    assert profile["audit"] == {"test_images_leaking": 3}
    assert str(tmp_path) not in str(given)


def test_a_trial_kept_before_there_were_audits_is_logged_too(store, tmp_path):
    folder = tmp_path / "runs" / "a"
    publish(folder)
    result = files.read_json(folder / "result.json")
    del result["audit"], result["data"]
    files.write_json(folder / "result.json", result)
    assert tracking.catch_up(store, tmp_path / "runs") == 1


def test_a_diverged_trial_is_a_failed_run_with_its_outcome(store, tmp_path):
    publish(tmp_path / "runs" / "a", "diverged")
    tracking.catch_up(store, tmp_path / "runs")
    (run,) = runs(store)
    assert (run.info.status, run.data.tags["outcome"]) == ("FAILED", "diverged")


def test_a_store_that_fails_in_the_middle_costs_nothing_and_is_caught_up_once(store, tmp_path, monkeypatch):
    folder = tmp_path / "runs" / "a"
    rows = publish(folder)
    recorder = tracking.Recorder(store, folder)
    recorder.start(TAGS, PARAMS)

    def away(*_, **__):
        raise ConnectionError("the server is away")

    with monkeypatch.context() as patch:
        patch.setattr(type(store.client), "log_batch", away)
        recorder.epoch(rows[0])
        recorder.end()
    assert "away" in (recorder.trouble or "")
    assert not (folder / "logged.json").exists()
    assert tracking.catch_up(store, tmp_path / "runs") == 1
    (run,) = runs(store)
    assert run.info.status == "FINISHED"


def test_a_trial_is_one_run_whatever_an_earlier_attempt_left(store, tmp_path):
    folder = files.make_folder(tmp_path / "runs" / "a")
    tracking.Recorder(store, folder).start(TAGS, PARAMS)
    tracking.Recorder(store, folder).start(TAGS, PARAMS)
    assert [run.info.status for run in runs(store)] == ["RUNNING"]


def test_a_store_that_was_removed_does_not_stop_a_new_run(store, tmp_path):
    folder = files.make_folder(tmp_path / "runs" / "a")
    files.write_json(folder / "run.json", {"tracking_uri": store.uri, "run_id": "0" * 32})
    recorder = tracking.Recorder(store, folder)
    recorder.start(TAGS, PARAMS)
    assert recorder.trouble is None
    assert len(runs(store)) == 1


def test_without_a_store_nothing_happens(tmp_path):
    recorder = tracking.Recorder(None, tmp_path)
    recorder.start(TAGS, PARAMS)
    recorder.epoch({})
    recorder.end()
    assert recorder.trouble is None
