"""Sets another clock. With this folder on PYTHONPATH every Python process of a command goes by it.

The file named by BLOODSTUDY_CLOCK holds how many seconds the clock is ahead; it may change at any moment. What a
process publishes bears that time too. The monotonic clock is nobody's to set.
"""

import os
import time
from pathlib import Path


def _install(file: str) -> None:
    real, real_ns = time.time, time.time_ns

    def ahead() -> float:
        return float(Path(file).read_text() or 0)

    time.time = lambda: real() + ahead()
    time.time_ns = lambda: real_ns() + int(1e9 * ahead())
    from bloodstudy import files

    def stamp(step: str, path: Path) -> None:
        if step == "after-rename":
            os.utime(path, (time.time(), time.time()))

    files.observers.append(stamp)


if clock := os.environ.get("BLOODSTUDY_CLOCK"):
    _install(clock)
