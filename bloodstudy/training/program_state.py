"""What a program of JAX is given and gives back: a model's variables as lists of arrays, and the images on the device.

In: a compiled Keras model, a feed. Out: arrays. Imported where JAX is alone.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
import numpy as np

from bloodstudy.training.batches import Feed

State = dict[str, Any]  # trainable, other, optimizer: lists of arrays in Keras's order


def state_of(network: Any) -> State:
    """Return all variables of a compiled model."""
    owners = {"trainable": network.trainable_variables, "other": network.non_trainable_variables}
    owners |= {"optimizer": network.optimizer.variables}
    return {name: [variable.value for variable in variables] for name, variables in owners.items()}


def assign(network: Any, state: State) -> None:
    """Put `state` into the variables of a compiled model."""
    pairs = [(network.trainable_variables, state["trainable"]), (network.non_trainable_variables, state["other"])]
    for variables, values in [*pairs, (network.optimizer.variables, state["optimizer"])]:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def placed(feed: Feed) -> tuple[jax.Array, jax.Array]:
    """Return the images and labels of `feed` on the device."""
    path = getattr(feed.images, "filename", None)
    images = _place(Path(path)) if path else jax.device_put(feed.images)
    return images, jax.device_put(feed.one_hot)


@lru_cache(maxsize=1)
def _place(path: Path) -> jax.Array:
    return jax.device_put(np.load(path))
