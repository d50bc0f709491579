"""Kills a command at a named step of a write. With this folder on PYTHONPATH every Python process imports it first.

BLOODSTUDY_FAULT=killgroup:after-write:state-1:2 kills the process group at the second file published as state-1...;
`kill` in its place ends the process that writes alone, `full` finds the disk full there. `bloodstudy.files` names the
steps.
"""

import errno
import os
import signal
from pathlib import Path


def _install(whom: str, at: str, prefix: str, count: str) -> None:
    from bloodstudy import files

    met: list[Path] = []

    def kill(step: str, path: Path) -> None:
        if step == at and path.name.startswith(prefix):
            met.append(path)
            if len(met) == int(count) and whom == "full":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if len(met) == int(count):
                os.killpg(0, signal.SIGKILL) if whom == "killgroup" else os.kill(os.getpid(), signal.SIGKILL)

    files.observers.append(kill)


if fault := os.environ.get("BLOODSTUDY_FAULT"):
    _install(*fault.split(":"))
