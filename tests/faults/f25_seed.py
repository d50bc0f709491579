"""F25: the same seed twice, and with one thread in place of two; an op whose order of sums nothing fixes.

The machine of the tests has no GPU: nothing here says how far its numbers are from those of a processor.
"""

import os

import pandas as pd
import pytest
from harness import kill

TOLERANCE = 0.01  # of the loss of an epoch in float32, with another number of threads (docs/launchers.md)
CORES = os.sched_getaffinity(0)


def train(study, threads):
    """Train on so many cores: a command is given those of the process that starts it."""
    os.sched_setaffinity(0, sorted(CORES)[:threads])
    try:
        process = study.start("-m")
    finally:
        os.sched_setaffinity(0, CORES)
    try:
        assert process.wait(timeout=200) == 0, study.said
    finally:
        kill(process)
    assert study.results[-1]["cost"]["threads"] == threads


def losses(trial):
    return pd.read_csv(trial / "history.csv")["fit_loss"]


def test_the_same_seed_gives_the_same_numbers_and_other_threads_numbers_nearby(study, tmp_path_factory):
    if len(CORES) < 2:
        pytest.skip("two threads need two cores")
    study.vary(precision="float32", epochs="4", dropout="0.3,0")
    again = type(study)(tmp_path_factory.mktemp("again"), study.cache, list(study.typed))
    for each in (study, again):
        train(each, 2)
    for trial in study.trials:
        twin = again.folder / trial.relative_to(study.folder)
        assert losses(trial).tolist() == losses(twin).tolist()
    assert [result["prediction_hash"] for result in study.results] == [r["prediction_hash"] for r in again.results]

    (study.trials[1] / "result.json").unlink()  # the second is trained again, with one thread
    train(study, 1)
    twin = again.folder / study.trials[1].relative_to(study.folder)
    assert 0 < (losses(study.trials[1]) - losses(twin)).abs().max() < TOLERANCE, "the fault is real, and small"
    assert [result["cost"]["threads"] for result in study.results] == [2, 1]
    assert "different numbers of threads: `1` and `2`" in study.report()


PLUGIN = """
import bloodstudy as bs
import keras
import tensorflow as tf
from keras import layers


class Unordered(layers.Layer):
    def call(self, x):
        return tf.nn.fractional_max_pool(x, [1, 1.4, 1.4, 1])[0]  # without a seed: it cannot repeat itself


@bs.network("unordered")
def build(factors, input_shape, classes):
    image = keras.Input(input_shape)
    x = layers.GlobalAveragePooling2D()(Unordered()(layers.Rescaling(1 / 255)(image)))
    return keras.Model(image, layers.Dense(classes)(x))
"""


def test_an_op_that_cannot_repeat_itself_is_refused_before_the_sweep_trains(study, tmp_path):
    path = tmp_path / "cannot_repeat.py"
    path.write_text(PLUGIN)
    study.vary(epochs="1", precision="float32", model="reference,unordered")
    code, said = study.run("-m", f"extend={path}")
    assert (code, study.trials) == (2, [])
    assert "determinism" in said
    assert "Nothing was trained" in said
