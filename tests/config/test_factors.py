"""The table of factors: its rows, and what a neutral level means for a trial's key."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from harness import finish

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
def test_the_docs_and_the_configuration_name_each_factor_with_its_levels_and_its_default(name):
    page, levels = (ROOT / "docs/factors.md").read_text(), list(FACTORS[name].levels.levels)
    row = re.search(rf"^\| `{name}` \|.*$", page, re.MULTILINE)
    assert row, name
    _, _, told, default, *_ = (cell.strip() for cell in row[0].split("|"))
    if told == "below":
        assert [level for level in levels if f"\n| `{level}` |" not in page] == []
    elif levels and name != "backbone":  # those are Keras's
        assert re.findall("`(.*?)`", told) == levels
    if default:
        known = getattr(Factors(), name)
        written = yaml.safe_load(default.strip("`"))
        assert (float(written) if isinstance(known, float) else written) == (
            list(known) if isinstance(known, tuple) else known
        )
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


def test_help_lists_each_factor_with_its_default(tmp_path):
    said = finish(tmp_path, "run", "--help")
    listed = yaml.safe_load(said[said.index("\nlr:") : said.index("\n\n", said.index("\nlr:"))])
    known = {name: list(level) if isinstance(level, tuple) else level for name, level in Factors().levels.items()}
    assert {name: listed[name] for name in FACTORS} == known
