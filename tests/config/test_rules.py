"""What a key may be, and what is said of what it may not be."""

import math
from pathlib import Path

import pytest

from bloodstudy.config import rules, schema

CONF = Path(__file__).parents[2] / "conf"


@pytest.mark.parametrize(("key", "value"), [
    ("lr", "abc"), ("lr", -1), ("lr", 0), ("lr", math.nan), ("lr", math.inf), ("lr", True), ("lr", None),
    ("epochs", 0), ("epochs", 1.5), ("dropout", 1.5), ("dropout", 1), ("dropout", -0.1), ("image_size", [8]),
    ("image_size", [0, 8]), ("image_size", 8), ("image_size", [8.0, 8]), ("seed", -1), ("seed", 2**32),
    ("optimizer", "Adam"), ("data.root", ""), ("data.root", "${oc.env:HOME}"), ("width", 0),
    ("data.test_share", 1.0), ("data.photographs", 1), ("runs_dir", None),
    ("data.split", "grouped_fold"), ("data.folds", 1), ("data.fold", -1), ("data.fold", 0.5),
    ("data.validation_share", 1), ("data.validation_share", -0.1),
])  # fmt: skip
def test_a_bad_value_is_named_with_what_was_expected_and_received(key, value):
    text = rules.check_value(key, value)
    assert text is not None
    assert text.startswith(key)


@pytest.mark.parametrize(("wrong", "meant"), [("learning_rate", "lr"), ("epoch", "epochs"), ("poolin", "pooling")])
def test_an_unknown_key_is_answered_with_the_nearest(wrong, meant):
    assert repr(meant) in rules.unknown_key(wrong)


def test_levels_named_in_the_map_are_those_of_the_rules():
    text = (CONF / "config.yaml").read_text()
    for key in ("optimizer", "pooling", "padding", "augment", "head", "norm", "colour", "precision", "data.split"):
        line = next(line for line in text.splitlines() if line.removeprefix("# ").startswith(f"{key}"))
        for level in rules.RULES[key].levels:
            assert level in line, f"{key}={level} is not explained in conf/config.yaml"
    assert set(schema.Factors().levels) <= {line.split(":")[0] for line in text.splitlines()}
