from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bloodstudy.config import rules, schema
from bloodstudy.errors import UserError

CONF = Path(__file__).parents[2] / "conf"


def test_the_map_and_the_schema_hold_the_same_keys_and_values():
    written = yaml.safe_load((CONF / "config.yaml").read_text())
    usual = schema.defaults()
    for key, value in written.items():
        if key not in ("defaults", "hydra"):
            assert (float(value) if key == "lr" else value) == usual[key], key
    assert set(usual) - {"model", "data", "study"} <= set(written)


def test_every_key_of_the_schema_has_a_rule_that_accepts_its_default():
    flat = schema.flatten(schema.defaults())
    assert set(flat) == set(rules.RULES)
    assert [key for key, value in flat.items() if rules.check_value(key, value)] == []


def test_settings_of_the_defaults_are_the_defaults():
    settings = schema.settings(schema.defaults())
    assert settings.factors == schema.Factors()
    assert settings.data == schema.DataChoice()


def test_all_problems_are_reported_at_once():
    content = schema.defaults() | {"lr": "abc", "epochs": 0, "surprise": 1}
    with pytest.raises(UserError) as caught:
        schema.settings(content)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(("fold", "folds", "found"), [(5, 5, 1), (4, 5, 0), (2, 2, 1), (9, "x", 1), (-1, 5, 1)])
def test_a_fold_is_one_of_the_folds(fold, folds, found):
    content = schema.defaults()
    content["data"] |= {"fold": fold, "folds": folds}
    problems = []
    try:
        schema.settings(content)
    except UserError as error:
        problems = error.problems
    assert len(problems) == found


@given(
    st.dictionaries(st.text("abc", min_size=1), st.integers() | st.dictionaries(st.text("de", min_size=1), st.none()))
)
def test_flatten_keeps_every_leaf(content):
    leaves = sum(len(v) if isinstance(v, dict) else 1 for v in content.values())
    assert len(schema.flatten(content)) == leaves


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"augment": "randaugment"}, "augment: engine=jax does not train 'randaugment'"),
        ({"class_weight": "balanced"}, "class_weight: engine=jax does not train 'balanced'"),
        ({"precision": "bfloat16"}, "precision: engine=jax does not train 'bfloat16'"),
        ({"ema": 0.9}, "ema: engine=jax does not train 0.9"),
        ({"model": {"name": "application"}}, "model: engine=jax does not train 'application'"),
    ],
)
def test_what_engine_jax_does_not_train_is_refused(change, told):
    schema.settings(schema.defaults() | change)
    schema.settings(schema.defaults() | {"engine": "jax"})
    with pytest.raises(UserError, match=told):
        schema.settings(schema.defaults() | {"engine": "jax"} | change)


def test_averaged_weights_and_those_of_the_best_epoch_cannot_both_be_measured():
    content = schema.defaults()
    content["data"]["validation_share"] = 0.2
    for levels in ({"ema": 0.5}, {"early_stopping": 3}):
        schema.settings(content | levels)
    with pytest.raises(UserError, match=r"ema: after the last epoch .* early_stopping .* expected one of the two"):
        schema.settings(content | {"ema": 0.5, "early_stopping": 3})
