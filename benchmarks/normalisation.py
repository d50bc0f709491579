"""Time our local response normalisation against TensorFlow's own, forward and backward.

    python benchmarks/normalisation.py [--rounds 15] [--threads 2]

Both run on the feature maps that the reference network normalises (batch 100, 120 x 160 grey), compiled, one after the
other in every round; the ratio printed is the median over the rounds. TensorFlow's has no bfloat16 kernel on the CPU,
so under that precision it pays two casts, as it does in a network.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SHAPES = [(100, 60, 80, 16), (100, 30, 40, 16), (100, 15, 20, 8), (100, 7, 10, 8)]


def main() -> None:
    """Print the milliseconds of both and their ratio, for float32 and bfloat16."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="alternating runs of each (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="threads TensorFlow may use (default: %(default)s)")
    options = parser.parse_args()

    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    for precision in ("float32", "bfloat16"):
        own, theirs = _step(_own(precision)), _step(_tensorflows(precision))
        maps = [tf.cast(tf.random.stateless_uniform(shape, seed=(0, 0)), precision) for shape in SHAPES]
        for step in (own, theirs):
            _seconds(step, maps)  # compiles
        pairs = [(_seconds(own, maps), _seconds(theirs, maps)) for _ in range(options.rounds)]
        ratios = sorted(slow / fast for fast, slow in pairs)
        print(
            f"{precision}: ours {1e3 * statistics.median(fast for fast, _ in pairs):.1f} ms, "
            f"TensorFlow's {1e3 * statistics.median(slow for _, slow in pairs):.1f} ms, "
            f"ratio {statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f}, {options.rounds} rounds)"
        )


def _own(precision: str) -> Callable[[Any], Any]:
    from bloodstudy.model.layers import LocalResponseNormalization

    return LocalResponseNormalization(dtype={"bfloat16": "mixed_bfloat16"}.get(precision, precision))


def _tensorflows(precision: str) -> Callable[[Any], Any]:
    import tensorflow as tf

    return lambda x: tf.cast(tf.nn.local_response_normalization(tf.cast(x, "float32")), precision)


def _step(normalise: Callable[[Any], Any]) -> Callable[[list[Any]], Any]:
    import tensorflow as tf

    layers = [normalise] * len(SHAPES)
    if isinstance(normalise, tf.keras.layers.Layer):  # one layer holds one number of channels
        layers = [type(normalise).from_config(normalise.get_config()) for _ in SHAPES]

    @tf.function(autograph=False)
    def forward_and_backward(maps: list[Any]) -> list[Any]:
        gradients = []
        for layer, x in zip(layers, maps, strict=True):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x)
            gradients.append(tape.gradient(y, x, output_gradients=x))
        return gradients

    return forward_and_backward


def _seconds(step: Callable[[list[Any]], Any], maps: list[Any]) -> float:
    start = time.perf_counter()
    for gradient in step(maps):
        gradient.numpy()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
