"""Metrics of extensions, asked through a worker that only pretends; tests/test_extend.py asks a real one."""

from dataclasses import replace

import lab
import numpy as np
import pandas as pd
import pytest
from records import result_of

from bloodstudy import files
from bloodstudy.cli.command import Terminated
from bloodstudy.errors import UserError
from bloodstudy.execution import own_metrics
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.result import OwnMeasure
from bloodstudy.study.run_folder import load_result
from bloodstudy.training.events import MetricEnded
from bloodstudy.training.worker import WorkerDiedError

TABLE = pd.DataFrame(
    {"split": ["train", "test", "test", "test"], "image": ["a.png", "b.png", "c.png", "d.png"], "photograph": "",
     "scene": ["s1", "s2", "s1", "s3"], "label": ["A", "B", "A", "A"],
     "p_A": [0.9, 0.2, 0.101, 0.7], "p_B": [0.1, 0.8, 0.9, 0.3]}
).astype({"p_A": "float32", "p_B": "float32"})  # fmt: skip
RESULT = result_of({
    "outcome": "finished", "stored_hash": "0" * 16, "tags": {"outcome": "finished"},
    "data": {"judged_scenes": "d", "classes": ["A", "B"], "notes": [],
             "counts": {"train": {"A": 1, "B": 0}, "test": {"A": 2, "B": 1}}},
    "factors": {"lr": 0.1, "precision": "float32", "seed": 0}, "cost": {"wall_seconds": 1.0, "attempts": 1},
})  # fmt: skip


class Process:
    """A process whose worker answers what it is told to, and remembers what it was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def any_worker(self):
        return self

    def compute(self, metric, longest_s):
        self.asked.append((metric.name, metric.probabilities, metric.labels))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def own(tmp_path):
    TABLE.to_parquet(tmp_path / "predictions.parquet")
    with lab.extended(tmp_path, lab.TEXT + lab.METRIC) as extension:
        yield extension


def test_the_test_images_are_measured_with_rows_that_sum_to_one_and_without_leaks_too(own, tmp_path):
    process = Process(MetricEnded(0.5), MetricEnded(0.25))
    measured, problems = own_metrics.measure(tmp_path, True, process)
    assert (measured, problems) == ({"test_auc": OwnMeasure(own.digest, 0.5, 0.25)}, [])
    (name, probabilities, labels), (_, clean, _) = process.asked
    assert name == "test_auc"
    assert labels.tolist() == [1, 0, 0]
    assert np.allclose(probabilities.sum(axis=1), 1, rtol=0, atol=1e-15)
    assert probabilities[1, 0] == pytest.approx(0.101 / 1.001)
    assert np.array_equal(clean, probabilities[[0, 2]]), "the image of the scene that training shows is left out"


def test_without_an_image_of_a_class_there_is_no_clean_number(own, tmp_path):
    table = TABLE.assign(scene=["s1", "s1", "s2", "s3"])
    table.to_parquet(tmp_path / "predictions.parquet")
    measured, _ = own_metrics.measure(tmp_path, True, Process(MetricEnded(0.5)))
    assert measured == {"test_auc": OwnMeasure(own.digest, 0.5)}


def test_a_metric_that_fails_is_named_once_and_has_no_value(own, tmp_path):
    death = WorkerDiedError(-11)
    measured, problems = own_metrics.measure(tmp_path, True, Process(MetricEnded(problem="is odd"), death))
    assert measured == {"test_auc": OwnMeasure(own.digest)}
    assert problems == [f"the metric 'test_auc' of extend={tmp_path}/my_lab.py is odd"]
    _, problems = own_metrics.measure(tmp_path, False, Process(death))
    assert problems[0].endswith("ended its process: the training process was ended by SIGSEGV")
    with pytest.raises(Terminated):  # the whole group was told to end
        own_metrics.measure(tmp_path, False, Process(WorkerDiedError(-15)))


def test_a_trial_is_stale_if_another_text_or_none_has_measured_it(own):
    known = {"test_auc": OwnMeasure(own.digest, 0.5)}
    assert own_metrics.is_stale(RESULT)
    assert own_metrics.is_stale(replace(RESULT, metrics={"test_auc": OwnMeasure("0" * 16, 0.5)}))
    assert not own_metrics.is_stale(replace(RESULT, metrics=known))
    assert not own_metrics.is_stale(replace(RESULT, outcome=Outcome.DIVERGED))
    failed = replace(RESULT, outcome=Outcome.FAILED, metrics={"test_auc": OwnMeasure(own.digest)})
    assert not own_metrics.is_stale(failed), "the same text would fail again"
    assert own_metrics.is_stale(replace(failed, metrics={"test_auc": OwnMeasure("0" * 16)}))
    assert not own_metrics.is_stale(replace(RESULT, outcome=Outcome.FAILED, stored_hash=None)), "it was not trained"


def test_a_trial_that_a_metric_let_fail_is_finished_once_the_metric_is_mended(own, tmp_path):
    files.write_json(tmp_path / "logged.json", {})
    failed = replace(RESULT, outcome=Outcome.FAILED, reason="the metric ...", tags={"outcome": "failed"})
    own_metrics.measure_again(tmp_path, failed, Process(MetricEnded(0.5), MetricEnded(0.5)))
    again = load_result(tmp_path)
    assert (again.outcome, again.reason, again.tags["outcome"]) == ("finished", None, "finished")
    assert again.metrics == {"test_auc": OwnMeasure(own.digest, 0.5, 0.5)}
    assert not (tmp_path / "logged.json").exists()


def test_a_finished_trial_stays_as_it_was_if_a_metric_fails_on_it(own, tmp_path):
    with pytest.raises(UserError, match=r"trial .*test_auc.* is odd\. Its result stays as it was"):
        own_metrics.measure_again(tmp_path, RESULT, Process(MetricEnded(problem="is odd"), MetricEnded(0.5)))
    (tmp_path / "predictions.parquet").unlink()
    with pytest.raises(UserError, match="is gone, so no metric can be asked"):
        own_metrics.measure_again(tmp_path, RESULT, Process())


def test_each_metric_is_tried_for_each_number_of_classes(own):
    process = Process(MetricEnded(0.5), MetricEnded(0.5), MetricEnded(problem="is odd"), MetricEnded(0.5))
    with pytest.raises(UserError, match="is odd, tried with made-up probabilities of 4 classes"):
        own_metrics.try_metrics([4, 2, 4], process)
    assert [probabilities.shape for _, probabilities, _ in process.asked] == [(40, 2)] * 2 + [(80, 4)] * 2
    assert all(np.allclose(probabilities.sum(axis=1), 1) for _, probabilities, _ in process.asked)


def test_a_metric_that_gives_another_number_for_the_same_probabilities_is_refused(own):
    with pytest.raises(UserError, match=r"gives 0\.5 and then 0\.25 for the same probabilities.*Nothing was trained"):
        own_metrics.try_metrics([2], Process(MetricEnded(0.5), MetricEnded(0.25)))
