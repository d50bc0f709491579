"""Files of configuration as plain data."""

import os
from pathlib import Path
from unittest import mock

import pytest

from bloodstudy.config import yaml_files
from bloodstudy.errors import UserError
from bloodstudy.study.question import read_question


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "a.yaml").write_text(text, errors="surrogateescape")
        return yaml_files.read_yaml(tmp_path / "a.yaml")

    return read


def test_plain_data_are_read_as_people_mean_them(read):
    text = "lr: 1e-3\nsmall: 5.0e-4\nlevels: [1, 0.5, max, null, true]\nday: 2026-01-02\nnested: {a: {b: x}}\n"
    assert read(text) == {
        "lr": 0.001, "small": 0.0005, "levels": [1, 0.5, "max", None, True], "day": "2026-01-02",
        "nested": {"a": {"b": "x"}},
    }  # fmt: skip


def test_numbers_are_decimal(read):
    text = "times: [1:30, 1:30.5, 190:20:30]\nother: [010, 0x1f, 0b11, +12, -0, 1_000, 1_0.5, .5, -.inf]\n"
    assert read(text) == {
        "times": ["1:30", "1:30.5", "190:20:30"],
        "other": ["010", "0x1f", "0b11", 12, 0, 1000, 10.5, 0.5, float("-inf")],
    }


@pytest.mark.parametrize(("text", "told"), [
    ("a: " + "[" * 90_000, "expected at most 30 levels, one within the other"),
    ("a: " + "9" * 5_000, "Exceeds the limit"),
    ("a: !!int 1:30\n", "tag tag:yaml.org,2002:int: write the value itself"),
    ("a: \udce4\n", "cannot be read as plain YAML"),
    ("a: &x [1]\nb: *x\n", "alias *x: write it out"),
    ("a: 1\na: 2\n", "key 'a' is given twice"),
    ("a: !!python/name:os.system\n", "cannot be read as plain YAML"),
    ("a: {b: [{_target_: os.system}]}\n", "a.b[0]._target_: keys that begin with an underscore"),
    ("a: {b: ['${oc.env:HOME}']}\n", "a.b[0]: interpolations"),
    ("1: x\n", "expected a word as the key; received 1"),
    ("- 1\n", "expected key: value, one a line"),
    ("a: [\n", "cannot be read as plain YAML"),
])  # fmt: skip
def test_what_is_more_than_data_is_refused_by_name(read, text, told):
    with pytest.raises(UserError) as refused:
        read(text)
    assert told in str(refused.value)
    assert "a.yaml" in str(refused.value)


def test_parts_are_counted_before_any_is_built():
    assert yaml_files.parse_yaml("[a, b, {c: d}]", max_items=6) == ["a", "b", {"c": "d"}]
    with pytest.raises(ValueError, match="expected at most 5 values"):
        yaml_files.parse_yaml("[a, b, {c: d}]", max_items=5)


def test_the_working_folder_wins_over_ours(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ours = yaml_files.named("question")
    assert yaml_files.search_path() == []
    (tmp_path / "conf/question").mkdir(parents=True)
    (tmp_path / "conf/question/pooling.yaml").write_text("sentence: Mine?\n")
    (tmp_path / "conf/question/more.yaml").write_text("sentence: More?\n")
    found = yaml_files.named("question")
    assert set(found) == {*ours, "more"}
    assert found["pooling"].read_text() == "sentence: Mine?\n"
    assert len(yaml_files.search_path()) == 1


def test_what_is_no_file_is_none_and_is_named_if_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "conf/question"
    folder.mkdir(parents=True)
    (folder / "folder.yaml").mkdir()
    (folder / "link.yaml").symlink_to(tmp_path / "nothing")
    os.mkfifo(folder / "pipe.yaml")
    for name in ("folder", "link", "pipe"):
        assert name not in yaml_files.named("question")
        with pytest.raises(UserError, match=f"{name}.yaml: expected a file"):
            read_question(name)
    assert yaml_files.judge_place("question", "neither") is None


def test_a_file_that_may_not_be_read_is_named(tmp_path):
    path = tmp_path / "secret.yaml"
    path.write_text("a: 1")
    refused = mock.patch.object(Path, "read_bytes", side_effect=PermissionError(13, "Permission denied"))
    with refused, pytest.raises(UserError, match=r"secret.yaml cannot be read: Permission denied"):
        yaml_files.read_yaml(path)
