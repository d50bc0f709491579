"""A real Ray cluster of two nodes on this machine, one core each; each node is a tree of processes that can be killed.

In: an empty folder, in which the nodes work, so that nothing relative of the command is there. Out: the head's address.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import psutil
from harness import free_ports, wait_for

# Ray takes over a token that its user has from before, but tells only some of the processes here: each gets this one.
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
PACKAGE = Path(__file__).resolve().parent.parent.parent
START = """
import sys
from ray.scripts.scripts import main
sys.exit(main())
"""


@dataclass
class Node:
    """One node: the process that started it, and with it the raylet, its workers and what those start."""

    process: subprocess.Popen

    def processes(self) -> list[psutil.Process]:
        """Return every process of this node."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def training(self) -> list[psutil.Process]:
        """Return the workers of ours that run on this node."""
        return [each for each in self.processes() if "multiprocessing.spawn" in " ".join(each.cmdline())]

    def kill(self) -> None:
        """End all that Ray has started here, at once; what those processes started themselves is not touched."""
        if self.process.poll() is None:
            doomed = [psutil.Process(self.process.pid), *self.processes()]
            for each in doomed:
                each.suspend()  # so that none can end another one, or the trial, in good order
            ours = self.training()
            for each in doomed:
                if each not in ours:
                    each.kill()
        self.process.wait()


@contextmanager
def cluster(folder: Path, hidden: Path | None = None) -> Iterator[tuple[str, list[Node]]]:
    """Run two nodes in `folder`; yield the address of the cluster and the nodes, the head first.

    Both nodes, and the commands started while they run, know one token, without which the cluster takes no job. With
    `hidden` all jobs run on the second one, which sees an empty folder in its place, as another machine would.
    """
    (port,) = free_ports()
    address, nodes = f"127.0.0.1:{port}", list[Node]()
    with mock.patch.dict(os.environ, TOKEN), ExitStack() as ends:
        head = ["--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={folder}"]
        for words in (head, [f"--address={address}"]):
            first = not nodes
            node = _start(folder, *words, cores=0 if hidden and first else 1, hidden=None if first else hidden)
            nodes.append(node)
            ends.callback(node.kill)
            _wait_for_nodes(address, len(nodes), folder)
        yield address, nodes


def _start(folder: Path, *words: str, cores: int = 1, hidden: Path | None = None) -> Node:
    size = [f"--num-cpus={cores}", "--object-store-memory=80000000", "--disable-usage-stats", "--block"]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE)}  # what an installed package is found by anyway
    with (folder / "nodes.txt").open("a") as told:
        apart = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', str(hidden)]
        command = [*(apart if hidden else []), sys.executable, "-c", START, "start", *words, *size]
        return Node(subprocess.Popen(command, cwd=folder, env=environment, stdout=told, stderr=told))


def _wait_for_nodes(address: str, count: int, folder: Path) -> None:
    code = f"""
from ray._raylet import GcsClient
print(sum(node.state == 0 for node in GcsClient(address={address!r}).get_all_node_info().values()))
"""
    ask = lambda: subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)  # noqa: E731, PLW1510
    wait_for(lambda: ask().stdout.strip() == str(count), 90, explain=(folder / "nodes.txt").read_text)
