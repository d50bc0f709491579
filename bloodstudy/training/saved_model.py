"""A trained network as the file that Keras reads.

In: a network that gives logits. Out: the network with a softmax after it, so that what it predicts are the
probabilities that the trial was measured by.
"""

from __future__ import annotations

from pathlib import Path

import keras

from bloodstudy import files


def save_model(network: keras.Model, path: Path) -> None:
    """Write the network to `path`; it takes uint8 images (N, H, W, C), gives probabilities float32 (N, classes)."""
    probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(network.outputs[0])
    with files.published(path) as beside:
        keras.Model(network.inputs, probabilities).save(beside)
    files.write_hash(path, files.hash_file(path))  # a network without it is not ours, and nobody touches it
