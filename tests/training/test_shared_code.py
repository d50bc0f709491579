"""Whether an extension has changed what all networks of a process share."""

import sys
import types

import keras
import numpy as np
import pytest

from bloodstudy.training import shared_code


@pytest.fixture(autouse=True)
def _afresh(monkeypatch):
    monkeypatch.setattr(shared_code, "_noted", {})


def test_nothing_was_changed_before_anything_was_noted_and_nothing_by_training(monkeypatch):
    assert not shared_code.has_changed()
    shared_code.note()
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    network.compile("sgd", "mse")
    network.fit(np.ones((4, 3), "float32"), np.ones((4, 2), "float32"), verbose=0)
    monkeypatch.setitem(sys.modules, "keras.more", types.ModuleType("keras.more"))
    assert not shared_code.has_changed()


@pytest.mark.parametrize(("owner", "name"), [
    (keras.layers.Dense, "call"), (keras.layers, "Dense"), (keras.activations, "relu"),
])  # fmt: skip
def test_a_function_a_class_or_a_method_that_was_replaced_is_found(owner, name, monkeypatch):
    shared_code.note()
    monkeypatch.setattr(owner, name, lambda *_, **__: None)
    shared_code.note()  # once is enough: a second call takes no change for granted
    assert shared_code.has_changed()
    monkeypatch.undo()
