import math

import numpy as np
import pytest
from sklearn.metrics import f1_score, recall_score

from bloodstudy.data.splits.split import find_clean
from bloodstudy.study import metrics


@pytest.mark.parametrize("absent", [0.0, math.nan])
def test_what_is_measured_is_to_the_bit_what_sklearn_says(absent):
    rng = np.random.default_rng(5)
    for _ in range(20):
        labels, guess = rng.integers(0, 7, (2, 90))
        split = rng.permutation(np.repeat(["train", "validation", "test", ""], [40, 10, 35, 5]))
        test = split == "test"
        measured = metrics.measure(guess, labels, split, test, "ABCDEFG", absent)
        for side in ("train", "validation", "test"):
            assert measured[f"{side}_accuracy"] == (guess == labels)[split == side].mean()
        assert measured["accuracy_gap"] == measured["train_accuracy"] - measured["test_accuracy"]
        options = {"labels": np.arange(7), "zero_division": absent}
        recalls = recall_score(labels[test], guess[test], average=None, **options)
        assert np.array_equal([measured[f"test_recall_{name}"] for name in "ABCDEFG"], recalls, equal_nan=True)
        if len(set(labels[test])) == 7 or absent == 0:
            assert measured["test_macro_f1"] == f1_score(labels[test], guess[test], average="macro", **options)
        else:
            assert math.isnan(measured["test_macro_f1"])


def test_what_is_measured_is_what_counting_by_hand_gives():
    guess, labels = np.array([0, 1, 0, 2, 0]), np.array([0, 1, 1, 2, 1])
    split = np.array(["train", "train", "test", "test", "test"])
    measured = metrics.measure(guess, labels, split, split == "test", "ABC", absent=0.0)
    assert measured == pytest.approx({
        "train_accuracy": 1.0, "test_accuracy": 1 / 3, "accuracy_gap": 2 / 3, "test_macro_f1": 1 / 3,
        "test_recall_A": 0.0, "test_recall_B": 0.0, "test_recall_C": 1.0,
    })  # fmt: skip


def test_nothing_is_measured_if_there_is_no_image():
    labels = np.zeros(2, dtype=int)
    measured = metrics.measure(labels, labels, np.array(["train"] * 2), np.zeros(2, dtype=bool), "AB")
    assert measured.pop("train_accuracy") == 1
    assert "validation_accuracy" not in measured
    assert np.isnan(list(measured.values())).all()


SPLIT = np.array(["train", "train", "validation", "test", "test", "test", "test"], dtype=object)
SCENES = np.array(["a", "b", "c", "a", "d", "e", ""], dtype=object)


def measure_clean(predicted, labels, scenes):
    return metrics.measure_clean(predicted, labels, SPLIT, find_clean(SPLIT, scenes), ("A", "B"))


def test_clean_responses_leave_out_what_training_has_seen_and_what_nobody_knows():
    labels, predicted = np.array([0, 1, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 0, 1, 1, 0])
    measured = measure_clean(predicted, labels, SCENES)
    assert tuple(measured) == metrics.CLEAN_RESPONSES
    assert measured["test_images_clean"] == 2
    assert measured["test_accuracy_clean"] == 0.5
    assert measured["accuracy_gap_clean"] == 0.0
    assert measured["test_macro_f1_clean"] == pytest.approx((0 + 2 / 3) / 2)


def test_clean_responses_claim_nothing_of_what_is_not_there():
    labels = np.zeros(7, dtype=int)
    one_class = measure_clean(labels, labels, SCENES)
    assert set(one_class) == {"test_images_clean", "test_accuracy_clean", "accuracy_gap_clean"}
    seen = measure_clean(labels, labels, np.full(7, "a", dtype=object))
    assert seen == {"test_images_clean": 0}
