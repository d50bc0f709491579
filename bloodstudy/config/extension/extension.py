"""An extension in plain words: what it brings, and its text.

In: what was declared when it was imported, or what a plan keeps of that. Out: a frozen `Extension`; ValueError for what
no extension could declare. No code of it is here: a report needs no more.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bloodstudy.config.extension.declare import NAME, is_taken
from bloodstudy.config.extension.declared import Declared
from bloodstudy.config.extension.source import Source
from bloodstudy.config.factors import HOOKS, OwnFactor
from bloodstudy.config.levels import rule_of
from bloodstudy.config.rules import BUILT_IN


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
class OwnMetric:
    """A number that an extension computes from what a trial predicts of its test images."""

    name: str
    higher_is_better: bool
    extension: str  # digest


@dataclass(frozen=True)
class Extension:
    """What one extension brings, and its text."""

    source: Source
    factors: tuple[OwnFactor, ...]
    networks: tuple[OwnNetwork, ...]
    data_sources: tuple[OwnDataSource, ...] = ()
    metrics: tuple[OwnMetric, ...] = ()

    @classmethod
    def of(cls, source: Source, declared: Declared) -> Extension:
        """Return what was declared when `source` was imported, in plain words."""
        digest = source.digest
        return cls(
            source,
            tuple(replace(one, extension=digest) for one in declared.factors.values()),
            tuple(OwnNetwork(one.name, one.reads, digest) for one in declared.networks.values()),
            tuple(OwnDataSource(name, digest) for name in declared.data_sources),
            tuple(OwnMetric(one.name, one.higher_is_better, digest) for one in declared.metrics.values()),
        )

    @property
    def digest(self) -> str:
        return self.source.digest

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON and YAML can hold."""
        metrics = [{"name": one.name, "higher_is_better": one.higher_is_better} for one in self.metrics]
        return {
            "name": self.source.name,
            "typed": self.source.typed,
            "digest": self.digest,
            "factors": [asdict(factor) | {"levels": dict(factor.levels.plain)} for factor in self.factors],
            "networks": [{"name": network.name, "reads": list(network.reads)} for network in self.networks],
            "data_sources": [source.name for source in self.data_sources],
            **({"metrics": metrics} if metrics else {}),
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
            metrics = [OwnMetric(**one, extension=source.digest) for one in content.get("metrics", [])]
            digest = content["digest"]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"expected the declarations of an extension; {error!r:.80}") from error
        if problem := _find_fault(source, factors, networks, content["data_sources"], metrics):
            raise ValueError(f"expected the declarations of an extension; {problem}")
        if digest != source.digest:
            raise ValueError(f"the text of the extension {source.name!r:.80} is not that of its digest")
        return cls(source, tuple(factors), tuple(networks), tuple(sources), tuple(metrics))

    def pack(self) -> str:
        """Return it as letters and digits, for the command line of a job."""
        return base64.b64encode(zlib.compress(json.dumps(self.to_dict()).encode())).decode()

    @classmethod
    def unpack(cls, packed: str) -> Extension:
        """Return what `pack` made."""
        return cls.from_dict(json.loads(zlib.decompress(base64.b64decode(packed))))


def _find_fault(
    source: Source,
    factors: Sequence[OwnFactor],
    networks: Sequence[OwnNetwork],
    data_sources: Sequence[Any],
    metrics: Sequence[OwnMetric],
) -> str:
    """Return what stored declarations say that no extension could declare; '' if nothing."""
    names = [*(one.name for each in (factors, networks, metrics) for one in each), *data_sources]
    words = [source.name, source.typed, *source.files, *source.files.values(), *(one.doc for one in factors)]
    words += [name for one in networks for name in one.reads]
    if not all(isinstance(word, str) for word in words) or not source.name.isidentifier():
        return "a word is none"
    if not all(isinstance(name, str) and NAME.fullmatch(name) for name in names):
        return f"a name is none of small letters, digits and _: {names!r:.100}"
    if taken := [one.name for one in factors if one.name in BUILT_IN]:
        return f"bloodstudy has a key {taken[0]!r}"
    if taken := [one.name for one in metrics if is_taken(one.name)]:
        return f"bloodstudy has a number {taken[0]!r}"
    if not all(isinstance(one.higher_is_better, bool) for one in metrics):
        return "a metric does not say whether higher is better"
    for one in factors:
        levels = [level for level in (one.default, one.neutral) if level is not None]
        if one.hook not in (None, *HOOKS) or not all(map(one.levels.accepts, levels)):
            return f"the factor {one.name!r} has a hook or a level that is none"
        if not isinstance(one.ordered, bool) or (one.ordered and not one.levels.levels):
            return f"the factor {one.name!r} has no levels to be ordered"
    return ""
