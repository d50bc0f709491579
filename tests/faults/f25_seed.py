"""F25: the same seed twice, on one core in place of two; an op whose order of sums nothing fixes.

The machine of the tests has no GPU: nothing here says how far its numbers are from those of a processor.
"""

import os

import pandas as pd
import pytest
from harness import kill, rewrite

CORES = os.sched_getaffinity(0)


def train(study, cores):
    """Train on so many cores: a command is given those of the process that starts it."""
    os.sched_setaffinity(0, sorted(CORES)[:cores])
    try:
        process = study.start("-m")
    finally:
        os.sched_setaffinity(0, CORES)
    try:
        assert process.wait(timeout=200) == 0, study.said
    finally:
        kill(process)


def losses(trial):
    return pd.read_csv(trial / "history.csv")["fit_loss"]


def test_the_same_seed_gives_the_same_numbers_on_any_number_of_cores(study, tmp_path_factory, monkeypatch):
    if len(CORES) < 2:
        pytest.skip("two cores are needed")
    monkeypatch.delenv("LOKY_MAX_CPU_COUNT", raising=False)  # as a user has it: a trial on each core
    study.vary(precision="float32", epochs="4", dropout="0.3,0")
    again = type(study)(tmp_path_factory.mktemp("again"), study.cache, list(study.typed))
    train(study, 2)
    train(again, 1)
    for trial in study.trials:
        twin = again.folder / trial.relative_to(study.folder)
        assert losses(trial).tolist() == losses(twin).tolist()
    hashes = [{result["key"]: result["prediction_hash"] for result in one.results} for one in (study, again)]
    assert hashes[0] == hashes[1]
    assert [result["cost"]["threads"] for result in study.results] == [1, 1]
    assert "different numbers of threads" not in study.report()
    rewrite(study.trials[1] / "result.json", cost=study.results[1]["cost"] | {"threads": 2})  # as older versions did
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
