"""Each factor and level changes the built layers of both networks; arithmetic and layers agree."""

import dataclasses
import json

import keras
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bloodstudy.config.rules import RULES
from bloodstudy.config.schema import Factors
from bloodstudy.errors import UserError
from bloodstudy.model import build, check, shapes

NATIVE = {
    "reference": Factors(precision="float32"),
    "compact": Factors(
        dropout=0.4, conv_dropout=0.2, padding="valid", depth=6, norm="batch", colour="rgb", image_size=(200, 200),
        precision="float32",
    ),
}  # fmt: skip
CHANGES = [
    ("dropout", 0.1),
    ("dropout", 0.9),
    ("conv_dropout", 0.3),
    ("width", 0.5),
    ("width", 2.0),
    *[("depth", depth) for depth in range(1, 7)],
    *[(key, level) for key in ("padding", "pooling", "head", "norm") for level in RULES[key].levels],
    *[("colour", level) for level in RULES["colour"].levels],
    ("image_size", (240, 320)),
    ("precision", "bfloat16"),
    ("seed", 1),
]
WHERE = {  # layer names that the factor may add, remove or change in configuration; "" stands for any
    "dropout": ("dense_drop",),
    "conv_dropout": ("drop",),
    "padding": ("conv",),
    "pooling": ("pool", "conv", "relu", "crop", "pad"),
    "depth": ("conv", "pool", "relu", "norm", "drop"),
    "head": ("head",),
    "norm": ("norm",),
    "colour": ("image",),
    "image_size": ("image",),
}


def layers_of(name: str, factors: Factors) -> dict[str, str]:
    shape = (*factors.image_size, 3 if factors.colour == "rgb" else 1)
    model = build(name, factors, shape, 4)
    return {
        layer.name: json.dumps([type(layer).__name__, layer.count_params(), layer.get_config()], default=str)
        for layer in model.layers
    }


@pytest.fixture(scope="module")
def native_layers() -> dict[str, dict[str, str]]:
    return {name: layers_of(name, factors) for name, factors in NATIVE.items()}


ARMS = [
    (name, key, level)
    for name in NATIVE
    for key, level in CHANGES
    if getattr(NATIVE[name], key) != level and (name, key, level) != ("compact", "depth", 1)
]


@pytest.mark.parametrize(("name", "key", "level"), ARMS)
def test_a_level_changes_the_layers_it_should(native_layers: dict, name: str, key: str, level: object) -> None:
    before, after = native_layers[name], layers_of(name, dataclasses.replace(NATIVE[name], **{key: level}))
    changed = {layer for layer in before.keys() | after.keys() if before.get(layer) != after.get(layer)}
    assert changed
    # Sizes follow in the weights of the dense part; nothing else may move.
    configured = {layer for layer in changed if _config(before.get(layer)) != _config(after.get(layer))}
    if key in WHERE:
        assert configured
        assert all(layer.startswith(WHERE[key]) for layer in configured), configured
    elif key == "width":
        assert {layer.split("_")[0] for layer in configured} == {"conv", "dense"}
    elif key == "precision":
        assert changed == set(before) - {"image", "logits"}
    else:
        assert key == "seed"
        assert {layer.split("_")[0] for layer in changed} >= {"conv", "dense", "logits"}


def _config(described: str | None) -> object:
    if described is None:
        return None
    kind, _, config = json.loads(described)
    return kind, config


@pytest.mark.parametrize("name", NATIVE)
def test_width_multiplies_filters_and_hidden_units_but_not_the_classes(name: str) -> None:
    model = build(name, dataclasses.replace(NATIVE[name], width=0.5), _shape(NATIVE[name]), 4)
    filters = tuple(layer.filters for layer in model.layers if layer.name.startswith("conv"))
    units = tuple(layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense))
    assert filters == {"reference": (8, 8, 4, 4), "compact": (8, 32, 32, 32, 32, 64)}[name]
    assert units == {"reference": (16, 4, 4), "compact": (64, 32, 4)}[name]


@pytest.mark.parametrize("name", NATIVE)
def test_norm_stands_in_the_places_of_the_model_at_every_level(name: str) -> None:
    places = {"reference": ["norm_1", "norm_2", "norm_3", "norm_4"], "compact": ["norm_1"]}[name]
    for level, kind in (("lrn", "LocalResponseNormalization"), ("batch", "BatchNormalization"), ("none", None)):
        model = build(name, dataclasses.replace(NATIVE[name], norm=level), _shape(NATIVE[name]), 4)
        norms = [layer for layer in model.layers if layer.name.startswith("norm")]
        assert [layer.name for layer in norms] == (places if kind else [])
        assert all(type(layer).__name__ == kind for layer in norms)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(list(NATIVE)),
    depth=st.integers(0, 7),
    padding=st.sampled_from(RULES["padding"].levels),
    pooling=st.sampled_from(RULES["pooling"].levels),
    size=st.tuples(st.integers(4, 120), st.integers(4, 120)),
)
def test_check_refuses_what_cannot_be_built_and_nothing_else(name, depth, padding, pooling, size) -> None:
    factors = Factors(
        depth=depth, padding=padding, pooling=pooling, image_size=size, precision="float32", width=0.25, norm="none"
    )
    if problems := check(name, factors, 4):
        with pytest.raises(UserError) as refused:
            build(name, factors, (*size, 1), 4)
        assert refused.value.problems == tuple(problems)
        return
    model = build(name, factors, (*size, 1), 4)
    height, width = (shapes.sides(side, depth, padding)[-1] for side in size)
    assert model.get_layer("head").input.shape[1:] == (height, width, shapes.filters(name, factors)[-1])


@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize("padding", RULES["padding"].levels)
def test_one_pixel_less_than_the_smallest_size_breaks_the_layers_themselves(name: str, padding: str) -> None:
    from importlib import import_module

    factors = dataclasses.replace(NATIVE[name], padding=padding, depth=3)
    least, raw = shapes.smallest_size(name, 3, padding), import_module(f"bloodstudy.model.{name}").build
    assert raw(factors, (least, least, 1), 4).get_layer("head").input.shape[1:3] == (1, 1)
    with pytest.raises(ValueError, match=r"[Nn]egative|zero|non-positive|dimension"):
        raw(factors, (least - 1, least, 1), 4)


def _shape(factors: Factors) -> tuple[int, int, int]:
    return (*factors.image_size, 3 if factors.colour == "rgb" else 1)
