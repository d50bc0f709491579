"""python -m bloodstudy.package: put a study into one file, and back.

In: the plan and the trials that have a result. Out: a zip archive from which anyone rebuilds the report without
training: results, histories, every prediction, and a SHA-256 of each. With restore=FILE the other way round. The same
trials give the same bytes, and no folder, user or host of this machine is named in them.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bloodstudy import __version__, analysis, config, files, packing, terminal
from bloodstudy.contents import FORMAT
from bloodstudy.errors import MachineError, UserError
from bloodstudy.merging import list_keys
from bloodstudy.restoring import Restored, dump_plan, restore
from bloodstudy.rules import Rule
from bloodstudy.stored import Stored, find_study, read_keys

__all__ = ["Restored", "package", "restore", "write_package"]

USAGE = """\
python -m bloodstudy.package [study=NAME] [to=FILE] [restore=FILE] [runs_dir=FOLDER] [reports_dir=FOLDER]

Puts a study into one archive with which anyone rebuilds its report without training: the plan, and of each trial that
has a result its configuration, history, predictions and result. Defaults: the study planned last,
to=<reports_dir>/<study>/<study>.zip, runs_dir=runs, reports_dir=reports

  restore=FILE   the other way round: check an archive and put its trials into <runs_dir>/<study>. Trials that have a
                 result there are kept; packages of one plan with different seeds add up"""

_FILE = Rule("a file", lambda value: value.strip() != "")
KEYS = {"to": _FILE, "restore": _FILE}
AS_THEY_ARE = ("config.yaml", "history.csv", "attempts.json")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the time of every member: the same trials give the same bytes


def package(arguments: list[str]) -> int:
    """Write or restore a package; return 0. Raises UserError for what cannot be packaged or restored."""
    if {"-h", "--help"} & set(arguments):
        terminal.say(USAGE)
        return 0
    typed = read_keys(arguments, USAGE, KEYS)
    if "restore" in typed:
        if "to" in typed:
            raise UserError("restore= reads a package and to= writes one: give one of them")
        return _restore(typed)
    stored = find_study(typed)
    path = Path(typed.get("to") or Path(stored.places.reports_dir, stored.study, f"{stored.study}.zip"))
    if path.is_dir():
        raise UserError(f"to={path}: expected a file; received a folder")
    packed, planned = write_package(stored, path)
    terminal.say(f"{path}: {packed} of {planned} planned trials, {terminal.amount(path.stat().st_size)}")
    terminal.say(f"  python -m bloodstudy.package restore={path.name}   puts them back, anywhere")
    return 0


def write_package(stored: Stored, path: Path) -> tuple[int, int]:
    """Write the package of a study to `path`; return how many trials are in it, and how many are planned."""
    plan = _portable(analysis.read_plan(stored.runs_dir, stored.study), stored.folder / "plan.yaml")
    keys = list_keys(plan)
    results = {
        key: _portable(result, stored.folder / key / "result.json")
        for key in keys
        if (result := analysis.read_result(stored.runs_dir, stored.study, key)) is not None
    }
    if not results:
        raise UserError(f"no trial of the study {stored.study} has a result yet: there is nothing to package")
    listed: dict[str, dict[str, Any]] = {}
    with files.published(path) as beside, zipfile.ZipFile(beside, "w") as archive:
        for name, content in _members(stored, plan, results):
            if name not in listed:  # columns are shared
                _add(archive, name, content)
                listed[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        about = {"format": FORMAT, "bloodstudy": __version__, "study": stored.study, "members": listed}
        _add(archive, "manifest.json", _to_json(about))
    return len(results), len(keys)


def _members(stored: Stored, plan: dict[str, Any], results: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each member but the manifest."""
    yield "plan.yaml", dump_plan(plan).encode()
    yield "requirements.lock", _requirements().encode()
    for key in sorted(results):
        folder = stored.folder / key
        yield f"trials/{key}/result.json", _to_json(results[key])
        for name in AS_THEY_ARE:
            if (folder / name).exists():
                yield f"trials/{key}/{name}", (folder / name).read_bytes()
        if (folder / "predictions.parquet").exists():
            packed = _pack(folder / "predictions.parquet")
            for digest, column in packed.columns.items():
                yield f"columns/{digest}.json", column
            yield f"trials/{key}/predictions.bin", packed.table


def _portable(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return a plan or result without the folders of this machine."""
    content = analysis.make_portable(content)
    if (named := analysis.find_folder(content)) is not None:
        raise UserError(
            f"{path} names a folder of this machine, {named!r}, where it cannot be left out: a package must not. Run "
            "the sweep with relative paths"
        )
    return content


def _pack(path: Path) -> packing.Packed:
    table = pq.ParquetFile(path).read()
    try:
        packed = packing.pack(table)
    except ValueError as error:
        raise UserError(f"{path} cannot be packaged: {error}") from error
    for name in table.column_names:
        if not name.startswith(packing.PREFIX):
            for value in table[name].unique().to_pylist():
                if value and (value[0] in "/\\" or value[1:3] == ":\\"):
                    raise UserError(
                        f"{path} names a folder of this machine in column {name!r}, {value!r}: a package must not"
                    )
    return packed


def _requirements() -> str:
    """Return what to install: the clone's lock, otherwise the versions that are installed here."""
    lock = Path(__file__).resolve().parent.parent / "requirements.lock"
    if lock.exists():
        return lock.read_text(encoding="utf-8")
    installed = {f"{found.name}=={found.version}" for found in distributions() if found.name}
    return "".join(f"{line}\n" for line in sorted(installed, key=str.lower))


def _to_json(content: Any) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, EPOCH)
    member.compress_type, member.create_system, member.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
    archive.writestr(member, content, compresslevel=9)


def _restore(typed: dict[str, str]) -> int:
    restored = restore(
        Path(typed["restore"]), Path(typed.get("runs_dir", config.Places().runs_dir)), typed.get("study")
    )
    terminal.say(restored.told)
    _log(restored)
    return 0


def _log(restored: Restored) -> None:
    """Log what was restored to MLflow, where its store can be opened."""
    from bloodstudy import tracking

    try:
        logged = tracking.catch_up(tracking.open_store(restored.study), restored.folder)
    except MachineError as error:
        terminal.say(f"warning: {error}. The trials are restored; they are logged with the next command that trains.")
        return
    terminal.say(f"logged to MLflow: {logged} of the study's trials")


if __name__ == "__main__":
    sys.exit(terminal.run_command(package))
