"""Trials of other code, Keras or TensorFlow: nothing is trained beside them unless somebody allows it."""

from dataclasses import replace

import numpy as np
import pytest
from records import result_of

from bloodstudy.config.schema import Control
from bloodstudy.errors import UserError
from bloodstudy.execution import code_change
from bloodstudy.study.code_digest import code_digest
from bloodstudy.training import installed_versions
from bloodstudy.training.checkpoint import Checkpoint, Checkpoints

HERE = {"code": code_digest(), **installed_versions()}
OTHERS = [{"code": "0" * 16}, {"keras": "3.0.0"}, {"tensorflow": "2.0.0"}]


def finished(**other):
    record = HERE | other
    return result_of({"code": record["code"], "versions": {name: record[name] for name in ("keras", "tensorflow")}})


def begin(folder, **other):
    folder.mkdir(parents=True)
    Checkpoints(folder, HERE | other).write(Checkpoint(3, [], {"w": np.zeros(2)}))
    return (folder / "state-1.npz").read_bytes()


def test_what_a_worker_imports_is_known_without_importing_it():
    assert installed_versions().keys() == {"keras", "tensorflow", "jax"}


@pytest.mark.parametrize("other", OTHERS)
def test_finished_trials(tmp_path, capsys, other):
    ((name, value),) = other.items()
    half = {"a": finished(**other), "b": None}
    with pytest.raises(
        UserError, match=rf"(?i)1 of 2 trials were trained with {name} {value} \(this is .*retry=all"
    ) as caught:
        code_change.check(half, tmp_path, Control())
    assert "on_code_change=warn" in str(caught.value)
    for results, control in (
        (half, Control(on_code_change="warn")), (half, Control(plan_only=True)), ({"a": finished(**other)}, Control()),
    ):  # fmt: skip
        code_change.check(results, tmp_path, control)
        assert "warning: 1 of" in capsys.readouterr().out


@pytest.mark.parametrize("other", OTHERS)
def test_interrupted_trials_keep_what_they_have(tmp_path, capsys, other):
    before = begin(tmp_path / "b", **other)
    with pytest.raises(UserError, match=r"1 of 2 trials were interrupted, and begun with .*what began them goes on"):
        code_change.check({"a": finished(), "b": None}, tmp_path, Control())
    assert (tmp_path / "b/state-1.npz").read_bytes() == before
    code_change.check({"a": finished(), "b": None}, tmp_path, Control(on_code_change="warn"))
    assert "warning: 1 of 2 trials were interrupted" in capsys.readouterr().out
    code_change.check({"a": finished(), "b": None}, tmp_path, Control(retry="all"))
    assert capsys.readouterr().out == ""


def test_the_same_code_and_what_is_not_known_are_no_change(tmp_path, capsys):
    begin(tmp_path / "b")
    code_change.check({"a": finished(), "b": None, "c": None}, tmp_path, Control())
    dead = result_of({"outcome": "failed", "code": code_digest(), "versions": {"numpy": "1"}})
    code_change.check({"a": dead, "c": None}, tmp_path, Control())
    (tmp_path / "b/state-1.npz").write_bytes(b"damaged")
    code_change.check({"b": None}, tmp_path, Control())
    assert capsys.readouterr().out == ""


def test_the_same_images_decoded_otherwise(tmp_path, capsys):
    """As another version of Pillow does; a result from before that was noted says nothing."""
    old, new = finished(), finished()
    new = replace(new, data=replace(new.data, pixels="a" * 16))
    here = {"a": "b" * 16, "b": "b" * 16}
    code_change.check({"a": old, "b": None}, tmp_path, Control(), here)
    with pytest.raises(UserError, match=r"images, decoded to a{16} \(this is b{16}\)"):
        code_change.check({"a": new, "b": None}, tmp_path, Control(), here)
    code_change.check({"a": new, "b": None}, tmp_path, Control(on_code_change="warn"), here)
    assert "images, decoded to" in capsys.readouterr().out
    code_change.check({"a": new, "b": None}, tmp_path, Control(), {"a": "a" * 16, "b": "a" * 16})
    before = begin(tmp_path / "b", pixels="a" * 16)
    with pytest.raises(UserError, match=r"1 of 1 trials were interrupted, and begun with images, decoded to a{16}"):
        code_change.check({"b": None}, tmp_path, Control(), here)
    assert (tmp_path / "b/state-1.npz").read_bytes() == before
