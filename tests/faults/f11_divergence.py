"""F11: a learning rate of 1e6, and a loss that is no number or infinite, at the first epoch or at a last batch.

The losses come from a network of the user's own, added as any plug-in is, with a layer that fails at a chosen step.
"""

import contextlib
import sqlite3

import numpy as np
import pandas as pd
import pytest

PLUGIN = """
import bloodstudy as bs
import keras
from keras import layers, ops


class Failing(layers.Layer):
    def __init__(self, step, value):
        super().__init__(name="failing")
        self.step, self.value = step, value

    def build(self, shape):
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

    def call(self, x, training=False):
        if not training:
            return x
        self.count.assign(self.count + 1)
        return ops.where(ops.equal(self.count, self.step), ops.full_like(x, self.value), x)


def build(value):
    def build(factors, input_shape, classes):
        image = keras.Input(input_shape)
        x = layers.Dense(4)(layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(image)))
        return keras.Model(image, Failing(factors.depth, value)(layers.Dense(classes)(x)))

    return build


bs.network("no_number", reads=["depth", "dropout", "conv_dropout", "norm"])(build(float("nan")))
bs.network("infinite", reads=["depth", "dropout", "conv_dropout", "norm"])(build(float("inf")))
"""
BATCHES = 6  # an epoch: 48 images in batches of 8
EPOCHS = 3


@pytest.fixture
def plugin(tmp_path):
    """Write the failing networks as an extension; return its file."""
    path = tmp_path / "failing.py"
    path.write_text(PLUGIN)
    return path


def largest(study):
    with contextlib.closing(sqlite3.connect(study.folder / "mlflow.db")) as store:
        return store.execute("select max(abs(value)) from metrics").fetchone()[0]


def test_a_loss_that_is_no_number_ends_the_trial_within_its_epoch_and_no_other(study, plugin):
    study.vary(epochs=str(EPOCHS), dropout="0", model="no_number,infinite", depth=f"3,{EPOCHS * BATCHES},1000")
    said = study.finish("-m", f"extend={plugin}")
    assert len(study.trials) == 6
    for result, trial in zip(study.results, study.trials, strict=True):
        depth, text = result["factors"]["depth"], (trial / "result.json").read_text()
        assert "e+308" not in text
        assert "NaN" not in text
        history = pd.read_csv(trial / "history.csv")
        if depth == 1000:
            assert (result["outcome"], len(history)) == ("finished", EPOCHS)
            assert list(trial.glob("state-*")) == []
            continue
        ended = 1 if depth == 3 else EPOCHS
        assert (result["outcome"], result["epochs_done"], len(history)) == ("diverged", ended, ended)
        assert f"epoch {ended}" in result["reason"]
        assert "responses" not in result
        kept = sorted(trial.glob("state-*"))
        assert len(kept) == min(ended - 1, 2), "what was before is kept, what was lost is not"
        for state in kept:
            with state.open("rb") as stream, np.load(stream) as archive:
                assert all(np.isfinite(archive[name]).all() for name in archive.files)
    assert largest(study) < 1e300
    assert said.count("diverged") >= 4
    written = study.report()
    assert "diverged" in written
    assert "e+308" not in written


QUESTION = """\
sentence: Does a learning rate of a million train?
factor: lr
levels: [1000000.0]
seeds: 6
common:
  data: smear
  data.photographs: 3
  data.copies: 12
  image_size: [30, 40]
  colour: rgb
  norm: batch
  batch_size: 4
  epochs: 4
"""


def test_the_report_counts_what_diverged_and_says_that_the_arm_fails_to_train(study):
    study.write("question/million.yaml", QUESTION)
    study.typed = ["question=million"]
    study.finish("-m")
    assert sorted(result["outcome"] for result in study.results) == ["diverged"] * 6 + ["finished"] * 6
    assert {result["factors"]["lr"] for result in study.results if result["outcome"] == "diverged"} == {1e6}
    assert largest(study) < 1e300
    written = study.report()
    assert "`lr=1e+06` **fails to train**, 6 of 6 trials diverged or learnt nothing (the reference: 0 of 6)" in written
    assert "Does a learning rate of a million train?" in written
