"""One trial as a run of MLflow: its figures, data, times and outcome."""

import json
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from harness import rewrite

from bloodstudy import files, tracking
from bloodstudy.tracking import record

TAGS = {"trial_key": "a", "study": "scratch", "arm": "lr=0.1", "seed": "0"}

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


def test_validation_is_a_curve_that_ends_in_the_response(store, scratch, publish, runs):
    history = pd.DataFrame(publish(scratch / "a")).assign(validation_loss=[1.2, 1.1], validation_accuracy=[0.2, 0.5])
    files.write_text(scratch / "a" / "history.csv", history.to_csv(index=False))
    responses = files.read_json(scratch / "a" / "result.json")["responses"]
    responses |= {"validation_accuracy": 0.5, "validation_loss": 1.1}
    rewrite(scratch / "a" / "result.json", responses=responses, files=...)
    tracking.catch_up(store, scratch)
    (run,) = runs(store)
    points = store.client.get_metric_history(run.info.run_id, "validation_accuracy")
    assert [(point.step, point.value) for point in points] == [(1, 0.2), (2, 0.5)]
    assert run.data.metrics["validation_loss"] == 1.1


def test_the_images_are_a_data_set_of_the_run_without_any_path(store, scratch, publish, runs, tmp_path):
    publish(scratch / "a")
    tracking.catch_up(store, scratch)
    (run,) = runs(store)
    (given,) = run.inputs.dataset_inputs
    assert given.dataset.name == "kaggle, subtype, field, random split, split_seed 0, test_share 0.2"
    assert given.dataset.digest == "f" * 16
    assert json.loads(given.dataset.source) == {"data": "kaggle"}
    profile = json.loads(given.dataset.profile)
    assert profile["counts"]["train"] == {"A": 8, "B": 8}
    assert profile["audit"]["test_images_leaking"] == 3
    assert str(tmp_path) not in str(given)


def test_a_trial_kept_before_there_were_audits_is_logged_too(store, scratch, publish):
    publish(scratch / "a")
    rewrite(scratch / "a" / "result.json", audit=...)
    assert tracking.catch_up(store, scratch) == 1


def test_of_the_tags_and_parameters_that_a_package_brings_only_known_ones_are_logged(store, scratch, publish, runs):
    publish(scratch / "a")
    orders = {"mlflow.user": "mallory", "mlflow.note.content": "Trust me", "mlflow.parentRunId": "0" * 32, "x": "y"}
    false = {"trial_key": "b", "study": "other", "arm": "reference", "seed": "7", "outcome": "diverged"}
    findings = {"audit.provenance": "known", "audit.other": "1"}
    params = {"lr": 0.1, "model": "reference", "data.split": "random", "data.root": "/", "mlflow.user": "mallory"}
    rewrite(scratch / "a" / "result.json", tags=orders | false | findings, params=params)
    tracking.catch_up(store, scratch)
    (run,) = runs(store)
    assert run.data.tags == {
        "trial_key": "a", "study": "scratch", "arm": "lr=0.1", "seed": "0", "fingerprint": "f" * 16,
        "outcome": "finished", "git_commit": "unknown", "audit.provenance": "known", "mlflow.runName": "lr=0.1, seed=0",
        "mlflow.source.name": "python -m bloodstudy.run", "mlflow.source.type": "LOCAL",
        "mlflow.note.content": run.data.tags["mlflow.note.content"], record.TOKEN: run.data.tags[record.TOKEN],
        record.RESULT: run.data.tags[record.RESULT],
    }  # fmt: skip
    assert run.data.tags["mlflow.note.content"].startswith("`lr=0.1`, seed 0, of `scratch`. Train and test accuracy")
    assert run.data.params == {"lr": "0.1", "model": "reference", "data.split": "random"}


def test_a_diverged_trial_is_a_failed_run_with_its_outcome(store, scratch, publish, runs):
    publish(scratch / "a", "diverged")
    tracking.catch_up(store, scratch)
    (run,) = runs(store)
    assert (run.info.status, run.data.tags["outcome"]) == ("FAILED", "diverged")


def test_a_trial_logged_later_keeps_the_time_of_its_training(store, scratch, publish, runs):
    publish(scratch / "a")
    record.log_whole(store, scratch / "a", None)
    (run,) = runs(store)
    assert run.info.end_time - run.info.start_time == pytest.approx(30_000, abs=2)
    assert run.info.end_time == pytest.approx((scratch / "a" / "result.json").stat().st_mtime * 1000, abs=2)


