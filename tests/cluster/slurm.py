"""A real Slurm of two nodes on this machine: munged, slurmctld and two slurmd on loopback, without systemd.

In: an empty folder. Out: the environment in which sbatch, srun and squeue speak to it; all daemons end with the block.
Debian: apt-get install --no-install-recommends slurmctld slurmd slurm-client munge
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness import free_ports, wait_for

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "sinfo", "scancel", "scontrol")
NODES = ("n1", "n2")
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
CONF = """\
ClusterName=bloodstudy
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2
ReturnToService=2
KillWait=3
SlurmdTimeout=10
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=4000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=4000
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""  # cred_expire: a job that is queued again may start once its old credential has expired


def missing() -> list[str]:
    """Return the programs of Slurm that are not installed here."""
    return [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]


@contextmanager
def slurm(folder: Path) -> Iterator[dict[str, str]]:
    """Run the cluster in `folder` and yield the environment variables of its users."""
    environment = os.environ | {"PATH": PATH, "SLURM_CONF": str(folder / "slurm.conf")}
    user, host = pwd.getpwuid(os.getuid()).pw_name, socket.gethostname()
    (folder / "state").mkdir()
    for node in NODES:
        (folder / node).mkdir()
    (folder / "slurm.conf").write_text(CONF.format(folder=folder, host=host, user=user, ports=free_ports(3)))
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o600)
    places = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    munge = [f"--{option}={folder}/munge.{name}" for option, name in places.items()]
    with ExitStack() as daemons:
        start = lambda *words: daemons.enter_context(_running(words, environment, folder))  # noqa: E731
        start("munged", "--foreground", "--force", *munge)
        wait_for((folder / "munge.socket").exists, 30, explain=lambda: f"munged made no socket\n{_logs(folder)}")
        start("slurmctld", "-D")
        for node in NODES:
            start("slurmd", "-D", "-N", node)
        daemons.callback(_empty_queue, environment)
        idle = lambda: ask(environment, "sinfo", "-h", "-o", "%T %D") == "idle 2"  # noqa: E731
        wait_for(idle, 30, explain=lambda: f"the two nodes are not idle\n{_logs(folder)}")
        yield {name: environment[name] for name in ("PATH", "SLURM_CONF")}


def ask(environment: dict[str, str], *words: str) -> str:
    """Return what a command of Slurm prints, without the space around it; empty where it fails."""
    ended = subprocess.run(words, env=os.environ | environment, capture_output=True, text=True, check=False)
    return ended.stdout.strip()


@contextmanager
def _running(words: tuple[str, ...], environment: dict[str, str], folder: Path) -> Iterator[None]:
    with (folder / "daemons.txt").open("a") as told:
        daemon = subprocess.Popen(words, env=environment, stdout=told, stderr=told, start_new_session=True)
    try:
        yield
    finally:
        daemon.terminate()
        try:
            daemon.wait(10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def _empty_queue(environment: dict[str, str]) -> None:
    # What runs a job's step outlives slurmd, so the jobs must end while there is one to end them.
    ask(environment, "scancel", "--user", pwd.getpwuid(os.getuid()).pw_name)
    for _ in range(60):
        if not ask(environment, "squeue", "-h"):
            return
        time.sleep(0.5)


def _logs(folder: Path) -> str:
    files = (*folder.glob("*.log"), folder / "daemons.txt")
    return "\n".join(f"{file.name}:\n{file.read_text()[-2000:]}" for file in files)
