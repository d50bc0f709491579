"""Models by name, the user's own included."""

import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import keras
import numpy as np
import pytest
from harness import run_python

from bloodstudy.config.schema import Factors
from bloodstudy.errors import UserError
from bloodstudy.model import build, check, names, plugin_digest
from bloodstudy.model.registry import GROUP

FACTORS = Factors(precision="bfloat16", image_size=(16, 16), seed=5)
TINY = """
import keras

def tiny(factors, input_shape, classes):
    image = keras.Input(input_shape, dtype="uint8")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    return keras.Model(image, keras.layers.Dense(classes, dtype="float32")(x))

def too_many(factors, input_shape, classes):
    return tiny(factors, input_shape, classes + 1)

def not_built(factors, input_shape, classes):
    return keras.Sequential([keras.layers.Dense(classes)])

def no_model(factors, input_shape, classes):
    return "a model"

def broken(factors, input_shape, classes):
    raise RuntimeError("no luck today")
"""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    (tmp_path / "somebodys_nets.py").write_text(TINY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "somebodys_nets", raising=False)

    def install(*entries: tuple[str, str]) -> None:
        found = metadata.EntryPoints(metadata.EntryPoint(name, f"somebodys_nets:{fun}", GROUP) for name, fun in entries)
        monkeypatch.setattr(metadata, "entry_points", found.select)

    return install


def test_importing_the_stage_and_asking_for_names_imports_no_keras(tmp_path: Path) -> None:
    code = (
        "import sys, bloodstudy.model as m; from bloodstudy.config.schema import Factors;"
        "m.names(); m.check('compact', Factors(), 4); m.smallest_size('compact', 6, 'valid');"
        "assert not {'keras', 'tensorflow', 'mlflow'} & set(sys.modules)"
    )
    run_python(tmp_path, code)


def test_names_lists_plug_ins_after_ours_without_loading_them(installed: Callable[..., None]) -> None:
    assert names()[:2] == ("compact", "reference")
    installed(("zebra", "tiny"), ("aardvark", "missing"))
    assert names() == ("compact", "reference", "aardvark", "zebra")
    assert check("zebra", FACTORS, 4) == []
    assert "somebodys_nets" not in sys.modules


def test_an_edited_plug_in_has_another_digest_and_a_built_in_model_has_none(
    installed: Callable[..., None], tmp_path: Path
) -> None:
    installed(("tiny", "tiny"))
    first = plugin_digest("tiny")
    assert first is not None
    (tmp_path / "somebodys_nets.py").write_text(TINY + "# edited")
    assert plugin_digest("tiny") not in (None, first)
    assert plugin_digest("reference") is None


def test_builds_a_plug_in_with_the_precision_and_seed_of_the_trial(installed: Callable[..., None]) -> None:
    installed(("tiny", "tiny"))
    before = keras.config.dtype_policy()
    one, two = (build("tiny", FACTORS, (16, 16, 1), 4) for _ in range(2))
    assert keras.config.dtype_policy() == before
    assert one.output_shape == (None, 4)
    assert one.layers[1].compute_dtype == "bfloat16"
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        ("too_many", r"output shape \(None, 4\).*received \(None, 5\)"),
        ("not_built", "received Sequential"),
        ("no_model", "received str"),
        ("broken", "RuntimeError: no luck today"),
        ("missing", "AttributeError"),
    ],
)
def test_a_plug_in_that_gives_no_such_model_is_named(installed: Callable[..., None], function: str, says: str) -> None:
    installed(("odd", function))
    before = keras.config.dtype_policy()
    with pytest.raises(UserError, match=says) as refused:
        build("odd", FACTORS, (16, 16, 1), 4)
    assert f"'odd' (somebodys_nets:{function}" in str(refused.value)
    assert keras.config.dtype_policy() == before


def test_a_plug_in_may_not_take_the_name_of_a_built_in_model(installed: Callable[..., None]) -> None:
    installed(("reference", "tiny"))
    with pytest.raises(UserError, match=r"somebodys_nets:tiny.*takes the name of a built-in model"):
        names()
    with pytest.raises(UserError, match="built-in"):
        build("tiny", FACTORS, (16, 16, 1), 4)


def test_two_plug_ins_may_not_have_one_name_but_one_may_be_found_twice(installed: Callable[..., None]) -> None:
    installed(("tiny", "tiny"), ("tiny", "tiny"))
    assert names()[2:] == ("tiny",)
    installed(("tiny", "tiny"), ("tiny", "broken"))
    with pytest.raises(UserError, match="two plug-ins have one name"):
        names()


def test_an_unknown_model_is_refused_with_the_nearest_name() -> None:
    (problem,) = check("referense", FACTORS, 4)
    assert "Did you mean 'reference'?" in problem
    assert "compact" in problem
    with pytest.raises(UserError, match="no model 'referense'"):
        build("referense", FACTORS, (16, 16, 1), 4)
