"""A network as a table of its layers, for who has no Keras at hand.

In: a built model. Out: plain containers, one a layer, that are published with each trial.
"""

from __future__ import annotations

from typing import Any


def list_layers(network: Any) -> list[dict[str, Any]]:
    """Return name, kind, output (shape without the batch; None if a layer has no single one) and parameters."""
    return [
        {
            "name": layer.name,
            "kind": type(layer).__name__,
            "output": _shape(layer),
            "parameters": int(layer.count_params()),
        }
        for layer in network.layers
        if type(layer).__name__ != "InputLayer"
    ]


def _shape(layer: Any) -> list[int] | None:
    try:
        return [int(size) for size in layer.output.shape[1:]]
    except (AttributeError, TypeError, ValueError):  # a network of somebody's own may be no graph of layers
        return None
