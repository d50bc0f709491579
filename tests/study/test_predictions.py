import hashlib
import json
import subprocess
import sys
from pathlib import Path

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


COUNT = """
import os, sys
from pathlib import Path
from bloodstudy.study.predictions import hash_stored, read_table, to_frame
before = len(os.listdir("/proc/self/task"))
for _ in range(50):
    hash_stored(to_frame(read_table(Path(sys.argv[1]))))
print(before, len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in Linux's /proc")
def test_reading_starts_no_thread(table, tmp_path):
    table.to_parquet(tmp_path / "predictions.parquet", compression="zstd", index=False)
    told = subprocess.run(
        [sys.executable, "-c", COUNT, tmp_path / "predictions.parquet"], capture_output=True, text=True, check=True
    )
    before, after = map(int, told.stdout.split())
    assert after == before