def test_more_epochs_than_one_call_takes_are_logged_and_infinity_is_not(store, scratch, publish, runs):
    publish(scratch / "a")
    epochs = range(1, 1502)
    rows = pd.DataFrame({"epoch": epochs, "fit_loss": [*[1.0] * 1500, math.inf], "fit_accuracy": 0.5})
    files.write_text(scratch / "a" / "history.csv", rows.to_csv(index=False))
    rewrite(scratch / "a" / "result.json", files=...)
    record.log_whole(store, scratch / "a", None)
    (run,) = runs(store)
    assert len(store.client.get_metric_history(run.info.run_id, "fit/accuracy")) == 1501
    assert len(store.client.get_metric_history(run.info.run_id, "fit/loss")) == 1500


def test_a_run_whose_creation_was_not_answered_is_found_and_replaced(store, scratch, open_run, runs, monkeypatch):
    create = type(store.client).create_run

    def unanswered(self, *given, **named):
        create(self, *given, **named)
        raise ConnectionError("the answer was lost")

    with monkeypatch.context() as patch:
        patch.setattr(type(store.client), "create_run", unanswered)
        with pytest.raises(ConnectionError):
            open_run(store, scratch / "a")
    assert len(runs(store)) == 1
    run_id = open_run(store, scratch / "a")
    assert [run.info.run_id for run in runs(store)] == [run_id]


def test_a_store_that_was_removed_does_not_stop_a_new_run(store, scratch, open_run, runs):
    files.write_json(scratch / "a" / "run.json", {"tracking_uri": store.uri, "run_id": "0" * 32})
    open_run(store, scratch / "a")
    assert len(runs(store)) == 1


def test_what_does_not_apply_is_no_parameter(store, scratch, runs):
    record.open_run(store, files.make_folder(scratch / "a"), TAGS, {"lr": 0.1, "data.fold": None})
    assert runs(store)[0].data.params == {"lr": "0.1"}


@pytest.mark.parametrize(("images", "kept"), [(4, False), (3, True)])
def test_clean_responses_are_left_out_if_all_test_images_are_clean(store, scratch, publish, runs, images, kept):
    publish(scratch / "a")
    responses = files.read_json(scratch / "a" / "result.json")["responses"]
    more = {"test_accuracy_clean": 0.7, "test_images_clean": images}
    rewrite(scratch / "a" / "result.json", responses=responses | more)
    tracking.catch_up(store, scratch)
    logged = {name for name in runs(store)[0].data.metrics if name.endswith("_clean")}
    assert logged == ({*more} if kept else set())


def test_the_confusion_matrix_is_a_picture_among_the_artifacts(store, scratch, publish, runs):
    publish(scratch / "a")
    table = {"split": ["test"] * 4, "image": list("wxyz"), "label": ["A", "A", "B", "B"]}
    shares = {"p_A": [1.0, 0.2, 0.1, 0.0], "p_B": [0.0, 0.8, 0.9, 1.0]}
    frame = pd.DataFrame(table | {name: np.array(values, "float32") for name, values in shares.items()})
    frame.to_parquet(scratch / "a" / "predictions.parquet")
    tracking.catch_up(store, scratch)
    picture = store.client.download_artifacts(runs(store)[0].info.run_id, "confusion_matrix.svg")
    text = Path(picture).read_text()
    assert re.findall(r">(\d+ \(\d+%\))<", text) == ["1 (50%)", "1 (50%)", "0 (0%)", "2 (100%)"]
    ElementTree.fromstring(text)


def test_the_accuracies_are_logged_before_what_training_prints(store, scratch, publish, monkeypatch):
    publish(scratch / "a")
    logged = []
    log = type(store.client).log_batch
    monkeypatch.setattr(type(store.client), "log_batch", lambda self, run_id, metrics=(), **more: (
        logged.extend(metric.key for metric in metrics), log(self, run_id, metrics=metrics, **more)
    ))  # fmt: skip
    tracking.catch_up(store, scratch)
    assert {*logged[:3]} == {"accuracy_gap", "test_accuracy", "train_accuracy"}
    assert {"fit/loss", "fit/accuracy"} <= {*logged[3:]}
