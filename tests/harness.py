"""How tests type commands: in this process, or in a process of their own as people do.

In: a folder and the words typed. Out: the exit code and what was printed. A process of its own is for what only it can
show: kills, signals, imports, and the way through the shell; everything else is called, so that one training process
serves all tests of a pytest process.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NoReturn, TypeVar
from unittest import mock

import numpy as np
import pytest
import yaml
from filelock import FileLock
from PIL import Image

from bloodstudy import files
from bloodstudy.cli.command import run_command
from bloodstudy.study.seal import seal, unseal
from bloodstudy.tracking import call_queue, sqlite

# The smallest smear images that train in a moment, with the shallowest network.
SMEAR = ["data.photographs=2", "data.copies=2", "image_size=[24,32]", "cache_dir=cache"]
TINY = [*SMEAR, "depth=1"]
OURS = ("MLFLOW_TRACKING_URI", "BLOODSTUDY_DATA")  # what the shell of whoever runs the tests may hold

Ended = CompletedProcess[str]
T = TypeVar("T")


def call(folder: Path, name: str, *words: str, **environment: str) -> Ended:
    """Run the command `name` in this process, in `folder`; warnings of our own code are errors."""
    command = getattr(importlib.import_module(f"bloodstudy.{name}"), name)
    out, err = io.StringIO(), io.StringIO()
    with _like_a_fresh_process(folder, environment), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        sys.argv[:] = [f"bloodstudy.{name}", *words]
        try:
            code = run_command(command)
        except SystemExit as ended:
            code = ended.code
    return CompletedProcess([name, *words], code, out.getvalue(), err.getvalue())  # type: ignore[arg-type]


def finish(folder: Path, name: str, *words: str, own_process: bool = False, **environment: str) -> str:
    """Run the command `name` in `folder` to its end, which has to be good; return what it printed."""
    ended = (command if own_process else call)(folder, name, *words, **environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@contextlib.contextmanager
def _like_a_fresh_process(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Keep from the command what the test process holds, and from later tests what the command changes."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, environment))
        for name in OURS:
            if name not in environment:
                os.environ.pop(name, None)
        stack.enter_context(contextlib.chdir(folder))
        stack.enter_context(mock.patch.object(sys, "argv", []))
        stack.enter_context(mock.patch.object(call_queue, "_queues", {}))
        for number in (signal.SIGTERM, signal.SIGHUP):
            stack.callback(signal.signal, number, signal.getsignal(number))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # those of MLflow and others
        warnings.filterwarnings("error", module="bloodstudy")
        yield


def command(folder: Path, name: str, *words: str, timeout_s: float = 600, **environment: str) -> Ended:
    """Run the command `name` to its end, in a process of its own, in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", f"bloodstudy.{name}", *words], cwd=folder, env=shell() | environment,
        capture_output=True, text=True, check=False, timeout=timeout_s,
    )  # fmt: skip


def start(
    folder: Path, name: str, *words: str, prepare: Callable[[], Any] = lambda: None, **environment: str
) -> subprocess.Popen[str]:
    """Start the command `name` as the leader of a process group; what it prints goes to said.txt in `folder`.

    `prepare` is called in the new process before the command begins.
    """

    def begin() -> None:
        # A shell starts what it puts in the background with Ctrl+C ignored, and children inherit that.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        prepare()

    with (folder / "said.txt").open("w") as said:
        return subprocess.Popen(
            [sys.executable, "-m", f"bloodstudy.{name}", *words], cwd=folder, env=shell() | environment,
            stdout=said, stderr=subprocess.STDOUT, text=True, start_new_session=True, preexec_fn=begin,  # noqa: PLW1509
        )  # fmt: skip


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a started command and all that it started, and wait for its end."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=10)


def shell() -> dict[str, str]:
    """Return the environment of this process without what would change a command."""
    return {name: text for name, text in os.environ.items() if name not in OURS}


