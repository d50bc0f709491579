"""The files of `conf/`: where they lie, in the wheel or the clone and in the working folder, and what stands in them.

In: a file. Out: its content as plain data: mappings, lists and scalars, nothing that runs, refers elsewhere or grows
when it is read. Tags, anchors, interpolations, `_target_` and keys given twice are refused.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from bloodstudy import PACKAGE
from bloodstudy.errors import UserError

MAX_BYTES = 100_000


def conf_folder() -> Path:
    """Return the folder of the configuration: the wheel's own, or the clone's."""
    inside = PACKAGE / "conf"
    return inside if inside.is_dir() else PACKAGE.parent / "conf"


def search_path() -> list[str]:
    """Return the override that adds the `conf` of the working folder, if there is another one."""
    folder = Path("conf").resolve()
    return [f"hydra.searchpath=['file://{folder}']"] if folder.is_dir() and folder != conf_folder() else []


def named(group: str) -> dict[str, Path]:
    """Return the files of a group by name; one in the working folder wins over ours."""
    folders = (conf_folder() / group, Path("conf", group))
    return {file.stem: file for folder in folders for file in sorted(folder.glob("*.yaml"))}


class UnanchoredLoader(yaml.SafeLoader):
    """The safe loader without anchors, which let a short text stand for an endless one."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            message = f"alias *{event.anchor}: write it out"
            raise yaml.constructor.ConstructorError(None, None, message, event.start_mark)
        return super().compose_node(parent, index)


class _Loader(UnanchoredLoader):
    """The loader of what people write: without doubled keys, and with 1e-3 as a number."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in keys:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is given twice", key_node.start_mark)
            keys.add(key if isinstance(key, Hashable) else None)
        return super().construct_mapping(node, deep)


# As OmegaConf reads them, and as everybody types them; YAML 1.1 would call it a string.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_EXPONENT = re.compile(r"^[-+]?(\d[\d_]*)(\.\d*)?[eE][-+]?\d+$")
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789"))


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in `path`; raises UserError naming file and key if it is anything but plain data."""
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"{path} is larger than {MAX_BYTES:,} bytes; a configuration file is a page at most")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as plain YAML: {' '.join(str(error).split())}") from error
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
