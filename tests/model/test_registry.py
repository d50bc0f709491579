"""Models by name, the user's own included."""

from collections.abc import Iterator
from pathlib import Path

import keras
import lab
import numpy as np
import pytest
from harness import run_python

from bloodstudy.config.schema import Factors
from bloodstudy.errors import UserError
from bloodstudy.model import build, check, names

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


DECLARED = """
import bloodstudy as bs
for function in (tiny, too_many, not_built, no_model, broken):
    bs.network(function.__name__)(function)
"""


@pytest.fixture
def declared(tmp_path: Path) -> Iterator[None]:
    with lab.extended(tmp_path, TINY + DECLARED):
        yield


def test_importing_the_stage_and_asking_for_names_imports_no_keras(tmp_path: Path) -> None:
    code = (
        "import sys, bloodstudy.model as m; from bloodstudy.config.schema import Factors;"
        "m.names(); m.check('compact', Factors(), 4); m.smallest_size('compact', 6, 'valid');"
        "assert not {'keras', 'tensorflow', 'mlflow'} & set(sys.modules)"
    )
    run_python(tmp_path, code)


def test_names_lists_own_networks_after_ours(declared: None) -> None:
    assert names() == ("application", "compact", "reference", "broken", "no_model", "not_built", "tiny", "too_many")
    assert check("tiny", FACTORS, 4) == []


def test_builds_an_own_network_with_the_precision_and_seed_of_the_trial(declared: None) -> None:
    before = keras.config.dtype_policy()
    one, two = (build("tiny", FACTORS, (16, 16, 1), 4) for _ in range(2))
    assert keras.config.dtype_policy() == before
    assert one.output_shape == (None, 4)
    assert one.layers[1].compute_dtype == "bfloat16"
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("too_many", r"output shape \(None, 4\).*received \(None, 5\)"),
        ("not_built", "received Sequential"),
        ("no_model", "received str"),
        ("broken", "RuntimeError: no luck today"),
    ],
)
def test_an_own_network_that_gives_no_such_model_is_named(declared: None, name: str, says: str) -> None:
    before = keras.config.dtype_policy()
    with pytest.raises(UserError, match=says) as refused:
        build(name, FACTORS, (16, 16, 1), 4)
    assert f"the network {name!r} of extend=" in str(refused.value)
    assert keras.config.dtype_policy() == before


def test_an_unknown_model_is_refused_with_the_nearest_name() -> None:
    (problem,) = check("referense", FACTORS, 4)
    assert "Did you mean 'reference'?" in problem
    assert "compact" in problem
    with pytest.raises(UserError, match="no model 'referense'"):
        build("referense", FACTORS, (16, 16, 1), 4)
