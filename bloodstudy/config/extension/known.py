"""What the extensions of a command bring, in plain words, beside what is built in.

In: `Extension`s. Out: their factors among the factors and their networks among the networks, for as long as the command
lasts. No code of an extension is here: a plan keeps these words, and a report needs no more.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from bloodstudy.config.extension.declare import NAME
from bloodstudy.config.extension.source import Source
from bloodstudy.config.factors import FACTORS, HOOKS, OwnFactor, forget_own, join_own
from bloodstudy.config.levels import Choice, rule_of
from bloodstudy.config.rules import BUILT_IN as RULES_BUILT_IN
from bloodstudy.config.rules import RULES
from bloodstudy.errors import UserError

DATA = RULES["data.name"].levels
BUILT_IN = ("application", "compact", "reference")


@dataclass(frozen=True)
class OwnNetwork:
    """A network of an extension, in plain words."""

    name: str
    reads: tuple[str, ...]
    extension: str  # digest


@dataclass(frozen=True)
class OwnDataSource:
    """Images that an extension lists."""

    name: str
    extension: str  # digest


@dataclass(frozen=True)
class Extension:
    """What one extension brings, and its text."""

    source: Source
    factors: tuple[OwnFactor, ...]
    networks: tuple[OwnNetwork, ...]
    data_sources: tuple[OwnDataSource, ...] = ()

    @property
    def digest(self) -> str:
        return self.source.digest

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON and YAML can hold."""
        return {
            "name": self.source.name,
            "typed": self.source.typed,
            "digest": self.digest,
            "factors": [asdict(factor) | {"levels": dict(factor.levels.plain)} for factor in self.factors],
            "networks": [{"name": network.name, "reads": list(network.reads)} for network in self.networks],
            "data_sources": [source.name for source in self.data_sources],
            "files": dict(self.source.files),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Extension:
        """Return the extension that `to_dict` described; raises ValueError for what is none."""
        try:
            source = Source(content["name"], content["typed"], dict(content["files"]))
            factors = [
                OwnFactor(**{**one, "levels": rule_of(one["levels"]), "extension": source.digest})
                for one in content["factors"]
            ]
            networks = [OwnNetwork(one["name"], tuple(one["reads"]), source.digest) for one in content["networks"]]
            sources = [OwnDataSource(name, source.digest) for name in content["data_sources"]]
            digest = content["digest"]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"expected the declarations of an extension; {error!r:.80}") from error
        if problem := _find_fault(source, factors, networks, content["data_sources"]):
            raise ValueError(f"expected the declarations of an extension; {problem}")
        if digest != source.digest:
            raise ValueError(f"the text of the extension {source.name!r:.80} is not that of its digest")
        return cls(source, tuple(factors), tuple(networks), tuple(sources))

    def pack(self) -> str:
        """Return it as letters and digits, for the command line of a job."""
        return base64.b64encode(zlib.compress(json.dumps(self.to_dict()).encode())).decode()

    @classmethod
    def unpack(cls, packed: str) -> Extension:
        """Return what `pack` made."""
        return cls.from_dict(json.loads(zlib.decompress(base64.b64decode(packed))))


def _find_fault(
    source: Source, factors: Sequence[OwnFactor], networks: Sequence[OwnNetwork], data_sources: Sequence[Any]
) -> str:
    """Return what stored declarations say that no extension could declare; '' if nothing."""
    names = [*(one.name for one in factors), *(one.name for one in networks), *data_sources]
    words = [source.name, source.typed, *source.files, *source.files.values(), *(one.doc for one in factors)]
    words += [name for one in networks for name in one.reads]
    if not all(isinstance(word, str) for word in words) or not source.name.isidentifier():
        return "a word is none"
    if not all(isinstance(name, str) and NAME.fullmatch(name) for name in names):
        return f"a name is none of small letters, digits and _: {names!r:.100}"
    if taken := [one.name for one in factors if one.name in RULES_BUILT_IN]:
        return f"bloodstudy has a key {taken[0]!r}"
    for one in factors:
        levels = [level for level in (one.default, one.neutral) if level is not None]
        if one.hook not in (None, *HOOKS) or not all(map(one.levels.accepts, levels)):
            return f"the factor {one.name!r} has a hook or a level that is none"
    return ""


NETWORKS: dict[str, OwnNetwork] = {}
DATA_SOURCES: dict[str, OwnDataSource] = {}
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
        taken += [f"network {one.name!r}" for one in extension.networks if one.name in (*NETWORKS, *BUILT_IN)]
        taken += [f"data {one.name!r}" for one in extension.data_sources if one.name in (*DATA_SOURCES, *DATA)]
        if taken:
            raise UserError(
                f"extend={extension.source.typed}: {' and '.join(taken)} exists already, in bloodstudy or in another "
                "extension; expected another name"
            )
        join_own(extension.factors)
        RULES.update({factor.name: factor.levels for factor in extension.factors})
        NETWORKS.update({network.name: network for network in extension.networks})
        DATA_SOURCES.update({source.name: source for source in extension.data_sources})
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
        for network in extension.networks:
            NETWORKS.pop(network.name, None)
        for source in extension.data_sources:
            DATA_SOURCES.pop(source.name, None)
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
