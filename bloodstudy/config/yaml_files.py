"""The files of `conf/`: where they lie, in the wheel or the clone and in the working folder, and what stands in them.

In: a file. Out: its content as plain data: mappings, lists and scalars, nothing that runs, refers elsewhere or grows
when it is read. Tags, anchors, interpolations, `_target_` and keys given twice are refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import yaml

from bloodstudy import PACKAGE
from bloodstudy.errors import UserError

MAX_BYTES = 100_000
MAX_DEPTH = 30  # of values within values


def conf_folder() -> Path:
    """Return the folder of the configuration: the wheel's own, or the clone's."""
    inside = PACKAGE / "conf"
    return inside if inside.is_dir() else PACKAGE.parent / "conf"


def search_path() -> list[str]:
    """Return the override that adds the `conf` of the working folder, if there is another one."""
    folder = Path("conf").resolve()
    return [f"hydra.searchpath=['file://{folder}']"] if folder.is_dir() and folder != conf_folder() else []


def judge_own_files(groups: Iterable[str]) -> list[str]:
    """Return a sentence for each file of the working folder that nothing would read, since ours of that name wins."""
    own = Path("conf")
    if own.resolve() == conf_folder():
        return []
    places = [Path(f"{group}/{file.name}") for group in groups for file in (own / group).glob("*.yaml")]
    return [
        f"{own / place}: bloodstudy has a file of that name, which would be read in its place; give it another name"
        for place in [*sorted(places), Path("config.yaml")]
        if (own / place).is_file() and (conf_folder() / place).is_file()
    ]


def named(group: str) -> dict[str, Path]:
    """Return the files of a group by name; one in the working folder wins over ours."""
    folders = (conf_folder() / group, Path("conf", group))
    return {file.stem: file for folder in folders for file in sorted(folder.glob("*.yaml")) if file.is_file()}


class PlainLoader(yaml.CSafeLoader):
    """The safe loader of libyaml, without doubled keys; numbers are decimal, as in YAML 1.2, and dates are text."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in keys:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is given twice", key_node.start_mark)
            keys.add(key if isinstance(key, Hashable) else None)
        return super().construct_mapping(node, deep)


class _Loader(PlainLoader):
    """The loader of what people write: 1e-3 is a number, as OmegaConf reads it and everybody types it."""


_OTHERWISE = ("timestamp", "int", "float")  # of YAML 1.1, which counts 1:30 in sixties and 010 in eights
PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in _OTHERWISE]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)$", re.ASCII)
_FLOAT = re.compile(
    r"(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|[-+]?\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_EXPONENT = re.compile(r"^[-+]?(\d[\d_]*)(\.\d*)?[eE][-+]?\d+$")
PlainLoader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
PlainLoader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789"))


def parse_yaml(content: str | bytes, max_items: int, loader: type[PlainLoader] = PlainLoader) -> Any:
    """Return what a text says; raises ValueError if it is not plain data, of `max_items` parts at most.

    Its parts are counted before any is built: libyaml reads them one by one, and crashes on a text that is nested
    deeply only when it builds them.
    """
    try:
        text = content.decode() if isinstance(content, bytes) else content
        _check_parts(text, max_items)
        return yaml.load(text, loader)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def _check_parts(text: str, max_items: int) -> None:
    depth = items = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        items += isinstance(event, yaml.NodeEvent)
        problem = None
        if isinstance(event, yaml.AliasEvent):
            problem = f"alias *{event.anchor}: write it out"
        elif tag := getattr(event, "tag", None):
            problem = f"tag {tag:.60}: write the value itself"
        elif depth > MAX_DEPTH:
            problem = f"expected at most {MAX_DEPTH} levels, one within the other"
        elif items > max_items:
            problem = f"expected at most {max_items:,} values"
        if problem:
            raise yaml.constructor.ConstructorError(None, None, problem, event.start_mark)


def is_global(path: Path) -> bool:
    """Tell whether a file of a group says that it is about everything, and not about its group alone."""
    return b"@package _global_" in _read(path)


def judge_place(group: str, name: str) -> str | None:
    """Return why the file `name` of a group in the working folder is none, if something of that name lies there."""
    path = Path("conf", group, f"{name}.yaml")
    if path.is_file() or not os.path.lexists(path):
        return None
    return f"{path}: expected a file; it is a folder, a pipe, or a link that leads nowhere"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. Check its permissions") from error


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in `path`; raises UserError naming file and key if it is anything but plain data."""
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"{path} is larger than {MAX_BYTES:,} bytes; a configuration file is a page at most")
    try:
        content = parse_yaml(_read(path), MAX_BYTES, _Loader)
    except ValueError as error:
        raise UserError(f"{path} cannot be read as plain YAML: {error}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected key: value, one a line; received {content!r:.80}")
    problems = [f"{path}: {problem}" for problem in _problems(content, "")]
    if problems:
        raise UserError(*problems)
    return content


def _problems(content: Any, at: str) -> list[str]:
    if isinstance(content, dict):
        problems = []
        for key, value in content.items():
            here = f"{at}.{key}" if at else str(key)
            if not isinstance(key, str):
                problems.append(f"{here}: expected a word as the key; received {key!r}. Put it in quotes")
            elif key.startswith("_"):
                problems.append(f"{here}: keys that begin with an underscore make Hydra run code; they are not allowed")
            problems += _problems(value, here)
        return problems
    if isinstance(content, list):
        return [problem for place, value in enumerate(content) for problem in _problems(value, f"{at}[{place}]")]
    if isinstance(content, str) and "${" in content:
        return [f"{at}: interpolations such as {content!r:.60} are not allowed; write the value itself"]
    return []
