"""What the extensions of a command bring, in plain words, beside what is built in.

In: `Extension`s. Out: their factors among the factors, their networks among the networks, and so on, for as long as the
command lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bloodstudy.config.extension.extension import Extension, OwnDataSource, OwnMetric, OwnNetwork
from bloodstudy.config.factors import FACTORS, forget_own, join_own
from bloodstudy.config.levels import Choice
from bloodstudy.config.rules import RULES
from bloodstudy.errors import UserError

DATA = RULES["data.name"].levels
BUILT_IN = ("application", "compact", "reference")


NETWORKS: dict[str, OwnNetwork] = {}
DATA_SOURCES: dict[str, OwnDataSource] = {}
METRICS: dict[str, OwnMetric] = {}
# What extensions bring beside factors: the field of an `Extension`, the word for it, the table, the names built in.
_TABLES: tuple[tuple[str, str, dict[str, Any], tuple[str, ...]], ...] = (
    ("networks", "network", NETWORKS, BUILT_IN),
    ("data_sources", "data", DATA_SOURCES, DATA),
    ("metrics", "metric", METRICS, ()),  # of the built-in ones `declare` knows
)
_joined: dict[str, Extension] = {}  # by digest


def joined() -> tuple[Extension, ...]:
    """Return the extensions that are known now."""
    return tuple(_joined.values())


def pack_joined() -> tuple[str, ...]:
    """Return the extensions that are known now, each packed for another process."""
    return tuple(extension.pack() for extension in joined())


def become(packed: Iterable[str]) -> None:
    """Know the extensions that `pack_joined` gave elsewhere, and no others, until the process ends."""
    extensions = [Extension.unpack(one) for one in packed]
    if [one.digest for one in extensions] != list(_joined):
        _forget(list(_joined))
        join(extensions)


def join(extensions: Iterable[Extension]) -> None:
    """Make extensions known until the process ends; raises UserError if two of them take one name."""
    for extension in extensions:
        if extension.digest in _joined:
            continue
        taken = [f"factor {one.name!r}" for one in extension.factors if one.name in RULES]
        for brought, word, table, built_in in _TABLES:
            names = [one.name for one in getattr(extension, brought)]
            taken += [f"{word} {name!r}" for name in names if name in table or name in built_in]
        # Factors and metrics are columns of the same table of trials.
        taken += [f"factor {one.name!r}" for one in extension.factors if one.name in METRICS]
        taken += [f"metric {one.name!r}" for one in extension.metrics if one.name in FACTORS]
        if taken:
            raise UserError(
                f"extend={extension.source.typed}: {' and '.join(taken)} exists already, in bloodstudy or in another "
                "extension; expected another name"
            )
        join_own(extension.factors)
        RULES.update({factor.name: factor.levels for factor in extension.factors})
        for brought, _, table, _ in _TABLES:
            table.update({one.name: one for one in getattr(extension, brought)})
        RULES["data.name"] = Choice(*DATA, *DATA_SOURCES)
        _joined[extension.digest] = extension


@contextmanager
def known(extensions: Iterable[Extension]) -> Iterator[None]:
    """Make extensions known for as long as the block lasts."""
    before = dict(_joined)
    try:
        join(extensions)
        yield
    finally:
        _forget([digest for digest in _joined if digest not in before])


def _forget(digests: Iterable[str]) -> None:
    for digest in digests:
        extension = _joined.pop(digest)
        names = [factor.name for factor in extension.factors]
        forget_own(names)
        for name in names:
            RULES.pop(name, None)
        for brought, _, table, _ in _TABLES:
            for one in getattr(extension, brought):
                table.pop(one.name, None)
    RULES["data.name"] = Choice(*DATA, *DATA_SOURCES)


def digests_of(model: str, data: str, levels: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the digests of the extensions that a trial uses: of its network, its images, the factors of `levels`."""
    used = {FACTORS[name].extension for name in levels if name in FACTORS}
    used |= {NETWORKS[model].extension} if model in NETWORKS else set()
    used |= {DATA_SOURCES[data].extension} if data in DATA_SOURCES else set()
    return tuple(sorted(used - {""}))


def levels_of(model: str, levels: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the levels that count for `model`: without factors of an extension that it does not read."""
    own = [name for name in levels if name in FACTORS and FACTORS[name].extension]
    return {name: level for name, level in levels.items() if name not in own or is_read(model, name)}


def is_read(model: str, factor: str, networks: Mapping[str, OwnNetwork] = NETWORKS) -> bool:
    """Tell whether a factor can change anything in a network, which may be one of an extension's `networks`."""
    read_by = FACTORS[factor].read_by
    return read_by is None or (factor in networks[model].reads if model in networks else model in read_by)
