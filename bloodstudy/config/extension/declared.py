"""What an extension has declared, with its functions, as it is known in the process that has imported it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from bloodstudy.config.factors import OwnFactor

Builder = Callable[[Any, "Context"], Any]


@dataclass(frozen=True)
class Context:
    """What a hook may know of the trial that it is built for."""

    classes: int
    steps: int  # an epoch
    epochs: int
    seed: int


@dataclass(frozen=True)
class Network:
    """A network of the user's own: uint8 (N, *input_shape) in, logits (N, classes) out."""

    name: str
    reads: tuple[str, ...]
    build: Callable[..., Any]


@dataclass(frozen=True)
class DataSource:
    """Images of the user's own: a function of a folder that yields (path, label, side or None, photograph or None)."""

    name: str
    list: Callable[[str], Iterable[Any]]


@dataclass(frozen=True)
class Metric:
    """A number of the user's own: a function of float probabilities (N, classes) and int labels (N,)."""

    name: str
    compute: Callable[[Any, Any], Any]
    higher_is_better: bool


@dataclass
class Declared:
    """All that one extension declares, with its functions."""

    factors: dict[str, OwnFactor] = field(default_factory=dict)
    builders: dict[str, Builder] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)
    data_sources: dict[str, DataSource] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)


filling: ContextVar[Declared | None] = ContextVar("declared", default=None)
