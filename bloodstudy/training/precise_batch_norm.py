"""Settling batch normalisation: before a model is measured, its statistics become those of its final weights.

In: a trained model and the feed that it was trained on. Out: the same model, weights untouched, whose moving means and
variances are plain averages over batches at these weights. While it trains, they are averages over the last steps, each
of other weights, and a small network with a high learning rate measures far below what it has learnt: how far from one
epoch to the next, `benchmarks/settling.py` shows. Wu and Johnson (2021), "Rethinking Batch in BatchNorm", section 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from bloodstudy.training.batches import Feed

BATCHES = 100


def set_precise_statistics(model: keras.Model, feed: Feed, epoch: int) -> None:
    """Set the statistics of all batch normalisation in `model` from `BATCHES` batches; nothing without any.

    The batches are those that training would see from `epoch` on: of the same size, augmented, dropout on. Layers that
    are frozen keep what they have.
    """
    import tensorflow as tf

    norms = [layer for layer in _find(model) if layer.trainable]
    if not norms:
        return
    forward = tf.function(lambda images: model(images, training=True), reduce_retracing=True)
    statistics = [variable for layer in norms for variable in (layer.moving_mean, layer.moving_variance)]
    fresh = np.repeat([1.0 - layer.momentum for layer in norms], 2)  # the weight of one batch in a moving average
    sums, count = [np.zeros(variable.shape, "float64") for variable in statistics], 0
    while count < BATCHES:
        feed.start_epoch(epoch)
        for position in range(len(feed)):
            for variable in statistics:
                variable.assign(np.zeros(variable.shape))  # so that it holds this batch alone
            forward(tf.convert_to_tensor(feed[position][0]))
            sums = [total + variable.numpy() for total, variable in zip(sums, statistics, strict=True)]
            count += 1
            if count >= BATCHES:
                break
        epoch += 1
    for variable, total, weight in zip(statistics, sums, fresh, strict=True):
        variable.assign(total / count / weight)


def _find(layer: Any) -> Iterator[Any]:
    """Yield the batch normalisation layers of a model, in models inside it too."""
    if isinstance(layer, keras.layers.BatchNormalization):
        yield layer
    for inner in getattr(layer, "layers", ()):
        yield from _find(inner)
