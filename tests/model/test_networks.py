"""Both networks, layer by layer: the published figures, and what each factor and level changes."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bloodstudy.cli import compose
from bloodstudy.config.rules import RULES
from bloodstudy.config.schema import Factors
from bloodstudy.errors import UserError
from bloodstudy.model import build, check, shapes
from bloodstudy.model.networks import BUILDERS
from bloodstudy.model.shapes import side_after_block
from bloodstudy.study.arms import spell
from bloodstudy.study.question import read_question, read_study

NATIVE = {
    "reference": Factors(precision="float32"),
    "compact": Factors(
        dropout=0.4, conv_dropout=0.2, padding="valid", depth=6, norm="batch", colour="rgb", image_size=(200, 200),
        precision="float32",
    ),
}  # fmt: skip


def built(name: str, **changes) -> keras.Model:
    factors = dataclasses.replace(NATIVE[name], **changes)
    return build(name, factors, (*factors.image_size, 3 if factors.colour == "rgb" else 1), 4)


def test_every_shape_and_parameter_count_of_the_reference() -> None:
    model = built("reference")
    rows = [(layer.name, layer.output.shape[1:], layer.count_params()) for layer in model.layers]
    assert [row for row in rows if not row[0].startswith("relu")] == [
        ("image", (120, 160, 1), 0),
        ("rescale", (120, 160, 1), 0),
        ("conv_1", (120, 160, 16), 160),
        ("pool_1", (60, 80, 16), 0),
        ("norm_1", (60, 80, 16), 0),
        ("conv_2", (60, 80, 16), 2320),
        ("pool_2", (30, 40, 16), 0),
        ("norm_2", (30, 40, 16), 0),
        ("conv_3", (30, 40, 8), 1160),
        ("pool_3", (15, 20, 8), 0),
        ("norm_3", (15, 20, 8), 0),
        ("conv_4", (15, 20, 8), 584),
        ("pool_4", (7, 10, 8), 0),
        ("norm_4", (7, 10, 8), 0),
        ("head", (560,), 0),
        ("dense_1", (32,), 17952),
        ("dense_2", (8,), 264),
        ("logits", (4,), 36),
    ]
    assert model.count_params() == 22_476


def test_takes_bytes_and_gives_float32_logits() -> None:
    model = built("reference", precision="bfloat16", image_size=(32, 32))
    out = model(np.full((2, 32, 32, 1), 255, "uint8"))
    assert model.inputs[0].dtype == "uint8"
    assert out.dtype.name == "float32"
    assert out.shape == (2, 4)
    assert model.get_layer("conv_1").compute_dtype == "bfloat16"
    assert model.get_layer("conv_1").dtype == "float32"
    assert float(model.get_layer("rescale")(np.full((1, 1, 1, 1), 255, "uint8"))[0, 0, 0, 0]) == 1
    assert not np.allclose(np.sum(np.exp(out), axis=1), 1)


def test_learns_a_few_images_by_heart() -> None:
    images = np.random.default_rng(0).integers(0, 256, (16, 16, 16, 1), dtype=np.uint8)
    images[1::2] //= 3
    model = build("reference", Factors(precision="float32", image_size=(16, 16)), (16, 16, 1), 2)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = model.fit(images, np.arange(16) % 2, batch_size=16, epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


def test_every_shape_and_parameter_count_of_the_compact_net() -> None:
    model = built("compact")
    spatial = [layer for layer in model.layers if layer.name.startswith(("conv_", "pool_"))]
    assert [layer.output.shape[1] for layer in spatial] == [198, 99, 97, 48, 46, 23, 21, 10, 8, 4, 2, 1]
    assert [layer.output.shape[2] for layer in spatial] == [layer.output.shape[1] for layer in spatial]
    assert [layer.output.shape[3] for layer in spatial[::2]] == [16, 64, 64, 64, 64, 128]
    weighted = {layer.name: layer.count_params() for layer in model.layers if layer.count_params()}
    assert weighted == {
        "conv_1": 448,
        "norm_1": 64,
        "conv_2": 9280,
        "conv_3": 36928,
        "conv_4": 36928,
        "conv_5": 36928,
        "conv_6": 73856,
        "dense_1": 16512,
        "dense_2": 8256,
        "logits": 260,
    }
    assert model.get_layer("head").output.shape == (None, 128)
    assert model.count_params() == 219_460
    assert sum(weight.size for weight in model.get_weights()) == 219_460
    assert sum(int(weight.numpy().size) for weight in model.trainable_weights) == 219_428
    assert sum(int(weight.numpy().size) for weight in model.non_trainable_weights) == 32


def test_the_compact_net_has_norm_after_the_first_pooling_and_dropout_after_each_other_one() -> None:
    model = built("compact")
    order = [layer.name for layer in model.layers if not layer.name.startswith("relu")]
    expected = ["image", "rescale", "conv_1", "pool_1", "norm_1"]
    for index in range(2, 7):
        expected += [f"conv_{index}", f"pool_{index}", f"drop_{index}"]
    assert order == [*expected, "head", "dense_1", "dense_drop_1", "dense_2", "dense_drop_2", "logits"]
    rates = [layer.rate for layer in model.layers if "drop" in layer.name]
    assert [round(rate, 6) for rate in rates] == [0.2] * 5 + [0.4, 0.3]


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


def layers_of(name: str, **changes) -> dict[str, str]:
    return {
        layer.name: json.dumps([type(layer).__name__, layer.count_params(), layer.get_config()], default=str)
        for layer in built(name, **changes).layers
    }


@pytest.fixture(scope="module")
def native_layers() -> dict[str, dict[str, str]]:
    return {name: layers_of(name) for name in NATIVE}


ARMS = [
    (name, key, level)
    for name in NATIVE
    for key, level in CHANGES
    if getattr(NATIVE[name], key) != level and (name, key, level) != ("compact", "depth", 1)
]


@pytest.mark.parametrize(("name", "key", "level"), ARMS)
def test_a_level_changes_the_layers_it_should(native_layers: dict, name: str, key: str, level: object) -> None:
    before, after = native_layers[name], layers_of(name, **{key: level})
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
    model = built(name, width=0.5)
    filters = tuple(layer.filters for layer in model.layers if layer.name.startswith("conv"))
    units = tuple(layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense))
    assert filters == {"reference": (8, 8, 4, 4), "compact": (8, 32, 32, 32, 32, 64)}[name]
    assert units == {"reference": (16, 4, 4), "compact": (64, 32, 4)}[name]


@pytest.mark.parametrize("name", NATIVE)
def test_norm_stands_in_the_places_of_the_model_at_every_level(name: str) -> None:
    places = {"reference": ["norm_1", "norm_2", "norm_3", "norm_4"], "compact": ["norm_1"]}[name]
    for level, kind in (("lrn", "LocalResponseNormalization"), ("batch", "BatchNormalization"), ("none", None)):
        norms = [layer for layer in built(name, norm=level).layers if layer.name.startswith("norm")]
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
    sides = size
    for _ in range(depth):
        sides = tuple(side_after_block(side, padding) for side in sides)
    assert model.get_layer("head").input.shape[1:] == (*sides, shapes.filters(name, factors)[-1])


@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize("padding", RULES["padding"].levels)
def test_one_pixel_less_than_the_smallest_size_breaks_the_layers_themselves(name: str, padding: str) -> None:
    factors = dataclasses.replace(NATIVE[name], padding=padding, depth=3)
    least, raw = shapes.smallest_size(name, 3, padding), BUILDERS[name]
    assert raw(factors, (least, least, 1), 4).get_layer("head").input.shape[1:3] == (1, 1)
    with pytest.raises(ValueError, match=r"[Nn]egative|zero|non-positive|dimension"):
        raw(factors, (least - 1, least, 1), 4)


def test_the_simplification_question_climbs_in_parameters_as_its_file_says():
    def count(levels):
        levels = {"precision": "float32"} | read_study("five_questions").reference | levels
        (job,) = compose.check([f"{key}={spell(value)}" for key, value in levels.items()], False).jobs
        return build("reference", job.settings.factors, (60, 80, 3), 4).count_params()

    parameters = {name: count(levels) for name, levels in read_question("simplification").arms.items()}
    assert parameters == {
        "quarter width": 698, "half width": 2408, "three blocks, averaged": 4676, "double width": 34004,
    }  # fmt: skip
    assert count({}) == 8876
