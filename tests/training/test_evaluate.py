import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bloodstudy.study import metrics
from bloodstudy.training import evaluate

CLASSES = ("A", "B", "C")


@given(hnp.arrays("float64", st.tuples(st.integers(1, 30), st.integers(2, 5)), elements=st.floats(1e-6, 1)))
def test_quantised_probabilities_keep_the_first_largest_and_stay_near(raw):
    probabilities = (raw / raw.sum(axis=1, keepdims=True)).astype("float32")
    quantised = evaluate.quantise(probabilities)
    assert (quantised.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    assert np.abs(quantised - probabilities).max() <= 1.6 / evaluate.STEP
    assert np.allclose(quantised * evaluate.STEP, np.rint(quantised * evaluate.STEP), atol=1e-3)


def test_responses_are_the_metrics_and_a_loss_for_each_side():
    probabilities = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7], [0.5, 0.3, 0.2]])
    labels, split = np.array([0, 1, 1, 2, 1]), np.array(["train", "train", "test", "test", "test"], dtype=object)
    without = evaluate.responses(probabilities, labels, split, CLASSES)
    assert without["train_loss"] == pytest.approx(-(np.log(0.8) + np.log(0.7)) / 2)
    split[3:] = "validation", ""
    measured = evaluate.responses(probabilities, labels, split, CLASSES)
    assert measured.pop("validation_loss") == pytest.approx(-np.log(0.7))
    assert (measured.pop("train_loss"), measured.pop("test_loss")) == (
        without["train_loss"],
        pytest.approx(-np.log(0.3)),
    )
    chosen = probabilities.argmax(axis=1)
    assert measured == metrics.measure(chosen, labels, split, split == "test", CLASSES, absent=0.0)
    assert (measured["validation_accuracy"], measured["test_accuracy"], measured["test_recall_C"]) == (1, 0, 0)


def test_the_table_names_every_class_and_every_image_that_is_not_left_out():
    manifest = pd.DataFrame(
        {"image": ["a", "b", "c"], "photograph": ["p", "", ""], "scene": ["s", "", ""], "label": [2, 0, 1],
         "split": ["train", "test", ""]}
    )  # fmt: skip
    table = evaluate.tabulate(manifest, CLASSES, np.eye(3)[[2, 0, 1]])
    assert list(table.columns) == ["split", "image", "photograph", "scene", "label", "p_A", "p_B", "p_C"]
    assert list(table["label"]) == ["C", "A"]


def test_equal_predictions_have_equal_digests():
    probabilities = np.random.default_rng(0).random((5, 3), dtype="float32")
    changed = probabilities.copy()
    changed[4, 2] += 1e-6
    assert evaluate.digest(probabilities) == evaluate.digest(probabilities.copy())
    assert evaluate.digest(probabilities) != evaluate.digest(changed)
