"""Which cores a job keeps to: processes as a launcher starts them, each told by Hydra what its launcher is."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest
from joblib import cpu_count

from bloodstudy.execution import cpu_affinity

JOB = """
import json, sys, time
from pathlib import Path
import psutil
from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from joblib import cpu_count
from omegaconf import OmegaConf
from bloodstudy.execution.job_process import JobProcess

mode, launcher = json.loads(sys.argv[1])
hydra = OmegaConf.structured(HydraConf(mode=RunMode[mode], launcher=launcher))
HydraConfig.instance().set_config(OmegaConf.create({"hydra": hydra}))
process = JobProcess()
for _ in range(2):
    process.claim_cores(Path("runs"), trials=99)
print(json.dumps([cpu_count(), psutil.Process().cpu_affinity()]), flush=True)
time.sleep(60)
"""
LOCAL = {"submitit_folder": "x"}
SLURM = LOCAL | {"partition": None}
EVERY = list(range(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cpu_count()))
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "LOKY_MAX_CPU_COUNT"}  # that of tests


@pytest.mark.parametrize(
    ("launcher", "trials", "expected"),
    [
        ({}, 9, None), ({"n_jobs": 2}, 9, 8), ({"n_jobs": 3}, 9, 5), ({"n_jobs": -1}, 99, 1), ({"n_jobs": -1}, 4, 4),
        ({"n_jobs": -13}, 99, 4), ({"n_jobs": 99}, 99, 1), ({"n_jobs": 1}, 9, 16),
        ({"ray": {"remote": {}}}, 9, 1), ({"ray": {"remote": {"num_cpus": 4, "num_gpus": 0.5}}}, 9, 4),
        ({"ray": {"remote": {"num_cpus": 0.5}}}, 9, 1), ({"ray": {"remote": {"num_cpus": 64}}}, 9, 16),
        (LOCAL | {"cpus_per_task": None}, 9, 16), (LOCAL | {"cpus_per_task": 3}, 9, 3),
        (SLURM | {"cpus_per_task": 3}, 9, 6),
    ],
    ids=str,
)  # fmt: skip
def test_the_share_of_sixteen_cores(launcher, trials, expected, monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "6")
    assert cpu_affinity.share(launcher, trials, 16) == expected


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a job and returns its process; `told` reads how many threads it has and where."""
    running = []

    def begin(launcher, mode="MULTIRUN"):
        words = [sys.executable, "-c", JOB, json.dumps([mode, launcher])]
        running.append(subprocess.Popen(words, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def told(process):
    return json.loads(process.stdout.readline())


def test_one_job_at_a_time_uses_every_core(start):
    assert told(start({})) == [len(EVERY), EVERY]
    assert told(start({"n_jobs": 1}, mode="RUN")) == [len(EVERY), EVERY]


@pytest.mark.skipif(not hasattr(psutil.Process, "cpu_affinity"), reason="this system keeps no process to a core")
@pytest.mark.skipif(len(EVERY) < 2, reason="one core is shared by nobody")
def test_jobs_at_once_keep_to_cores_of_their_own(start):
    found = [told(start({"n_jobs": len(EVERY)})) for _ in EVERY]
    assert sorted(found) == [[1, [core]] for core in EVERY]
    one_more = told(start({"n_jobs": len(EVERY)}))
    assert one_more == [1, EVERY], "it has its one thread, and no core that another one holds"


@pytest.mark.skipif(not hasattr(psutil.Process, "cpu_affinity"), reason="this system keeps no process to a core")
def test_if_all_jobs_start_at_once_they_wait_for_a_core_even_one_of_a_killed_job(start):
    first = start(LOCAL | {"cpus_per_task": None})
    assert told(first) == [len(EVERY), EVERY]
    second = start(LOCAL | {"cpus_per_task": 1})
    assert second.stdout.readline() == "waiting for 1 free core\n"
    os.kill(first.pid, signal.SIGKILL)
    assert told(second) == [1, [0]]
