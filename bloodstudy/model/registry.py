"""Which networks there are, the user's own included, and how one is built by name.

In: a name and factors. Out: an uncompiled Keras model, or sentences that say why there can be none. A network of the
user's own is declared by an extension: function(factors, input_shape, classes) -> keras.Model.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bloodstudy.config.extension import source
from bloodstudy.config.extension.known import BUILT_IN, NETWORKS, joined
from bloodstudy.config.schema import Factors
from bloodstudy.errors import UserError, nearest, summarise
from bloodstudy.model import shapes

if TYPE_CHECKING:
    import keras

    from bloodstudy.model.blocks import Parts


def names() -> tuple[str, ...]:
    """Return the names of all models, built-in ones first; loads neither Keras nor an extension."""
    return (*BUILT_IN, *sorted(NETWORKS))


def check(name: str, factors: Factors, classes: int) -> list[str]:
    """Return a sentence for each reason why this model cannot exist; [] if it can, or if it is the user's own."""
    if name in shapes.SIZES:
        return shapes.problems(name, factors, classes)
    if name in BUILT_IN or name in NETWORKS:
        return []
    return [f"there is no model {name!r}; expected one of {', '.join(names())}.{nearest(name, names())}"]


def build(
    name: str, factors: Factors, input_shape: tuple[int, int, int], classes: int, parts: Parts | None = None
) -> keras.Model:
    """Build the model `name`: uint8 images (N, *input_shape) in, float32 logits (N, classes) out, uncompiled.

    The dtype policy comes from `factors.precision` and every initial weight and dropout mask from `factors.seed`, by
    layer name: neither depends on what was built before. `parts` are what hooks put into a built-in model. Raises
    UserError if `check` finds a problem, or if a model of the user's own is no such model.
    """
    if problems := check(name, factors, classes):
        raise UserError(*problems)
    with defaults(factors):
        if name not in BUILT_IN:
            return _build_own(name, factors, input_shape, classes)
        from bloodstudy.model import networks  # and with it Keras

        return networks.BUILDERS[name](factors, input_shape, classes, parts or networks.NONE)


def _build_own(name: str, factors: Factors, input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    import keras

    (extension,) = (one for one in joined() if one.digest == NETWORKS[name].extension)
    told = f"the network {name!r} of extend={extension.source.typed}"
    try:
        built: Any = source.load(extension.source).networks[name].build(factors, input_shape, classes)
    except Exception as error:  # any fault of code that is not ours, reported under its name
        raise UserError(
            f"{told} could not be built: {summarise(error)}. It must be a function(factors, input_shape, "
            "classes) that returns a keras.Model, and name in `reads` the factors that it reads"
        ) from error
    received = built.output_shape if isinstance(built, keras.Model) and built.built else type(built).__name__
    if received != (None, classes):
        raise UserError(
            f"{told} must return a built keras.Model with output shape {(None, classes)} (logits); received {received}"
        )
    return built


@contextmanager
def defaults(factors: Factors, place: str = "") -> Iterator[None]:
    """Let layers of others that name no dtype and no seed follow the factors; the dtype policy is put back after.

    Each `place` has a seed of its own, or random layers in two places would draw the same.
    """
    import keras

    from bloodstudy.model.blocks import policy, seed_for

    before = keras.config.dtype_policy()
    keras.utils.set_random_seed(seed_for(factors, place) if place else factors.seed)
    keras.config.set_dtype_policy(policy(factors))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
