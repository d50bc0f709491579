"""The text of an extension: found by what was typed, known by its digest, imported from memory.

In: a file, a folder or the name of an installed entry point. Out: a `Source`, which travels by content: every process
imports the very text that the command has read, wherever it runs and whatever became of the file since.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType

from bloodstudy.errors import UserError, nearest
from bloodstudy.extension.declare import Declared, filling

GROUP = "bloodstudy.extensions"
MOST = 2**20  # bytes of all its text
_loaded: dict[str, Declared] = {}  # by digest: an extension is imported once a process


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
    """Import an extension, once a process, and return what it declares; raises whatever it raises."""
    if source.digest not in _loaded:
        declared = Declared()
        token = filling.set(declared)
        try:
            _import(source)
        finally:
            filling.reset(token)
        _loaded[source.digest] = declared
    return _loaded[source.digest]


def _import(source: Source) -> ModuleType:
    """Import the text of `source` from a folder that is gone afterwards."""
    single = "" in source.files
    # A file by itself is no module that others import; a package imports its own modules by its name.
    name = f"_extension_{source.name}_{source.digest}" if single else source.name
    if not single and name in sys.modules:
        raise ValueError(f"a package {name!r} is imported already; expected a folder of another name")
    with tempfile.TemporaryDirectory() as place:
        for path, text in source.files.items():
            file = Path(place, source.name, path or f"{source.name}.py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        first = Path(place, source.name, f"{source.name}.py" if single else "__init__.py")
        inside = None if single else [str(first.parent)]
        spec = importlib.util.spec_from_file_location(name, first, submodule_search_locations=inside)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            with _installed_alone():
                spec.loader.exec_module(module)
                for path in source.files:  # now, while the folder is there
                    if not single and path != "__init__.py":
                        importlib.import_module(
                            ".".join([name, *Path(path).with_suffix("").parts]).removesuffix(".__init__")
                        )
        except BaseException:
            for known in [known for known in sys.modules if known == name or known.startswith(f"{name}.")]:
                del sys.modules[known]
            raise
    return module


@contextmanager
def _installed_alone() -> Iterator[None]:
    """Let only installed packages be imported: what lies in the working folder is no part of the digest."""
    kept = list(sys.path)
    here = {"", ".", str(Path.cwd())}
    sys.path[:] = [entry for entry in kept if entry not in here]
    try:
        yield
    finally:
        sys.path[:] = kept
