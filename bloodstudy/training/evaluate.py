"""Measuring a trained model: the same way on training and test images.

In: a model, images and labels. Out: one probability a class and image, and the responses computed from them, in
inference mode and without augmentation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bloodstudy.study import metrics
from bloodstudy.study.predictions import PREFIX, STEP
from bloodstudy.training import backend

if TYPE_CHECKING:
    import keras

    from bloodstudy.training.batches import Augmenter


def predict(
    model: keras.Model,
    images: np.ndarray,
    progress: Callable[[float], None],
    layers: Sequence[Augmenter] = (),
    rows: np.ndarray | None = None,
    logits_of: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Return class probabilities, float32 (N, classes), of uint8 `images` (N, H, W, C), reporting the share done.

    `layers` of the user's own are what the images are put through first; `rows` are the wanted images, None: all.
    `logits_of` a batch takes the place of Keras's own `predict`.
    """
    import keras

    from bloodstudy.training.batches import Gallery

    gallery = Gallery(images, rows, layers=layers)
    if logits_of is None:
        callback = keras.callbacks.LambdaCallback()
        callback.on_predict_batch_end = lambda batch, logs=None: progress((batch + 1) / len(gallery))
        logits = model.predict(backend.stream(gallery), verbose=0, callbacks=[callback])  # pyright: ignore[reportArgumentType]
    else:
        logits = np.concatenate([logits_of(gallery[position][0]) for position in range(len(gallery))])
        progress(1.0)
    logits = np.asarray(logits, "float64")
    with np.errstate(invalid="ignore"):  # of weights that are not finite, which is told elsewhere
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
    predicted, tested = probabilities.argmax(axis=1), split == "test"
    measured = metrics.measure(predicted, labels, split, tested, classes, absent=0.0)
    chosen = np.clip(probabilities[np.arange(len(labels)), labels].astype("float64"), 1e-7, 1.0)
    for name in ("train", "test", *(["validation"] if "validation" in split else [])):
        measured[f"{name}_loss"] = float(-np.log(chosen[split == name]).mean())
    return measured
