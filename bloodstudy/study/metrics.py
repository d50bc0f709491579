"""What a trial measures on its images: accuracies, macro F1 and recalls, each defined here alone.

In: predicted and true classes, and the side that each image stands on. Out: responses by name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

CLEAN = ("test_accuracy", "accuracy_gap", "test_macro_f1")  # are also measured on the clean test images
CLEAN_RESPONSES = ("test_images_clean", *(f"{name}_clean" for name in CLEAN))


def measure(
    predicted: np.ndarray,
    labels: np.ndarray,
    split: np.ndarray,
    tested: np.ndarray,
    classes: Sequence[str],
    absent: float = math.nan,
) -> dict[str, float]:
    """Return train_accuracy, test_accuracy, accuracy_gap, validation_accuracy, test_macro_f1, test_recall_<CLASS>.

    Args:
        predicted: int (N,), the likeliest class of each image.
        labels: int (N,), the true one.
        split: str (N,), "train", "test", "validation" or "".
        tested: bool (N,), the test images to measure on.
        classes: their names, in order.
        absent: the recall of a class without a test image. With NaN there is no macro F1 then either.

    An accuracy without an image is NaN; without a validation split there is none of it.
    """
    correct = predicted == labels
    train, test = accuracy(correct[split == "train"]), accuracy(correct[tested])
    measured = {"train_accuracy": train, "test_accuracy": test, "accuracy_gap": train - test}
    validation = split == "validation"
    if validation.any():
        measured["validation_accuracy"] = accuracy(correct[validation])
    recalls, f1 = _measure_classes(labels[tested], predicted[tested], len(classes), absent)
    measured["test_macro_f1"] = math.nan if np.isnan(recalls).any() else float(f1.mean())
    return measured | {f"test_recall_{name}": float(recall) for name, recall in zip(classes, recalls, strict=True)}


def measure_clean(
    predicted: np.ndarray, labels: np.ndarray, split: np.ndarray, clean: np.ndarray, classes: Sequence[str]
) -> dict[str, float]:
    """Return `CLEAN_RESPONSES`: those of `clean` test images alone, bool (N,), whose scene no training has seen.

    Accuracies are left out if there is no such image, macro F1 if a class has none.
    """
    measured = measure(predicted, labels, split, clean, classes)
    known = {f"{name}_clean": measured[name] for name in CLEAN if not math.isnan(measured[name])}
    return {"test_images_clean": int(clean.sum())} | known


def accuracy(correct: np.ndarray) -> float:
    """Return the share of bool (N,) that is true; NaN without any."""
    return float(correct.mean()) if len(correct) else math.nan


def count_confusions(truth: np.ndarray, guess: np.ndarray, classes: int) -> np.ndarray:
    """Return how many images of each true class, a row, were given each class: int (classes, classes)."""
    return np.bincount(truth * classes + guess, minlength=classes * classes).reshape(classes, classes)


def _measure_classes(truth: np.ndarray, guess: np.ndarray, classes: int, absent: float) -> tuple[np.ndarray, ...]:
    """Return recall and F1 of each class; `absent` if it has no image.

    Those of scikit-learn, which a test holds them to: it takes ten times as long, for each trial of a report.
    """
    counts = count_confusions(truth, guess, classes)
    right, shown, named = counts.diagonal().astype(float), counts.sum(axis=1), counts.sum(axis=0)
    recalls, f1 = np.full(classes, absent), np.full(classes, absent)
    np.divide(right, shown, out=recalls, where=shown > 0)
    np.divide(2 * right, shown + named, out=f1, where=shown + named > 0)
    return recalls, f1
