"""The table of factors: its rows, and what a neutral level means for a trial's key."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from bloodstudy.cli import compose
from bloodstudy.config.factors import ALWAYS, FACTORS, level_in, without_neutral
from bloodstudy.config.schema import Factors
from bloodstudy.study.trial import make_key

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/factors.md").read_text()
LATER = [name for name, factor in FACTORS.items() if factor.neutral is not ALWAYS]


def test_each_row_is_a_field_and_each_field_a_row():
    assert set(Factors().levels) == set(FACTORS)


def test_each_default_is_a_level_and_a_neutral_level_is_the_default():
    for name, factor in FACTORS.items():
        default = getattr(Factors(), name)
        assert factor.levels.accepts(default), name
        assert factor.neutral in (ALWAYS, default), name


def test_a_neutral_level_has_no_part_in_a_key_and_another_one_has():
    before = {name: getattr(Factors(), name) for name in FACTORS if name not in LATER}
    assert Factors().named == before
    assert make_key(Factors().named, "reference", {}) == make_key(before, "reference", {})
    changed = replace(Factors(), schedule="cosine")
    assert changed.named == before | {"schedule": "cosine"}
    assert make_key(changed.named, "reference", {}) != make_key(before, "reference", {})


def test_a_level_that_is_not_stored_is_the_neutral_one():
    assert [level_in({"lr": 0.1}, name, {"own": 3}) for name in ("lr", "schedule", "seed", "nothing", "own")] == [
        0.1, "constant", None, None, 3
    ]  # fmt: skip
    assert without_neutral({"schedule": "constant", "warmup": 0.1, "other": 1}) == {"warmup": 0.1, "other": 1}


@pytest.mark.parametrize("name", FACTORS)
def test_the_docs_and_the_configuration_name_each_factor_with_its_levels(name):
    row = re.search(rf"^\| `{name}` \|.*$", (ROOT / "docs/factors.md").read_text(), re.MULTILINE)
    assert row, name
    levels = FACTORS[name].levels.levels
    if "| below |" not in row[0] and name != "backbone":  # those are Keras's
        assert [level for level in levels if f"`{level}`" not in row[0]] == []
    assert name in yaml.safe_load((ROOT / "conf/config.yaml").read_text())


@pytest.mark.parametrize(("column", "model"), [(3, "reference"), (4, "compact")])
def test_the_docs_name_the_default_of_each_factor_in_each_network(column, model):
    factors = compose.check([f"model={model}"], False).jobs[0].settings.factors
    compared = 0
    for name in FACTORS:
        line = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |") and line.count("|") == 6)
        said, level = line.split("|")[column].strip(" `"), getattr(factors, name)
        if not said:  # what belongs to model=application alone
            continue
        compared += 1
        if isinstance(level, str):
            assert said == level, name
        else:
            assert np.ravel(json.loads(said)).tolist() == pytest.approx(np.ravel(level).tolist()), name
    assert compared >= len(FACTORS) - 3
