"""Training speed against a plain Keras script, on the real TRAIN images of Kaggle, as a ratio measured in one run.

    python benchmarks/throughput.py --data FOLDER [--model reference compact] [--rounds 5] [--precision auto float32]

The peer is what a competent Keras user writes: `image_dataset_from_directory`, cached and prefetched, TensorFlow's own
local response normalisation, float32, `fit`. Ours is the trainer of this package on its own cache. Each run is a
process of its own; peer and ours alternate; the first epoch of each is not counted; the figure is the median of the
rounds. Both train the same number of the same images with the same batch size and optimizer.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

BATCHES = {"reference": 30, "compact": 24}  # an epoch here: enough for a steady figure, little enough for many rounds
EPOCHS = 3


def main() -> None:
    options = read_options()
    if options.child:
        print(json.dumps(peer(options) if options.child == "peer" else ours(options)))
        return
    from bloodstudy.training.precision import processor, resolve_precision

    name, flags = processor()
    print(f"processor: {name}, AMX: {'amx_bf16' in flags}, AVX512-BF16: {'avx512_bf16' in flags}")
    print(f"| model | precision | peer, images/s | ours, images/s | ratio (median of {options.rounds}) | min | max |")
    print("|---|---|---|---|---|---|---|")
    for model in options.model:
        for precision in dict.fromkeys(resolve_precision(asked) for asked in options.precision):
            pairs = [(child("peer", model, "float32", options), child("ours", model, precision, options))
                     for _ in range(options.rounds)]  # fmt: skip
            ratios = [ours / peer for peer, ours in pairs]
            peers, mine = (statistics.median(column) for column in zip(*pairs, strict=True))
            print(f"| {model} | {precision} | {peers:.0f} | {mine:.0f} | {statistics.median(ratios):.2f} | "
                  f"{min(ratios):.2f} | {max(ratios):.2f} |", flush=True)  # fmt: skip


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("BLOODSTUDY_DATA"), help="folder of the Kaggle archive")
    parser.add_argument("--model", nargs="+", default=["reference", "compact"])
    parser.add_argument("--precision", nargs="+", default=["auto", "float32"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", choices=("peer", "ours"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.data:
        parser.error("name the folder of the Kaggle archive with --data or BLOODSTUDY_DATA")
    return options


def child(kind: str, model: str, precision: str, options: argparse.Namespace) -> float:
    from bloodstudy.training.worker import LARGE_PAGES

    command = [sys.executable, __file__, "--child", kind, "--model", model, "--precision", precision]
    environment = os.environ | (LARGE_PAGES if kind == "ours" else {})  # as a worker has it
    output = subprocess.check_output(
        [*command, "--data", options.data], text=True, stderr=subprocess.DEVNULL, env=environment
    )
    return float(json.loads(output.splitlines()[-1])["images_per_second"])


def configuration(options: argparse.Namespace) -> Any:
    from bloodstudy.cli import compose

    (job,) = compose.check([f"model={options.model[0]}", "data=kaggle", f"data.root={options.data}"], False).jobs
    return job.settings


def peer(options: argparse.Namespace) -> dict[str, float]:
    """Train as a plain Keras script does; return its images a second."""
    import keras
    import tensorflow as tf

    factors = configuration(options).factors
    folder = next(Path(options.data).rglob("TRAIN"))
    grey = factors.colour == "gray"
    images = keras.utils.image_dataset_from_directory(
        folder, color_mode="grayscale" if grey else "rgb", image_size=factors.image_size,
        batch_size=factors.batch_size, seed=0,
    )  # fmt: skip
    first: Any = images.take(BATCHES[options.model[0]])  # pyright: ignore[reportAttributeAccessIssue]
    images = first.cache().prefetch(tf.data.AUTOTUNE)
    network = plain_reference(factors) if options.model[0] == "reference" else plain_compact()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(factors.lr), loss, metrics=["accuracy"])
    clock = _Clock()
    network.fit(images, epochs=EPOCHS, verbose=0, callbacks=[clock.callback()])
    return {"images_per_second": BATCHES[options.model[0]] * factors.batch_size / statistics.median(clock.seconds[1:])}


def ours(options: argparse.Namespace) -> dict[str, float]:
    """Train as this package does; return its images a second."""
    import numpy as np

    from bloodstudy import data, model
    from bloodstudy.training import backend

    settings = configuration(options)
    factors = replace(settings.factors, precision=options.precision[0], epochs=EPOCHS)
    backend.set_up(len(os.sched_getaffinity(0)))
    from bloodstudy.training.batches import Feed
    from bloodstudy.training.fit import fit

    loaded = data.load(settings.data, colour=factors.colour, image_size=factors.image_size)
    rows = loaded.rows("train")
    rows = rows[: BATCHES[options.model[0]] * factors.batch_size]
    one_hot = np.eye(len(loaded.classes), dtype="float32")[loaded.manifest["label"].to_numpy()]
    network = model.build(options.model[0], factors, loaded.images.shape[1:], len(loaded.classes))
    feed = Feed(loaded.images, one_hot, rows, factors.batch_size, 0)
    history = fit(network, factors, feed, len(rows), lambda event: None).rows
    return {"images_per_second": statistics.median(row["images_per_second"] for row in history[1:])}


class _Clock:
    """Seconds of each epoch."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def callback(self) -> Any:
        import keras

        begun = [0.0]

        def begin(epoch: int, logs: Any = None) -> None:
            begun[0] = time.monotonic()

        def end(epoch: int, logs: Any = None) -> None:
            self.seconds.append(time.monotonic() - begun[0])

        return keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=end)


def plain_reference(factors: Any) -> Any:
    import keras
    import tensorflow as tf

    layers: list[Any] = [keras.Input((*factors.image_size, 1)), keras.layers.Rescaling(1 / 255)]
    for filters in (16, 16, 8, 8):
        layers += [
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Lambda(tf.nn.local_response_normalization),
        ]
    dense = [keras.layers.Dense(32, "relu"), keras.layers.Dense(8, "relu"), keras.layers.Dense(4)]
    return keras.Sequential([*layers, keras.layers.Flatten(), *dense])


def plain_compact() -> Any:
    import keras

    layers: list[Any] = [keras.Input((200, 200, 3)), keras.layers.Rescaling(1 / 255)]
    for position, filters in enumerate((16, 64, 64, 64, 64, 128)):
        layers += [keras.layers.Conv2D(filters, 3, activation="relu"), keras.layers.MaxPooling2D()]
        layers.append(keras.layers.Dropout(0.2) if position else keras.layers.BatchNormalization())
    layers += [keras.layers.Flatten(), keras.layers.Dense(128, "relu"), keras.layers.Dropout(0.4)]
    layers += [keras.layers.Dense(64, "relu"), keras.layers.Dropout(0.3), keras.layers.Dense(4)]
    return keras.Sequential(layers)


if __name__ == "__main__":
    main()
