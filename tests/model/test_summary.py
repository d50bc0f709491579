"""The table of layers that is published with each trial."""

import json

from bloodstudy.config.schema import Factors
from bloodstudy.model import build
from bloodstudy.model.summary import list_layers


def test_layers_hold_all_parameters_and_the_shapes() -> None:
    model = build("reference", Factors(precision="float32"), (120, 160, 1), 4)
    layers = list_layers(model)
    assert sum(layer["parameters"] for layer in layers) == model.count_params() == 22_476
    assert [120, 160, 16] in [layer["output"] for layer in layers]
    assert layers[-1]["output"] == [4]
    assert json.loads(json.dumps(layers)) == layers


def test_a_layer_without_one_output_is_listed_without_it() -> None:
    class Layer:
        name = "own"

        def count_params(self) -> int:
            return 3

    class Network:
        layers = (Layer(),)

    assert list_layers(Network()) == [{"name": "own", "kind": "Layer", "output": None, "parameters": 3}]