def run_python(folder: Path, code: str, *words: str, **environment: str) -> str:
    """Run `code` in a process of its own, which has to end well; return what it printed."""
    program = [sys.executable, "-c", code, *words]
    ended = subprocess.run(
        program, cwd=folder, env=shell() | environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def modules_loaded(folder: Path, code: str, names: str) -> list[str]:
    """Return those of `names` (separated by spaces) that a Python of its own has loaded after `code`."""
    code += f"\nimport sys\nprint(*[name for name in {names!r}.split() if name in sys.modules])"
    return run_python(folder, code).splitlines()[-1].split()


def wait_for(
    condition: Callable[[], T], timeout_s: float = 150, process: subprocess.Popen[str] | None = None,
    explain: Callable[[], Any] = lambda: "it did not come true in time",
) -> T:  # fmt: skip
    """Wait until `condition()` is true and return what it says; fail once `process` has ended or the time is over."""
    end = time.monotonic() + timeout_s
    while not (answer := condition()):
        assert process is None or process.poll() is None, explain()
        assert time.monotonic() < end, explain()
        time.sleep(0.02)
    return answer


def free_ports(count: int = 1) -> list[int]:
    """Return ports on which nobody listens."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def rewrite(path: Path, **changes: Any) -> None:
    """Change some fields of a stored plan or result, and its digest with them; `...` takes a field away."""
    content = unseal(yaml.safe_load(path.read_text(encoding="utf-8"))) | changes
    kept = {name: value for name, value in content.items() if value is not ...}
    write = json.dumps if path.suffix == ".json" else yaml.safe_dump
    path.write_text(write(seal(kept)), encoding="utf-8")


def results(folder: Path, study: str = "scratch") -> list[dict[str, Any]]:
    """Return the published results of a study in `folder`, the first trained first."""
    paths = sorted(folder.glob(f"runs/{study}/*/result.json"), key=lambda path: path.stat().st_mtime_ns)
    return [files.read_json(path) for path in paths]


def statuses(folder: Path) -> list[str]:
    """Return the status of each run in the store of `folder` but those of sweeps without a name, the oldest first."""
    with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as store:
        sweeps = "SELECT run_uuid FROM tags WHERE key = 'bloodstudy.sweep'"
        kept = f"lifecycle_stage = 'active' AND run_uuid NOT IN ({sweeps})"
        rows = store.execute(f"SELECT status FROM runs WHERE {kept} ORDER BY start_time")
        return [status for (status,) in rows]


def logged_runs(folder: Path, study: str = "scratch") -> list[Any]:
    """Return the runs of a study as MLflow shows them, without those of sweeps without a name."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name(study).experiment_id])
    return [run for run in runs if "bloodstudy.sweep" not in run.data.tags]


def give_store(folder: Path) -> Path:
    """Put an empty store into `folder`, made once: to create one takes MLflow seconds."""
    store = folder / "mlflow.db"
    store.write_bytes(_empty_store())
    return store


@functools.cache
def _empty_store() -> bytes:
    with tempfile.TemporaryDirectory() as name, _like_a_fresh_process(Path(name), {}):
        sqlite.create(Path("mlflow.db"))
        return Path("mlflow.db").read_bytes()


def skip_but_in_ci(message: str) -> NoReturn:
    """Skip a test whose program or data are not here; in CI, which installs them, fail."""
    pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


def shared_folder(
    factory: pytest.TempPathFactory, name: str, fill: Callable[[Path], Any] = lambda folder: None
) -> Path:
    """Return a folder that all processes of this pytest session share; the first that asks for it fills it."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            folder.mkdir()
            try:
                fill(folder)
            except BaseException:
                folder.rename(folder.with_name(f"{name}-failed-{os.getpid()}"))
                raise
    return folder


def write_images(root: Path) -> Path:
    """Write forty images of two classes that a network tells apart at once, and return their folder."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 8)):
        for position, name in enumerate(("DARK", "LIGHT")):
            (root / split / name).mkdir(parents=True)
            for k in range(count):
                pixels = rng.normal(80 + 90 * position, 30, (16, 16, 3)).clip(0, 255).astype("uint8")
                Image.fromarray(pixels).save(root / split / name / f"{k}.png")
    return root
