import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bloodstudy.training import evaluate

CLASSES = ("A", "B", "C")


@given(hnp.arrays("float64", st.tuples(st.integers(1, 30), st.integers(2, 5)), elements=st.floats(1e-6, 1)))
def test_quantised_probabilities_keep_the_first_largest_and_stay_near(raw):
    probabilities = (raw / raw.sum(axis=1, keepdims=True)).astype("float32")
    quantised = evaluate.quantise(probabilities)
    assert (quantised.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    assert np.abs(quantised - probabilities).max() <= 1.6 / evaluate.STEP
    assert np.allclose(quantised * evaluate.STEP, np.rint(quantised * evaluate.STEP), atol=1e-3)


def test_responses_are_what_counting_by_hand_gives():
    probabilities = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7], [0.5, 0.3, 0.2]])
    labels = np.array([0, 1, 1, 2, 1])
    split = np.array(["train", "train", "test", "test", "test"])
    measured = evaluate.responses(probabilities, labels, split, CLASSES)
    assert measured["train_accuracy"] == 1.0
    assert measured["test_accuracy"] == pytest.approx(1 / 3)
    assert measured["accuracy_gap"] == pytest.approx(2 / 3)
    assert measured["test_recall_B"] == 0.0
    assert measured["test_recall_C"] == 1.0
    assert measured["test_macro_f1"] == pytest.approx((0 + 0 + 1) / 3)
    assert measured["train_loss"] == pytest.approx(-(np.log(0.8) + np.log(0.7)) / 2)


def test_validation_is_measured_where_there_is_one_and_images_left_out_are_not():
    probabilities = np.eye(3)[[0, 1, 2, 0]] * 0.9 + 0.03
    labels, split = np.array([0, 1, 1, 1]), np.array(["train", "test", "validation", ""], dtype=object)
    measured = evaluate.responses(probabilities, labels, split, CLASSES)
    assert (measured["train_accuracy"], measured["test_accuracy"], measured["validation_accuracy"]) == (1, 1, 0)
    assert measured["validation_loss"] == pytest.approx(-np.log(0.03))
    without = evaluate.responses(probabilities[:2], labels[:2], split[:2], CLASSES)
    assert without == {name: value for name, value in measured.items() if "validation" not in name}


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
