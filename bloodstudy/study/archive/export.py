"""A study, written into one archive.

In: the plan and the trials that have a result. Out: a zip archive with a SHA-256 of each member. The same trials give
the same bytes, and no folder, user or host of this machine is named in them.
"""

# pyarrow has no types of its own.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pyarrow as pa

from bloodstudy import PACKAGE, __version__, files
from bloodstudy.errors import UserError
from bloodstudy.study.archive import codec, schema
from bloodstudy.study.history import parse_history
from bloodstudy.study.plan import Plan
from bloodstudy.study.redact import find_folder, make_portable
from bloodstudy.study.run_folder import RETRAIN, StudyFolder, StudyLocation, read_plan, read_result, readable
from bloodstudy.study.said import dump, read_said
from bloodstudy.study.seal import seal
from bloodstudy.study.trial_files import read_predictions

NOTED = "Package of these trials: "
EPOCH = (1980, 1, 1, 0, 0, 0)  # the time of every member: the same trials give the same bytes


def write_package(stored: StudyLocation, path: Path) -> tuple[int, int]:
    """Write the package of a study to `path`; return how many trials are in it, and how many are planned."""
    folder = StudyFolder(stored.folder)
    plan = Plan.from_dict(_portable(read_plan(stored.runs_dir, stored.study).to_dict(), folder.plan))
    results = {
        key: _portable(replace(result, files={}).to_dict(), folder.trial(key).result)  # restoring makes them anew
        for key in plan.keys
        if (result := read_result(stored.runs_dir, stored.study, key)) is not None
    }
    if not results:
        raise UserError(f"no trial of the study {stored.study} has a result yet: there is nothing to package")
    listed: dict[str, dict[str, Any]] = {}
    with files.published(path) as beside, zipfile.ZipFile(beside, "w") as archive:
        for name, content in _members(folder, plan, results):
            if name not in listed:  # columns are shared
                _add(archive, name, content)
                listed[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        about = {"format": schema.FORMAT, "bloodstudy": __version__, "study": stored.study, "members": listed}
        _add(archive, "manifest.json", _to_json(about))
    return len(results), len(plan.keys)


def note_package(path: Path) -> None:
    """Write the SHA-256 of the package at `path` into the cost.md beside it, if there are both."""
    page = path.with_name("cost.md")
    if path.is_file() and page.is_file():
        lines = [line for line in page.read_text(encoding="utf-8").splitlines() if not line.startswith(NOTED)]
        text = "\n".join(lines).rstrip("\n")
        files.write_text(page, f"{text}\n\n{NOTED}`{path.name}`, SHA-256 `{files.hash_file(path)}`.\n")


def _members(study: StudyFolder, plan: Plan, results: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each member but the manifest."""
    yield "plan.yaml", plan.dump().encode()
    yield "requirements.lock", _requirements().encode()
    if said := read_said(study.path):
        yield "looks.json", dump(said).encode()
    for key in sorted(results):
        trial = study.trial(key)
        yield f"trials/{key}/result.json", _to_json(seal(results[key]))
        for path, check in (
            (trial.config, schema.check_configuration),
            (trial.history, parse_history),
            (trial.attempts, schema.check_attempts),
        ):
            if path.exists():
                with readable(path, RETRAIN):
                    content = path.read_bytes()
                    check(content)
                yield f"trials/{key}/{path.name}", content
        if (table := read_predictions(trial)) is not None:
            packed = _pack(trial.predictions, table)
            for digest, column in packed.columns.items():
                yield f"columns/{digest}.json", column
            yield f"trials/{key}/predictions.bin", packed.table


def _portable(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return a plan or result without the folders of this machine."""
    content = make_portable(content)
    if (named := find_folder(content)) is not None:
        raise UserError(
            f"{path} names a folder of this machine, {named!r}, where it cannot be left out: a package must not. Run "
            "the sweep with relative paths"
        )
    return content


def _pack(path: Path, table: pa.Table) -> codec.Packed:
    try:
        packed = codec.pack(table)
    except ValueError as error:
        again = RETRAIN.format(folder=path.parent)
        raise UserError(f"{path} cannot be packaged: {error}. {again}") from error
    for name in table.column_names:
        if not name.startswith(codec.PREFIX):
            for value in table[name].unique().to_pylist():
                if value and (value[0] in "/\\" or value[1:3] == ":\\"):
                    raise UserError(
                        f"{path} names a folder of this machine in column {name!r}, {value!r}: a package must not"
                    )
    return packed


def _requirements() -> str:
    """Return what to install: the clone's lock, otherwise the versions that are installed here."""
    lock = PACKAGE.parent / "requirements.lock"
    if lock.exists():
        return lock.read_text(encoding="utf-8")
    installed = {f"{package.name}=={package.version}" for package in distributions() if package.name}
    return "".join(f"{line}\n" for line in sorted(installed, key=str.lower))


def _to_json(content: Any) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    if len(content) > (most := schema.max_bytes(name)):
        raise UserError(f"{name} would have {len(content):,} bytes; a package takes at most {most:,}")
    member = zipfile.ZipInfo(name, EPOCH)
    member.compress_type, member.create_system, member.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
    archive.writestr(member, content, compresslevel=9)
