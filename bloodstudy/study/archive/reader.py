"""A package, opened warily: an archive that anyone may have made.

In: a file. Out: a `Package`, of which names, kinds and sizes of the members are checked when it is opened, their hashes
whenever one is read, and all that they say by `check`. UserError names the member at fault.
"""

# pyarrow has no types of its own.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import hashlib
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from bloodstudy.errors import UserError
from bloodstudy.study.archive import codec, schema
from bloodstudy.study.history import parse_history
from bloodstudy.study.plan import Plan
from bloodstudy.study.predictions import check_columns, check_values
from bloodstudy.study.result import Result
from bloodstudy.study.said import Said, parse

MAX_BYTES = 2_000_000_000  # of what comes out of an archive
MAX_COLUMN_BYTES = 256_000_000  # of its columns, which are kept while it is open
MAX_GROWTH, FREE_BYTES = 50, 64_000_000  # how many times its own size may come out of it, beside some that are free
MAX_MEMBERS = 50_000


@dataclass(frozen=True)
class Package:
    """An open archive whose members have allowed names, kinds and sizes; `check` is called before anything else."""

    path: Path
    archive: zipfile.ZipFile
    manifest: schema.Manifest
    columns: dict[str, bytes] = field(default_factory=dict[str, bytes])  # of text, by digest

    @property
    def keys(self) -> list[str]:
        """The keys of its trials."""
        return sorted({name.split("/")[1] for name in self.manifest.members if name.startswith("trials/")})

    def read(self, name: str) -> bytes:
        """Return the content of a member; raises UserError if it is not what the manifest says."""
        content, member = _read_member(self.path, self.archive, name), self.manifest.members[name]
        if len(content) != member.bytes or hashlib.sha256(content).hexdigest() != member.sha256:
            raise _refuse(self.path, f"{name} is not what the manifest says: it was damaged or changed")
        return content

    def read_table(self, key: str) -> pa.Table:
        """Return the predictions of a trial."""
        return codec.unpack(self.read(f"trials/{key}/predictions.bin"), self.columns)

    def read_result(self, key: str) -> Result:
        """Return the result of a trial."""
        return schema.read_result(self.read(f"trials/{key}/result.json"))

    def read_said(self) -> tuple[Said, ...]:
        """Return what the looks of its study have said, as far as it was kept."""
        return parse(self.read("looks.json")) if "looks.json" in self.manifest.members else ()

    def check(self) -> Plan:
        """Read everything there is; return the plan. Raises UserError at the first thing that cannot be."""
        plan = self._parse("plan.yaml", partial(schema.read_plan, study=self.manifest.study))
        planned = set(plan.keys)
        for key in self.keys:
            if key not in planned:
                raise _refuse(self.path, f"trials/{key} is not in its plan")
            for name in self.of_trial(key):
                self._parse(f"trials/{key}/{name}", partial(self._check, name, key))
        columns = {name for name in self.manifest.members if name.startswith("columns/")}
        if unused := columns - set(map(_name_column, self.columns)):
            raise _refuse(self.path, f"{min(unused)} belongs to no trial")
        self._parse("requirements.lock", bytes.decode)
        if "looks.json" in self.manifest.members:
            self._parse("looks.json", parse)
        return plan

    def of_trial(self, key: str) -> list[str]:
        """Return the files of a trial, its result at the end."""
        there = {name for name in schema.OF_TRIAL if f"trials/{key}/{name}" in self.manifest.members}
        return [name for name in schema.OF_TRIAL if name in there or name == "result.json"]

    def _check(self, name: str, key: str, content: bytes) -> None:
        match name:
            case "result.json":
                schema.check_result(content, key, self.manifest.study)
            case "config.yaml":
                schema.check_configuration(content)
            case "history.csv":
                parse_history(content)
            case "attempts.json":
                schema.check_attempts(content)
            case _:
                self._read_columns(codec.read_header(content))
                table = codec.unpack(content, self.columns)
                check_columns(table.schema, table.num_rows)
                check_values(table)

    def _read_columns(self, header: codec.Header) -> None:
        """Read the columns that the predictions of a trial name, and no others."""
        for digest in header.text.values():
            name = _name_column(digest)
            if digest not in self.columns and name in self.manifest.members:
                if self.manifest.members[name].sha256 != digest:
                    raise ValueError(f"{name} has another hash than its name says")
                self.columns[digest] = self.read(name)

    def _parse(self, name: str, check: Callable[[bytes], Any]) -> Any:
        if name not in self.manifest.members:
            raise _refuse(self.path, f"{name} is missing")
        content = self.read(name)
        try:
            return check(content)
        except schema.DAMAGE as error:
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise _refuse(self.path, f"{name} cannot be used: {reason}") from error


@contextmanager
def open_package(path: Path) -> Generator[Package]:
    """Open the archive at `path` and check what stands in its table of contents."""
    if not path.is_file():
        raise UserError(f"restore={path}: expected a package of python -m bloodstudy.package; there is no such file")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise _refuse(path, f"it is no archive, or cut off ({error})") from error
    with archive:
        names = _check_members(path, archive)
        try:
            content = _read_member(path, archive, "manifest.json") if "manifest.json" in names else b"null"
            manifest = schema.read_manifest(content)
        except schema.DAMAGE as error:
            raise _refuse(path, f"manifest.json cannot be used: {error}") from error
        if differing := sorted(set(manifest.members) ^ (names - {"manifest.json"})):
            raise _refuse(path, f"{differing[0]!r} stands in the archive or in its manifest, but not in both")
        yield Package(path, archive, manifest)


def _check_members(path: Path, archive: zipfile.ZipFile) -> set[str]:
    """Return the names of the members; raises UserError for the first that is not as `write_package` makes it."""
    members, names = archive.infolist(), set[str]()
    if len(members) > MAX_MEMBERS:
        raise _refuse(path, f"it holds {len(members):,} files; expected at most {MAX_MEMBERS:,}")
    for member in members:
        name = member.orig_filename  # as it stands there: `filename` is cleaned
        if not schema.NAMES.fullmatch(name):
            raise _refuse(path, f"it holds {name!r}, which is no name of a package")
        if name in names:
            raise _refuse(path, f"it holds {name} twice")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG) or member.external_attr & 0x10:
            raise _refuse(path, f"{name} is a link or a folder; expected plain files")
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refuse(path, f"{name} is encrypted, or compressed in another way than zip's own")
        if member.file_size > (most := schema.max_bytes(name)):
            raise _refuse(path, f"{name} says that it has {member.file_size:,} bytes; expected at most {most:,}")
        names.add(name)
    columns = sum(member.file_size for member in members if member.orig_filename.startswith("columns/"))
    if columns > MAX_COLUMN_BYTES:
        raise _refuse(path, f"its columns say that they have {columns:,} bytes; expected at most {MAX_COLUMN_BYTES:,}")
    total, most = sum(member.file_size for member in members), FREE_BYTES + MAX_GROWTH * path.stat().st_size
    if total > (most := min(most, MAX_BYTES)):
        raise _refuse(path, f"its members say that they have {total:,} bytes; expected at most {most:,}")
    return names


def _name_column(digest: str) -> str:
    return f"columns/{digest}.json"


def _read_member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as stream:  # reads no more than what was said of it
            return stream.read(schema.max_bytes(name) + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, struct.error) as error:
        raise _refuse(path, f"{name} is damaged ({error})") from error


def _refuse(path: Path, problem: str) -> UserError:
    return UserError(f"{path}: {problem}. Nothing was restored")
