import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from bloodstudy.study.predictions import hash_stored
from bloodstudy.training.evaluate import quantise


@pytest.fixture
def table():
    rng = np.random.default_rng(3)
    values = quantise(rng.dirichlet(np.ones(3), 40).astype("float32"))
    frame = pd.DataFrame({"split": ["train", "test"] * 20, "image": [f"{k}.png" for k in range(40)]})
    frame["photograph"], frame["scene"], frame["label"] = "p", "s", list("ABCB") * 10
    return frame.assign(**{f"p_{name}": values[:, k] for k, name in enumerate("ABC")})


def test_the_hash_is_what_its_docstring_says(table):
    names = ["p_A", "p_B", "p_C"]
    texts = {name: list(table[name]) for name in ("split", "image", "label")}
    thousandths = np.round(table[names].to_numpy("float64") * 1000).astype("<u2")
    content = json.dumps([names, texts], ensure_ascii=False).encode() + thousandths.tobytes()
    assert hash_stored(table) == hashlib.sha256(content).hexdigest()[:16]


@pytest.mark.parametrize("column", ["split", "image", "label", "p_B"])
def test_one_value_changes_it(table, column):
    before = hash_stored(table)
    table.loc[7, column] = np.float32(0.999) if column == "p_B" else "other"
    assert hash_stored(table) != before


def test_the_order_changes_it_and_neither_the_file_nor_photographs_that_become_known_do(table, tmp_path):
    assert hash_stored(table.iloc[::-1]) != hash_stored(table)
    assert hash_stored(table.assign(photograph="q", scene=None)) == hash_stored(table)
    table.to_parquet(tmp_path / "predictions.parquet", compression="zstd", index=False)
    assert hash_stored(pd.read_parquet(tmp_path / "predictions.parquet")) == hash_stored(table)


@pytest.mark.parametrize("value", [0.12345, -0.001, np.nan])
def test_what_is_no_thousandth_is_refused(table, value):
    table.loc[0, "p_A"] = np.float32(value)
    with pytest.raises(ValueError, match="whole thousandths"):
        hash_stored(table)
