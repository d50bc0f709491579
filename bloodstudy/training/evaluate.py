"""Measuring a trained model: the same way on training and test images.

In: a model, images and labels. Out: one probability a class and image, and the responses computed from them, in
inference mode and without augmentation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bloodstudy.data.splits.split import find_clean
from bloodstudy.study.predictions import PREFIX, STEP
from bloodstudy.training import backend

if TYPE_CHECKING:
    import keras

CLEAN_RESPONSES = ("test_images_clean", "test_accuracy_clean", "accuracy_gap_clean", "test_macro_f1_clean")


def predict(model: keras.Model, images: np.ndarray, progress: Callable[[float], None]) -> np.ndarray:
    """Return class probabilities, float32 (N, classes), of uint8 `images` (N, H, W, C), reporting the share done."""
    import keras

    from bloodstudy.training.batches import Gallery

    gallery = Gallery(images)
    told = keras.callbacks.LambdaCallback()
    told.on_predict_batch_end = lambda batch, logs=None: progress((batch + 1) / len(gallery))
    logits = model.predict(backend.stream(gallery), verbose=0, callbacks=[told])  # pyright: ignore[reportArgumentType]
    logits = np.asarray(logits, "float64")
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (odds / odds.sum(axis=1, keepdims=True)).astype("float32")


def quantise(probabilities: np.ndarray) -> np.ndarray:
    """Round probabilities to thousandths such that the first largest stays strictly the largest."""
    winner = probabilities.argmax(axis=1)
    steps = np.rint(probabilities * STEP)
    rows = np.arange(len(steps))
    others = steps.copy()
    others[rows, winner] = -1
    steps[rows, winner] = np.maximum(steps[rows, winner], others.max(axis=1) + 1)
    return (steps / STEP).astype("float32")


def tabulate(manifest: pd.DataFrame, classes: tuple[str, ...], probabilities: np.ndarray) -> pd.DataFrame:
    """Return the predictions table: split, image, photograph, scene, label, and `p_<CLASS>` for each class.

    Images that the split leaves out are not in it.
    """
    table = pd.DataFrame({name: manifest[name] for name in ("split", "image", "photograph", "scene")})
    table["label"] = [classes[label] for label in manifest["label"]]
    for position, name in enumerate(classes):
        table[f"{PREFIX}{name}"] = probabilities[:, position]
    return table.loc[table["split"] != ""]


def digest(probabilities: np.ndarray) -> str:
    """Return a hash of the probabilities: two arms with the same one computed the same thing."""
    return hashlib.sha256(probabilities.tobytes()).hexdigest()[:16]


def responses(
    probabilities: np.ndarray, labels: np.ndarray, split: np.ndarray, classes: tuple[str, ...]
) -> dict[str, float]:
    """Return the responses of one trial.

    Args:
        probabilities: float (N, classes), not quantised.
        labels: int (N,), indices into `classes`.
        split: str (N,), "train", "test", "validation" or "" for images that are not judged.
        classes: their names, in order.
    """
    from sklearn.metrics import recall_score

    predicted = probabilities.argmax(axis=1)
    chosen = np.clip(probabilities[np.arange(len(labels)), labels].astype("float64"), 1e-7, 1.0)
    measured: dict[str, float] = {}
    for name in ("train", "test", *(["validation"] if "validation" in split else [])):
        rows = split == name
        measured[f"{name}_accuracy"] = float((predicted[rows] == labels[rows]).mean())
        measured[f"{name}_loss"] = float(-np.log(chosen[rows]).mean())
    measured["accuracy_gap"] = measured["train_accuracy"] - measured["test_accuracy"]
    truth, guess, every = labels[split == "test"], predicted[split == "test"], np.arange(len(classes))
    measured["test_macro_f1"] = _macro_f1(truth, guess, len(classes))
    recalls = np.asarray(recall_score(truth, guess, labels=every, average=None, zero_division=0))  # pyright: ignore[reportArgumentType]
    measured |= {f"test_recall_{name}": float(recall) for name, recall in zip(classes, recalls, strict=True)}
    return measured


def clean_responses(
    predicted: np.ndarray, labels: np.ndarray, split: np.ndarray, scenes: np.ndarray, classes: int
) -> dict[str, float]:
    """Return what a trial measures without the test images whose scene is in training, or in none that is known.

    Args:
        predicted: int (N,), the likeliest class of each image.
        labels: int (N,), the true one.
        split: str (N,), "train", "test", "validation" or "".
        scenes: str (N,), "" where an image is in none that is known.
        classes: how many there are.

    Accuracies are left out where no test image is left, macro F1 where a class has none.
    """
    clean = find_clean(split, scenes)
    measured: dict[str, float] = {"test_images_clean": int(clean.sum())}
    if clean.any():
        train = split == "train"
        measured["test_accuracy_clean"] = float((predicted[clean] == labels[clean]).mean())
        measured["accuracy_gap_clean"] = (
            float((predicted[train] == labels[train]).mean()) - measured["test_accuracy_clean"]
        )
    if len(np.unique(labels[clean])) == classes:
        measured["test_macro_f1_clean"] = _macro_f1(labels[clean], predicted[clean], classes)
    return measured


def _macro_f1(truth: np.ndarray, guess: np.ndarray, classes: int) -> float:
    from sklearn.metrics import f1_score

    options: dict[str, Any] = {"labels": np.arange(classes), "zero_division": 0}
    return float(f1_score(truth, guess, average="macro", **options))
