"""Time short epochs fed through `backend.stream` against epochs fed by Keras's own adapter, as a ratio in one run.

    python benchmarks/streams.py [--rounds 5] [--epochs 8] [--batches 10]

The batches are all one, so that epochs of both should take the same time. What differs is the wait at the end of an
epoch, until the tuner of Keras's `tf.data` pipeline notices it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np


def main() -> None:
    """Print the seconds an epoch of both, and their ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="alternating runs of each (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batches", type=int, default=10)
    options = parser.parse_args()

    from bloodstudy.training import backend

    backend.set_up(2)
    import keras

    class Same(keras.utils.PyDataset):
        def __len__(self) -> int:
            return options.batches

        def __getitem__(self, position: int) -> tuple[np.ndarray, np.ndarray]:
            return images, labels

    images, labels = np.zeros((100, 120, 160, 1), "uint8"), np.zeros((100, 1), "float32")
    convolutions = [keras.layers.Conv2D(16, 3, activation="relu"), keras.layers.Conv2D(16, 3, activation="relu")]
    last = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1)]
    network = keras.Sequential([keras.Input((120, 160, 1)), *convolutions, *last])
    network.compile(loss="mse", **backend.compile_options())

    def seconds_an_epoch(batches: Any) -> float:
        begun = time.perf_counter()
        network.fit(batches, epochs=options.epochs, shuffle=False, verbose=0)  # pyright: ignore[reportArgumentType]
        return (time.perf_counter() - begun) / options.epochs

    seconds_an_epoch(Same())  # compiles
    pairs = [(seconds_an_epoch(backend.stream(Same())), seconds_an_epoch(Same())) for _ in range(options.rounds)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = sorted(slow / fast for fast, slow in pairs)
    print(
        f"ours {ours:.2f} s an epoch, Keras's adapter {theirs:.2f} s, ratio {statistics.median(ratios):.2f} "
        f"(from {ratios[0]:.2f} to {ratios[-1]:.2f}, {options.rounds} rounds)"
    )


if __name__ == "__main__":
    main()
