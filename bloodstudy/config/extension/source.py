"""The text of an extension: found by what was typed, known by its digest, imported from memory.

In: a file, a folder or the name of an installed entry point. Out: a `Source`, which travels by content: every process
imports the very text that the command has read, wherever it runs and whatever became of the file since.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from importlib.abc import ExecutionLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from bloodstudy.config.extension.declared import Declared, filling
from bloodstudy.errors import UserError, nearest

GROUP = "bloodstudy.extensions"
MOST = 2**20  # bytes of all its text
_loaded: dict[str, Declared] = {}  # by digest


@dataclass(frozen=True)
class Source:
    """The Python text of an extension: one file, or a package of several."""

    name: str  # of the module
    typed: str  # how it was named
    files: Mapping[str, str]  # text by path inside the package; "" is a file by itself

    @property
    def digest(self) -> str:
        """Sixteen hex digits over all of its text."""
        content = "\0".join(f"{path}\0{text}" for path, text in sorted(self.files.items()))
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def find(typed: str) -> Source:
    """Return the extension that `typed` names; raises UserError if there is none."""
    path = Path(typed).expanduser()
    if path.is_dir():
        return _read_package(path.resolve().name, typed, path)
    if path.is_file():
        return _read_file(typed, path)
    entries = {entry.name: entry for entry in metadata.entry_points(group=GROUP)}
    if typed not in entries:
        installed = f"one of the installed extensions {', '.join(sorted(entries))}" if entries else "an installed one"
        raise UserError(
            f"extend={typed}: expected a Python file, a folder with an __init__.py, or {installed}; received what is "
            f"none of these{nearest(typed, sorted(entries))}"
        )
    top = entries[typed].module.split(".")[0]
    spec = importlib.util.find_spec(top)
    if spec is None or spec.origin is None:
        raise UserError(f"extend={typed}: its package {top!r} cannot be found; install it again")
    origin = Path(spec.origin)
    return _read_package(top, typed, origin.parent) if origin.name == "__init__.py" else _read_file(typed, origin)


def _read_file(typed: str, path: Path) -> Source:
    if path.suffix != ".py":
        raise UserError(f"extend={typed}: expected a Python file, which ends in .py")
    name = re.sub(r"\W", "_", path.stem)
    return Source(name, typed, {"": _read_text(typed, [path])[path]})


def _read_package(name: str, typed: str, folder: Path) -> Source:
    if not (folder / "__init__.py").is_file():
        raise UserError(f"extend={typed}: expected a folder with an __init__.py, which declares what it brings")
    if not name.isidentifier():
        raise UserError(f"extend={typed}: expected a folder that Python can import; {name!r} is no such name")
    paths = sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    texts = _read_text(typed, paths)
    return Source(name, typed, {path.relative_to(folder).as_posix(): text for path, text in texts.items()})


def _read_text(typed: str, paths: list[Path]) -> dict[Path, str]:
    if (size := sum(path.stat().st_size for path in paths)) > MOST:
        raise UserError(f"extend={typed}: expected at most {MOST:,} bytes of Python text; received {size:,}")
    try:
        return {path: path.read_text(encoding="utf-8") for path in paths}
    except UnicodeDecodeError as error:
        raise UserError(f"extend={typed}: expected text in UTF-8; {error.reason}") from error


def load(source: Source) -> Declared:
    """Import an extension, if that was not done yet, and return what it declares; raises whatever it raises."""
    if source.digest not in _loaded:
        declared = Declared()
        token = filling.set(declared)
        try:
            _import(source)
        finally:
            filling.reset(token)
        _loaded[source.digest] = declared
    return _loaded[source.digest]


def forget_loaded() -> None:
    """Let every extension be imported anew: what its modules hold shall not go from one trial to the next."""
    _loaded.clear()
    for finder in [finder for finder in sys.meta_path if isinstance(finder, _FromMemory)]:
        finder.leave()


def allow_installed_alone() -> None:
    """Leave on the path of this process, for good, Python itself and folders of installed packages.

    What lies elsewhere, in the working folder or a folder of PYTHONPATH, is no part of an extension's digest: it could
    be edited between two trials, and nothing would tell.
    """
    sys.path[:] = [entry for entry in sys.path if _holds_installed(Path(entry))]


def _holds_installed(folder: Path) -> bool:
    if folder.suffix == ".zip" or folder.is_relative_to(sysconfig.get_path("stdlib")):
        return folder.is_absolute()
    named = folder.name in ("site-packages", "dist-packages")
    return folder.is_absolute() and (named or next(folder.glob("*.dist-info"), None) is not None)


@contextmanager
def silence() -> Iterator[Callable[[], str]]:
    """Keep from standard output what is printed in the block, by native code too; after it, its first line is known."""
    lines: list[str] = []
    sys.stdout.flush()
    ours = os.dup(1)
    with tempfile.TemporaryFile() as elsewhere:
        os.dup2(elsewhere.fileno(), 1)
        try:
            yield lambda: lines[0][:100] if lines else ""
        finally:
            sys.stdout.flush()
            os.dup2(ours, 1)
            os.close(ours)
            elsewhere.seek(0)
            lines += elsewhere.read(1000).decode(errors="replace").strip().splitlines()


def _import(source: Source) -> None:
    """Import the text of `source`, and whatever of its modules it asks for, then or later."""
    # A file by itself is no module that others import; a package imports its own modules by its name.
    name = f"_extension_{source.name}_{source.digest}" if "" in source.files else source.name
    if name in sys.modules or name in sys.stdlib_module_names:
        raise ValueError(f"there is a package {name!r} already; expected a folder of another name")
    finder = _FromMemory(name, source)
    sys.meta_path.insert(0, finder)
    try:
        importlib.import_module(name)
    except BaseException:
        finder.leave()
        raise


class _FromMemory(MetaPathFinder, ExecutionLoader):
    """Finds and loads the modules of one extension from its text."""

    def __init__(self, name: str, source: Source) -> None:
        self._name, self._source = name, source
        self._modules: dict[str, str] = {}  # path by module
        for path in source.files:
            parts = [name, *Path(path).with_suffix("").parts] if path else [name]
            self._modules[".".join(parts).removesuffix(".__init__")] = path

    def leave(self) -> None:
        """Forget the modules, and find them no more."""
        sys.meta_path.remove(self)
        for known in [known for known in sys.modules if known == self._name or known.startswith(f"{self._name}.")]:
            del sys.modules[known]

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname not in self._modules:
            return None
        return importlib.util.spec_from_loader(fullname, self, is_package=self.is_package(fullname))

    def is_package(self, fullname: str) -> bool:
        return Path(self._modules[fullname]).name == "__init__.py"

    def get_source(self, fullname: str) -> str:
        return self._source.files[self._modules[fullname]]

    def get_filename(self, fullname: str) -> str:
        return f"<extension {self._source.name}>/{self._modules[fullname] or self._source.name + '.py'}"
