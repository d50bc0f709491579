"""An extension imported in a process of its own, which says in plain words what it declares.

In: a `Source`. Out: an `Extension`, or one message under the extension's name if it raises, prints or hangs. The
command itself imports nothing of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import traceback
from typing import Any

from bloodstudy.errors import UserError, summarise
from bloodstudy.extension.known import Extension, OwnNetwork
from bloodstudy.extension.source import Source, load

LONGEST_S = 30


def describe(source: Source) -> Extension:
    """Return what `source` declares; raises UserError if it cannot be imported, prints, or takes too long."""
    told = {"name": source.name, "typed": source.typed, "files": dict(source.files)}
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "bloodstudy.extension.describe"],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            env=environment,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"extend={source.typed}: it took longer than {LONGEST_S} s to import; expected declarations alone, and "
            "work in the functions that they name"
        ) from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise UserError(
            f"extend={source.typed}: the process that imported it ended with exit code {done.returncode}: "
            f"{done.stderr.strip()[-300:]}"
        ) from error
    if "problem" in answer:
        raise UserError(f"extend={source.typed}: {answer['problem']}")
    return Extension.from_dict(answer)


def _answer(told: dict[str, Any]) -> dict[str, Any]:
    source = Source(told["name"], told["typed"], told["files"])
    try:
        declared = load(source)
    except BaseException as error:
        return {"problem": _explain(error, source)}
    if not declared.factors and not declared.networks:
        return {"problem": "it declares nothing; expected bs.factor(...) or @bs.network(...)"}
    networks = [OwnNetwork(one.name, one.reads, "") for one in declared.networks.values()]
    return Extension(source, tuple(declared.factors.values()), tuple(networks)).to_dict()


def _explain(error: BaseException, source: Source) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if source.name in frame.filename]
    where = f" (line {lines[-1]})" if lines else ""
    if isinstance(error, SyntaxError):
        where = f" (line {error.lineno})"
    hint = ""
    if isinstance(error, ModuleNotFoundError):
        hint = ". A file by itself imports installed packages alone; if it needs neighbours, name their folder"
    return f"it could not be imported: {summarise(error)}{where}{hint}"


def main() -> None:
    """Read a source from standard input, write what it declares to standard output."""
    told = json.loads(sys.stdin.read())
    ours = os.dup(1)
    with tempfile.TemporaryFile() as elsewhere:
        os.dup2(elsewhere.fileno(), 1)  # what native code prints too
        answer = _answer(told)
        sys.stdout.flush()
        elsewhere.seek(0)
        printed = elsewhere.read(1000).decode(errors="replace").strip()
    if printed and "problem" not in answer:
        answer = {"problem": f"it printed {printed.splitlines()[0][:100]!r} when it was imported; expected silence"}
    os.write(ours, json.dumps(answer).encode())
    os._exit(0)  # threads that it may have left do not hold the command up


if __name__ == "__main__":
    main()
