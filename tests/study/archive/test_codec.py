"""Predictions packed and unpacked are the same predictions."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bloodstudy.study.archive.codec import pack, unpack
from bloodstudy.training.evaluate import quantise, tabulate

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@st.composite
def softmax(draw):
    """Return classes and probabilities of a network that is as sure of itself as drawn, as they are stored."""
    classes = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    rows, sharpness = draw(st.integers(0, 40)), draw(st.sampled_from([0.0, 0.1, 1.0, 5.0, 50.0]))
    logits = np.random.default_rng(draw(st.integers(0, 2**32))).normal(0, 1, (rows, len(classes))) * sharpness
    odds = np.exp(logits - logits.max(axis=1, keepdims=True, initial=0))
    return classes, quantise((odds / odds.sum(axis=1, keepdims=True)).astype("float32"))


def table_of(classes, values, texts):
    arrays = {name: pa.array(column, pa.large_string()) for name, column in texts.items()}
    return pa.table(arrays | {f"p_{name}": pa.array(values[:, k]) for k, name in enumerate(classes)})


@settings(deadline=None, max_examples=200)
@given(softmax(), st.data())
def test_what_was_packed_comes_back_to_the_bit(drawn, data):
    classes, values = drawn
    column = st.lists(st.none() | names, min_size=len(values), max_size=len(values))
    texts = {name: data.draw(column) for name in ("split", "image", "label")}
    table = table_of(classes, values, texts)
    packed = pack(table)
    back = unpack(packed.table, packed.columns)
    assert back.equals(table)
    assert (pack(back).table, pack(back).columns) == (packed.table, packed.columns)


def test_every_thousandth_comes_back_as_the_float_that_is_stored():
    steps = np.arange(1002)
    for values in ((steps / 1000).astype("float32"), steps.astype("float32") / np.float32(1000)):
        table = table_of(["A", "B"], np.column_stack([values, values[::-1]]), {})
        assert unpack(pack(table).table, {}).equals(table)


def test_a_stored_table_reads_back_as_an_equal_frame(tmp_path):
    rng = np.random.default_rng(0)
    manifest = pd.DataFrame({"split": ["train", "test"] * 20, "image": [f"{k}.jpeg" for k in range(40)]})
    manifest["photograph"], manifest["scene"], manifest["label"] = ["", "p 1"] * 20, "", rng.integers(0, 4, 40)
    probabilities = rng.dirichlet([0.3] * 4, 40).astype("float32")
    stored = tabulate(manifest, ("A", "B", "C", "D"), quantise(probabilities))
    stored.to_parquet(tmp_path / "stored.parquet", compression="zstd", index=False)
    packed = pack(pq.read_table(tmp_path / "stored.parquet"))
    pq.write_table(unpack(packed.table, packed.columns), tmp_path / "back.parquet")
    one, other = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("stored", "back"))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_trials_on_the_same_images_share_their_columns():
    texts = {"image": ["a", "b"], "label": ["A", "B"]}
    one, other = (pack(table_of(["A", "B"], np.array(v, "float32"), texts)) for v in ([[1, 0], [0, 1]], [[0, 1]] * 2))
    assert one.columns == other.columns
    assert one.table != other.table


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (pa.table({"image": ["a"]}), "expected columns of text and then one p_<CLASS>"),
        (pa.table({"p_A": pa.array([1.0], pa.float32()), "image": ["a"]}), "expected columns of text and then"),
        (pa.table({"image": [3], "p_A": pa.array([1.0], pa.float32())}), "expected text in column 'image'"),
        (pa.table({"image": ["a"], "p_A": [1.0]}), "expected a float32 probability"),
        (pa.table({"p_A": pa.array([None], pa.float32())}), "expected a float32 probability"),
        (pa.table({"p_A": pa.array([0.12345], pa.float32())}), "expected probabilities in whole thousandths"),
        (pa.table({"p_A": pa.array([-0.001], pa.float32())}), "expected probabilities in whole thousandths"),
        (pa.table({"p_A": pa.array([float("nan")], pa.float32())}), "expected probabilities in whole thousandths"),
        (pa.table({"p_A": pa.array([float("inf")], pa.float32())}), "expected probabilities in whole thousandths"),
        (pa.table({"p_A": pa.array([90.0], pa.float32())}), "expected probabilities that add up to about 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_table_of_predictions_is_refused(table, told):
    with pytest.raises(ValueError, match=told):
        pack(table)


def header(**changes):
    return json.dumps({"text": {}, "classes": ["A", "B"], "rows": 1} | changes).encode() + b"\n"


@pytest.mark.parametrize(
    ("packed", "columns", "told"),
    [
        (b"", {}, "its JSON cannot be read"),
        (b"[" * 100_000, {}, "its JSON cannot be read"),
        (b"\xff\xfe\n", {}, "its JSON cannot be read"),
        (b"{}\n", {}, "text is missing"),
        (header(classes=[]), {}, "expected 1 to 1000 classes; received 0"),
        (header(classes=["A", 2]) + b"1234", {}, r"classes\.1: expected a valid string; received 2"),
        (header(rows=-1), {}, "received 0 bytes"),
        (header(rows=10**12) + b"1234", {}, "received 4 bytes"),
        (header() + b"12345", {}, "expected 2 probabilities for each of 1 images; received 5 bytes"),
        (header(text={"image": "0" * 64}) + b"1234", {}, "its column 'image' is missing"),
        (header(text={"image": "x"}) + b"1234", {"x": b'["a","b"]'}, "its column 'image' has 2 rows"),
        (header(text={"image": "x"}) + b"1234", {"x": b"[1]"}, "0: expected a valid string; received 1"),
        (header(classes=["A", "A"]) + b"\0\0\0\0", {}, "names a column twice"),
        (header(text={"patient": "x"}), {}, "expected the columns split, image, .+; received 'patient'"),
        (b'{"text":' + b" " * 1_000_000 + header()[8:], {}, "its JSON cannot be read"),
        (header() + b"\x00\x00\xff\x00", {}, "a probability below 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_packed_table_is_refused(packed, columns, told):
    with pytest.raises(ValueError, match=told):
        unpack(packed, columns)
