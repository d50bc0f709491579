"""Which networks there are, the user's own included, and how one is built by name.

In: a name and factors. Out: an uncompiled Keras model, or sentences that say why there can be none. A plug-in is an
entry point of the group `bloodstudy.models`: name -> function(factors, input_shape, classes) -> keras.Model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bloodstudy.config.schema import Factors
from bloodstudy.errors import UserError, nearest
from bloodstudy.model import shapes

if TYPE_CHECKING:
    import keras

GROUP = "bloodstudy.models"
BUILT_IN = tuple(sorted(shapes.SIZES))


def names() -> tuple[str, ...]:
    """Return the names of all models, built-in ones first; loads neither Keras nor a plug-in."""
    return (*BUILT_IN, *sorted(_plugins()))


def check(name: str, factors: Factors, classes: int) -> list[str]:
    """Return a sentence for each reason why this model cannot exist; [] if it can, or if it is a plug-in."""
    if name in BUILT_IN:
        return shapes.problems(name, factors, classes)
    if name in _plugins():
        return []
    known = names()
    return [f"there is no model {name!r}; expected one of {', '.join(known)}.{nearest(name, known)}"]


def build(name: str, factors: Factors, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Build the model `name`: uint8 images (N, *input_shape) in, float32 logits (N, classes) out, uncompiled.

    The dtype policy comes from `factors.precision` and every initial weight and dropout mask from `factors.seed`, by
    layer name: neither depends on what was built before. Raises UserError if `check` finds a problem, or if a
    plug-in does not give such a model.
    """
    if problems := check(name, factors, classes):
        raise UserError(*problems)
    if name in BUILT_IN:
        from bloodstudy.model import networks  # and with it Keras

        return networks.BUILDERS[name](factors, input_shape, classes)
    return _build_plugin(_plugins()[name], factors, input_shape, classes)


def plugin_digest(name: str) -> str | None:
    """Return sixteen hex digits over the source of the plug-in `name`, or None for a built-in model."""
    entry = _plugins().get(name)
    spec = find_spec(entry.module) if entry else None
    if spec is None or spec.origin is None:
        return None
    return hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest()[:16]


def _plugins() -> dict[str, metadata.EntryPoint]:
    plugins: dict[str, metadata.EntryPoint] = {}
    for entry in metadata.entry_points(group=GROUP):
        if entry.name in BUILT_IN:
            raise UserError(
                f"the plug-in {_described(entry)} takes the name of a built-in model; give it another name in the "
                f"entry-point group {GROUP!r}, or uninstall it."
            )
        if entry.name in plugins and plugins[entry.name].value != entry.value:
            raise UserError(
                f"two plug-ins have one name: {_described(plugins[entry.name])} and {_described(entry)}; uninstall one."
            )
        plugins[entry.name] = entry
    return plugins


def _build_plugin(
    entry: metadata.EntryPoint, factors: Factors, input_shape: tuple[int, int, int], classes: int
) -> keras.Model:
    import keras

    try:
        with _defaults(factors):
            model = entry.load()(factors, input_shape, classes)
    except UserError:
        raise
    except Exception as error:  # any fault of code that is not ours, reported under its name
        raise UserError(
            f"the model {_described(entry)} could not be built: {type(error).__name__}: {error}. "
            "It must be a function(factors, input_shape, classes) that returns a keras.Model."
        ) from error
    received = model.output_shape if isinstance(model, keras.Model) and model.built else type(model).__name__
    if received != (None, classes):
        raise UserError(
            f"the model {_described(entry)} must return a built keras.Model with output shape {(None, classes)} "
            f"(logits); received {received}."
        )
    return model


@contextmanager
def _defaults(factors: Factors) -> Iterator[None]:
    """Let plug-in layers that name no dtype and no seed follow the factors; the dtype policy is put back after."""
    import keras

    from bloodstudy.model.blocks import policy

    before = keras.config.dtype_policy()
    keras.utils.set_random_seed(factors.seed)
    keras.config.set_dtype_policy(policy(factors))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _described(entry: metadata.EntryPoint) -> str:
    origin = f" of package {entry.dist.name!r}" if entry.dist else ""
    return f"{entry.name!r} ({entry.value}{origin})"
