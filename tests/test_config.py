import math
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bloodstudy import config
from bloodstudy.errors import UserError

CONF = Path(__file__).parent.parent / "conf"


def test_the_map_and_the_schema_hold_the_same_keys_and_values():
    written = yaml.safe_load((CONF / "config.yaml").read_text())
    usual = config.defaults()
    for key, value in written.items():
        if key not in ("defaults", "hydra"):
            assert (float(value) if key == "lr" else value) == usual[key], key
    assert set(usual) - {"model", "data", "study"} <= set(written)


def test_every_key_of_the_schema_has_a_rule_that_accepts_its_default():
    flat = config.flatten(config.defaults())
    assert set(flat) == set(config.RULES)
    assert [key for key, value in flat.items() if config.check_value(key, value)] == []


def test_settings_of_the_defaults_are_the_defaults():
    settings = config.settings(config.defaults())
    assert settings.factors == config.Factors()
    assert settings.data == config.DataChoice()


def test_all_problems_are_reported_at_once():
    content = config.defaults() | {"lr": "abc", "epochs": 0, "surprise": 1}
    with pytest.raises(UserError) as caught:
        config.settings(content)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lr", "abc"), ("lr", -1), ("lr", 0), ("lr", math.nan), ("lr", math.inf), ("lr", True), ("lr", None),
        ("epochs", 0), ("epochs", 1.5), ("dropout", 1.5), ("dropout", 1), ("dropout", -0.1), ("image_size", [8]),
        ("image_size", [0, 8]), ("image_size", 8), ("image_size", [8.0, 8]), ("seed", -1), ("seed", 2**32),
        ("optimizer", "Adam"), ("data.root", ""), ("data.root", "${oc.env:HOME}"), ("width", 0),
        ("data.test_share", 1.0), ("data.photographs", 1), ("runs_dir", None),
        ("data.split", "grouped_fold"), ("data.folds", 1), ("data.fold", -1), ("data.fold", 0.5),
        ("data.validation_share", 1), ("data.validation_share", -0.1),
    ],
)  # fmt: skip
def test_a_bad_value_is_named_with_what_was_expected_and_received(key, value):
    text = config.check_value(key, value)
    assert text is not None
    assert text.startswith(key)


@pytest.mark.parametrize(("fold", "folds", "found"), [(5, 5, 1), (4, 5, 0), (2, 2, 1), (9, "x", 1), (-1, 5, 1)])
def test_a_fold_is_one_of_the_folds(fold, folds, found):
    content = config.defaults()
    content["data"] |= {"fold": fold, "folds": folds}
    problems = []
    try:
        config.settings(content)
    except UserError as error:
        problems = error.problems
    assert len(problems) == found


@pytest.mark.parametrize(("wrong", "meant"), [("learning_rate", "lr"), ("epoch", "epochs"), ("poolin", "pooling")])
def test_an_unknown_key_is_answered_with_the_nearest(wrong, meant):
    assert repr(meant) in config.unknown_key(wrong)


@given(
    st.dictionaries(st.text("abc", min_size=1), st.integers() | st.dictionaries(st.text("de", min_size=1), st.none()))
)
def test_flatten_keeps_every_leaf(content):
    leaves = sum(len(v) if isinstance(v, dict) else 1 for v in content.values())
    assert len(config.flatten(content)) == leaves


def test_levels_named_in_the_map_are_those_of_the_rules():
    text = (CONF / "config.yaml").read_text()
    for key in ("optimizer", "pooling", "padding", "augment", "head", "norm", "colour", "precision", "data.split"):
        line = next(line for line in text.splitlines() if line.removeprefix("# ").startswith(f"{key}"))
        for level in config.RULES[key].levels:
            assert level in line, f"{key}={level} is not explained in conf/config.yaml"
    assert set(asdict(config.Factors())) <= {line.split(":")[0] for line in text.splitlines()}
