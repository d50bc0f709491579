"""What a study says of itself, without the folders of the machine that it was run on.

In: text that people or libraries wrote (a command, a reason, a note). Out: the same with each absolute path cut down to
its last name, since reports and packages are for others to read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bloodstudy.study.record import is_list, is_mapping

_NAME = r"""[^\s/\\'"<>|:;,()=]+(?: [^\s/\\'"<>|:;,()=]+)*"""  # of a folder; blanks inside it
_POSIX = rf"(?<![\w.~<)\]])/+(?:{_NAME}/+)*(?=[^\s/])"
_WINDOWS = rf"(?:\b[A-Za-z]:[/\\]+|\\\\)(?:{_NAME}[/\\]+)*(?=[^\s/\\])"
_FOLDERS = re.compile(f"{_WINDOWS}|{_POSIX}")
FREE_TEXTS = ("reason", "traceback", "notes", "command")  # fields of plans and results that may name folders


def hide_folders(text: str) -> str:
    """Return `text` with /home/jane/images written as images; a path without its folders stays as it is."""
    home = str(Path.home())
    if len(home) > 1:  # its last name is that of the person
        text = re.sub(re.escape(home) + r"(?![\w/\\-])", "~", text)
    return _FOLDERS.sub("", text)


def make_portable(content: Any) -> Any:
    """Return a plan or result, nested containers of plain values, with the folders hidden in its free texts."""

    if is_mapping(content):
        return {name: _hide(part) if name in FREE_TEXTS else make_portable(part) for name, part in content.items()}
    return _map(make_portable, content)


def _hide(text: Any) -> Any:
    """Return a text, or a list of texts, without folders."""
    return hide_folders(text) if isinstance(text, str) else _map(_hide, text)


def _map(change: Callable[[Any], Any], content: Any) -> Any:
    return list(map(change, content)) if is_list(content) else content


def find_folder(content: Any) -> str | None:
    """Return a text of nested containers that names an absolute path, or None if there is none."""
    if isinstance(content, str):
        return content if hide_folders(content) != content else None
    parts = [*content, *content.values()] if is_mapping(content) else content if is_list(content) else []
    return next((text for part in parts if (text := find_folder(part)) is not None), None)
