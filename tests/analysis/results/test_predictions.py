"""Predictions as they are read, and what is measured from them."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from bloodstudy.analysis import Reader
from bloodstudy.study import metrics

CLASSES = ["B", "A", "C"]


def write(path, rng, labels, **columns):
    likely = rng.dirichlet(np.ones(3), len(labels)).round(3)
    table = pd.DataFrame(likely, columns=[f"p_{name}" for name in CLASSES]).astype("float32")
    table = table.assign(label=[CLASSES[i] for i in labels], image=[f"{i}.png" for i in range(len(labels))])
    table.assign(**{"photograph": None, "scene": None} | columns).to_parquet(path)
    return likely


def test_what_is_measured_is_measured_of_the_stored_thousandths(tmp_path):
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, 200)
    split = np.where(np.arange(200) < 120, "train", np.where(np.arange(200) < 140, "validation", "test"))
    likely = write(tmp_path / "p.parquet", rng, labels, split=split)
    measured = Reader().read(pq.read_table(tmp_path / "p.parquet")).measure("official")
    assert measured == metrics.measure(likely.argmax(axis=1), labels, split, split == "test", CLASSES)
    assert {"train_accuracy", "validation_accuracy", "test_accuracy", "test_macro_f1", "test_recall_C"} < set(measured)


def test_trials_on_the_same_images_share_one_table_of_them(tmp_path):
    rng, reader = np.random.default_rng(5), Reader()
    for name, split in (("a", "test"), ("b", "test"), ("c", "train")):
        write(tmp_path / name, rng, [0, 1, 2], split=split)
    a, b, c = (reader.read(pq.read_table(tmp_path / name)) for name in "abc")
    assert a.shown is b.shown
    assert a.shown is not c.shown


def test_a_class_without_a_test_image_leaves_no_macro_f1(tmp_path):
    write(tmp_path / "p", np.random.default_rng(5), [0, 1, 1], split="test")
    measured = Reader().read(pq.read_table(tmp_path / "p")).measure("official")
    assert np.isnan(measured["test_macro_f1"])
    assert np.isnan(measured["test_recall_C"])


@pytest.mark.parametrize(("columns", "unit", "clusters"), [
    ({}, "image", 4),
    ({"photograph": ["p", "p", "p", "q"]}, "photograph", 3),  # p shows two classes
    ({"photograph": ["p", "p", "p", "q"], "scene": ["s", "t", "", "t"]}, "scene", 4),
    ({"photograph": ["p", "p", "q", "q"], "scene": ["s", "s", "s", "s"]}, "scene", 2),
])  # fmt: skip
def test_clusters_are_scenes_else_photographs_else_images_of_one_class(tmp_path, columns, unit, clusters):
    write(tmp_path / "p", np.random.default_rng(5), [0, 0, 1, 1], split="test", **columns)
    shown = Reader().read(pq.read_table(tmp_path / "p")).shown
    assert shown.unit == unit
    assert len(set(shown.clusters)) == clusters
