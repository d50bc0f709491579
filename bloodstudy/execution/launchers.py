"""Jobs in other processes and on other machines: what they are given, and what is said when a launcher loses them.

In: the environment of the command; whatever a launcher raises, each its own. Out: overrides for Hydra; one message with
the exit code of a fault of the machine.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil
from hydra.core.override_parser.types import Quote, QuotedString
from joblib import cpu_count

from bloodstudy.errors import BloodstudyError, MachineError

CARRIED = ("BLOODSTUDY_DATA", "MLFLOW_TRACKING_URI")
LEAST_MB, PARENT_MB = 900, 350  # of a process that trains, if nobody has measured it, and of the one that records it
MEMORY_SHARE = 0.8  # of what is free


def carry(overrides: Sequence[str]) -> list[str]:
    """Return overrides that set in each job what this command has in its environment, if the launcher does not.

    Only Ray's processes have an environment of their own. The other launchers store the configuration of a job, and an
    address may hold a password.
    """
    if not any(override.startswith("hydra/launcher=ray") for override in overrides):
        return []
    given = {name: QuotedString(os.environ[name], Quote.single) for name in CARRIED if name in os.environ}
    return [f"+hydra.job.env_set.{name}={value.with_quotes()}" for name, value in given.items()]


def count_workers(overrides: Sequence[str], trials: int, memory_mb: float) -> int:
    """Return how many trials are trained at once by the launcher that nobody has chosen; 1 if somebody has.

    Each trial is trained by one thread, so as many as there are cores run side by side, memory permitting.
    """
    if any(override.startswith(("hydra/launcher", "hydra.launcher")) for override in overrides):
        return 1
    each = (max(memory_mb, LEAST_MB) + PARENT_MB) * 2**20
    return max(1, min(cpu_count(), trials, int(MEMORY_SHARE * psutil.virtual_memory().available / each)))


def choose(overrides: Sequence[str], workers: int) -> Sequence[str]:
    """Return `overrides` with a launcher that trains so many trials at once."""
    return overrides if workers < 2 else [*overrides, "hydra/launcher=joblib", f"hydra.launcher.n_jobs={workers}"]


@contextmanager
def explained() -> Iterator[None]:
    """Raise MachineError for a launcher that gave up: a job that was lost, a cluster that does not answer."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra would print the traceback and exit before anyone can say more
    try:
        yield
    except BloodstudyError:
        raise
    except Exception as error:
        # Hydra hands on by this name what the job itself raised: a defect of ours, with its traceback.
        if "return_value" in (frame.name for frame in traceback.extract_tb(error.__traceback__)):
            raise
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        said = (" ".join(lines[:2]) or type(error).__name__).rstrip(".")[:300]
        raise MachineError(
            f"the launcher gave up: {said}. The same command goes on from the finished trials"
        ) from error
