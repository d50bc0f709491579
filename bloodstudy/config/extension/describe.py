"""An extension imported in a process of its own, which says in plain words what it declares.

In: a `Source`. Out: an `Extension`, or one message under the extension's name if it raises, prints or hangs. The
command itself imports nothing of it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, NamedTuple

from bloodstudy.config.extension.declared import DataSource, Declared
from bloodstudy.config.extension.extension import Extension
from bloodstudy.config.extension.source import Source, allow_installed_alone, load, silence
from bloodstudy.errors import UserError, summarise

LOGGED = re.compile(r"WARNING: All log messages|[IWEF]\d{4} \d|\d{4}-\d\d-\d\d \d\d:")  # TensorFlow's own, on import
LONGEST_S = 30
LONGEST_LISTING_S = 300


class Row(NamedTuple):
    """An image, as a data source lists it."""

    path: str
    label: str
    side: str | None
    photograph: str | None


def describe(source: Source) -> Extension:
    """Return what `source` declares; raises UserError if it cannot be imported, prints, or takes too long."""
    return Extension.from_dict(_ask(source, LONGEST_S, "import it"))


def list_images(source: Source, name: str, root: Path) -> list[Row]:
    """Return the images that the data source `name` lists; raises UserError if it fails, or says what is no image."""
    answer = _ask(source, LONGEST_LISTING_S, f"list the images of data={name}", {"name": name, "root": str(root)})
    return [Row(*row) for row in answer["rows"]]


def _ask(source: Source, longest_s: int, what: str, listed: dict[str, str] | None = None) -> dict[str, Any]:
    told = {"name": source.name, "typed": source.typed, "files": dict(source.files), "listed": listed}
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "bloodstudy.config.extension.describe"],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            env=environment,
            timeout=longest_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"extend={source.typed}: it took longer than {longest_s} s to {what}; expected declarations alone, and "
            "work in the functions that they name"
        ) from error
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise UserError(
            f"extend={source.typed}: the process that should {what} ended with exit code {done.returncode}: "
            f"{_last_words(done.stderr)}"
        ) from error
    if "problem" in answer:
        raise UserError(f"extend={source.typed}: {answer['problem']}")
    return answer


def _last_words(stderr: str) -> str:
    """Return the end of what a process wrote, without what native libraries log of themselves."""
    lines = [line for line in stderr.splitlines() if line.strip() and not LOGGED.match(line)]
    return "\n".join(lines)[-300:] or "it said nothing"


def _answer(told: dict[str, Any]) -> dict[str, Any]:
    source = Source(told["name"], told["typed"], told["files"])
    try:
        declared = load(source)
    except BaseException as error:
        return {"problem": _explain(error, source)}
    if told["listed"]:
        return _list(declared.data_sources[told["listed"]["name"]], told["listed"]["root"])
    if declared == Declared():
        calls = "bs.factor(...), @bs.network(...), @bs.data_source(...) or @bs.metric(...)"
        return {"problem": f"it declares nothing; expected {calls}"}
    return Extension.of(source, declared).to_dict()


def _list(data: DataSource, root: str) -> dict[str, Any]:
    rows: list[Row] = []
    try:
        listed = list(data.list(root))
        if listed != list(data.list(root)):
            problem = "listed twice, it gives two lists; expected the same images in the same order each time"
            return {"problem": f"data={data.name}: {problem}"}
        for row in listed:
            words = tuple(row) if isinstance(row, tuple | list) else ()
            if len(words) != 4 or not isinstance(words[0], str | Path) or not (isinstance(words[1], str) and words[1]):
                return {"problem": f"data={data.name}: expected (path, label, side, photograph); received {row!r:.100}"}
            if words[2] not in (None, "train", "test") or not isinstance(words[3], str | None):
                problem = "expected train, test or None as side, and a name or None as photograph"
                return {"problem": f"data={data.name}: {problem}; received {row!r:.100}"}
            rows.append(Row(str(words[0]), *words[1:]))
    except Exception as error:
        return {"problem": f"data={data.name} could not be listed: {summarise(error)}"}
    return {"rows": rows} if rows else {"problem": f"data={data.name} lists no image in {root}"}


def _explain(error: BaseException, source: Source) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if source.name in frame.filename]
    where = f" (line {lines[-1]})" if lines else ""
    if isinstance(error, SyntaxError):
        where = f" (line {error.lineno})"
    hint = ""
    if isinstance(error, ModuleNotFoundError):
        hint = (
            ". A file by itself imports installed packages alone, and none of PYTHONPATH; if it needs neighbours, name "
            "their folder"
        )
    return f"it could not be imported: {summarise(error)}{where}{hint}"


def main() -> None:
    """Read a source from standard input, write what it declares to standard output."""
    told = json.loads(sys.stdin.read())
    allow_installed_alone()
    with silence() as heard:
        answer = _answer(told)
    if (printed := heard()) and "problem" not in answer:
        answer = {"problem": f"it printed {printed!r} when it was imported; expected silence"}
    os.write(1, json.dumps(answer).encode())
    os._exit(0)  # threads that it may have left do not hold the command up


if __name__ == "__main__":
    main()
