"""The share of a machine's cores that one job of a launcher uses.

In: the launcher that Hydra runs this process for. Out: a process that keeps to cores of its own, and in which joblib's
`cpu_count()`, which sizes the worker and the thread pools, counts these cores alone.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from joblib import cpu_count
from omegaconf import OmegaConf

from bloodstudy import files
from bloodstudy.cli import terminal

ASK_EVERY_S = 0.5


def claim(runs_dir: Path, trials: int) -> ExitStack | None:
    """Keep this process, and the worker it will start, to the cores that one of several jobs at once may use.

    Return the locks of these cores, to be held until the process ends. A command that runs one job at a time uses all
    cores and locks none: None. `trials` is how many the command trains: if the launcher has more places than that, they
    share the machine among themselves.
    """
    launcher, count = _launcher(), cpu_count()
    threads = share(launcher, trials, count)
    if threads is None:
        return None
    locks, allowed_cores = ExitStack(), _affinity()
    named = len(allowed_cores) == count  # otherwise a quota of processor time, which names no cores to keep to
    folder = files.make_folder(runs_dir / ".hydra" / "cores" / socket.gethostname())
    patient = _starts_all_at_once(launcher)
    if (cores := _take(allowed_cores if named else range(count), threads, folder, locks, patient)) and named:
        psutil.Process().cpu_affinity(cores)  # pyright: ignore[reportAttributeAccessIssue]  (not on macOS)
    os.environ["LOKY_MAX_CPU_COUNT"] = str(threads)
    return locks


def share(launcher: Mapping[str, Any], trials: int, cores: int) -> int | None:
    """Return how many of `cores` a job of `launcher` may use; None if it runs alone, or the launcher is unknown."""
    wanted = None
    if "n_jobs" in launcher:  # joblib; -1 is one job a core, -2 one less
        jobs = launcher["n_jobs"] if launcher["n_jobs"] > 0 else max(1, cores + 1 + launcher["n_jobs"])
        wanted = cores // min(jobs, trials)
    elif "ray" in launcher:
        wanted = int(launcher["ray"]["remote"].get("num_cpus", 1))
    elif _starts_all_at_once(launcher):
        wanted = launcher["cpus_per_task"] or cores
    elif "submitit_folder" in launcher:  # what Slurm has allocated, however the command asked for it
        wanted = int(os.environ.get("SLURM_CPUS_ON_NODE", cores))
    return None if wanted is None else min(max(1, wanted), cores)


def _launcher() -> dict[str, Any]:
    if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
        return {}
    return OmegaConf.to_container(HydraConfig.get().launcher, resolve=True)  # type: ignore[return-value]


def _starts_all_at_once(launcher: Mapping[str, Any]) -> bool:
    # submitit's local executor has no queue: our locks are what keeps a hundred jobs from training at once.
    return "submitit_folder" in launcher and "partition" not in launcher


def _affinity() -> Sequence[int]:
    process = psutil.Process()
    return sorted(process.cpu_affinity()) if hasattr(process, "cpu_affinity") else ()  # pyright: ignore


def _take(cores: Sequence[int], threads: int, folder: Path, held: ExitStack, patient: bool) -> list[int]:
    """Lock the first free group of cores and return it; if none is free wait if `patient`, else return none."""
    groups = [cores[start : start + threads] for start in range(0, len(cores) - threads + 1, threads)]
    waiting = False
    while True:
        for group in groups:
            with ExitStack() as locks:
                try:
                    for core in group:
                        locks.enter_context(FileLock(folder / f"{core}.lock", timeout=0))
                except Timeout:
                    continue
                held.push(locks.pop_all())
                return list(group)
        if not patient:  # the launcher has its own count of jobs: one that idles, or another study, has the locks
            return []
        if not waiting:
            waiting = True
            terminal.say(f"waiting for {threads} free core{'s' if threads > 1 else ''}")
        time.sleep(ASK_EVERY_S)
