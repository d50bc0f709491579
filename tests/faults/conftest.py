"""A study whose command is killed: the real one, in a process group of its own, killed by its id."""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import harness
import numpy as np
import pandas as pd
import psutil
import pytest

from bloodstudy import files

KILLER = Path(__file__).parent / "killer"  # obeys BLOODSTUDY_FAULT, in the command and in all that it starts
# Dropout, batch normalisation, mixup, Adam, bfloat16: all that carries a state from one batch to the next, and draws.
TINY = [
    "data.photographs=2", "data.copies=6", "image_size=[24,32]", "batch_size=8", "epochs=10", "dropout=0.3",
    "conv_dropout=0.1", "norm=batch", "augment=mixup", "optimizer=adam", "lr=2e-3",
]  # fmt: skip


@dataclass
class Study:
    """A folder in which commands are typed."""

    folder: Path
    cache: Path
    typed: list[str] = field(default_factory=lambda: list(TINY))

    def vary(self, **levels: str) -> None:
        """Type other levels from now on."""
        self.typed = [word for word in self.typed if word.split("=")[0] not in levels]
        self.typed += [f"{key}={level}" for key, level in levels.items()]

    def start(self, *more: str, memory_bytes: int | None = None, **environment: str) -> subprocess.Popen[str]:
        """Start the command as the leader of a process group; what it says goes to a file."""

        def limit_memory() -> None:
            if memory_bytes is not None:
                resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))

        words = [*more, *self.typed, f"cache_dir={self.cache}"]
        environment = {"PYTHONPATH": str(KILLER)} | environment
        return harness.start(self.folder, "run", *words, prepare=limit_memory, **environment)

    def call(self, *more: str) -> None:
        """Run the command to its good end in this process: it is no part of what a test shows."""
        harness.finish(self.folder, "run", *more, *self.typed, f"cache_dir={self.cache}")

    def refuse(self, *words: str, **environment: str) -> str:
        """Type `words` alone, which must be refused before anything is written; return what is said."""
        self.typed, before = [], {self.folder / "said.txt", *self.folder.rglob("*")}
        code, said = self.run(*words, **environment)
        assert code == 2, said
        assert "Traceback" not in said
        assert set(self.folder.rglob("*")) == before
        return said

    def report(self) -> str:
        """Write the report and return it."""
        harness.finish(self.folder, "report")
        return (self.folder / "reports" / "scratch" / "report.md").read_text()

    def run(self, *more: str, memory_bytes: int | None = None, **environment: str) -> tuple[int, str]:
        """Run the command to its end; return its exit code (negative: the signal) and what it said."""
        process = self.start(*more, memory_bytes=memory_bytes, **environment)
        try:
            code = process.wait(timeout=300)
        finally:
            harness.kill(process)
        return code, self.said

    def finish(self, *more: str, **environment: str) -> str:
        """Run the command to its end, which has to be good; return what it said."""
        code, said = self.run(*more, **environment)
        assert code == 0, said
        return said

    @property
    def said(self) -> str:
        """What the last command has said."""
        return (self.folder / "said.txt").read_text()

    @property
    def trials(self) -> list[Path]:
        """The folders of the trials begun, in the order of their beginning."""
        begun = self.folder.glob("runs/scratch/*/attempts.json")
        return [path.parent for path in sorted(begun, key=lambda path: path.stat().st_mtime_ns)]

    @property
    def trial(self) -> Path:
        """The folder of the one trial."""
        (only,) = self.trials
        return only

    @property
    def results(self) -> list[dict]:
        """The results of the trials, in the order of their beginning."""
        return [files.read_json(trial / "result.json") for trial in self.trials]

    @property
    def result(self) -> dict:
        """The result of the one trial."""
        (only,) = self.results
        return only

    def write(self, name: str, text: str) -> None:
        """Write a file of configuration, such as question/mine.yaml."""
        files.write_text(self.folder / "conf" / name, text)

    @property
    def quarantine(self) -> dict[str, str]:
        """The reason of each refused file, of the one source in the cache."""
        (table,) = self.cache.glob("source-*/quarantine.csv")
        return dict(pd.read_csv(table).itertuples(index=False))

    def decoded(self, colour: str) -> np.ndarray:
        """Return the decoded images, rgb or gray, of the one data set in the cache, sorted by the names of files."""
        (array,) = self.cache.glob(f"*/*-{colour}-*.npy")
        return np.load(array)

    @property
    def runs(self) -> list[str]:
        """The status of each run in the store that is not deleted."""
        return harness.statuses(self.folder)

    @property
    def generations(self) -> list[Path]:
        """The state files of the trial last begun, the older one first."""
        return sorted(self.trials[-1].glob("state-?.npz"), key=lambda path: len(saved_rows(path)))

    @property
    def newest_rows(self) -> list[dict]:
        """The history rows in the newest state of the trial last begun; [] if there is none."""
        return saved_rows(states[-1]) if (states := self.generations) else []

    def wait_for_epoch(self, process: subprocess.Popen[str], epoch: int) -> None:
        """Wait until `epoch` epochs of the trial last begun are saved."""

        def is_saved() -> bool:
            with contextlib.suppress(OSError, IndexError):  # a generation that is being replaced, no trial yet
                return len(self.newest_rows) >= epoch
            return False

        harness.wait_for(is_saved, process=process, explain=lambda: self.said)

    def assert_numbers_of(self, twin: Study) -> None:
        """Fail unless the trial has the history, responses and predictions of the twin's, exactly."""
        for name in ("epoch", "fit_loss", "fit_accuracy"):
            ours, theirs = (pd.read_csv(study.trial / "history.csv")[name].tolist() for study in (self, twin))
            assert ours == theirs, name
        for name in ("key", "outcome", "responses", "prediction_hash"):
            assert self.result[name] == twin.result[name], name

    @staticmethod
    def worker(process: subprocess.Popen[str]) -> psutil.Process:
        """Return the process that trains."""
        children = psutil.Process(process.pid).children()
        (worker,) = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        return worker

    @staticmethod
    def is_gone(process: psutil.Process, timeout_s: float = 20) -> bool:
        """Tell whether the process ends within the time, be it that nobody has asked for its exit code yet."""
        with contextlib.suppress(psutil.NoSuchProcess):
            harness.wait_for(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, timeout_s)
        return True


def saved_rows(path: Path) -> list[dict]:
    """Return the history rows that a state file holds."""
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        return json.loads(bytes(archive["header"]))["rows"]


@pytest.fixture
def empty(tmp_path: Path, cache: Path) -> Study:
    """Return an empty folder to type commands in."""
    return Study(tmp_path, cache)


@pytest.fixture
def screening(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Return an empty folder to type commands in, with a cache of its own."""
    return Study(tmp_path, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def study(empty: Study) -> Study:
    """Return a folder with an empty store to type commands in."""
    harness.give_store(empty.folder)
    return empty


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Study:
    """Return the study of one trial that nothing interrupted, trained once for all tests."""

    def train(folder: Path) -> None:
        harness.give_store(folder)
        Study(folder, cache).finish()

    return Study(harness.shared_folder(tmp_path_factory, "twin", train), cache)
