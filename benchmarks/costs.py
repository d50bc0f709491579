"""What a trial costs beside its training: seconds, memory, and the answer to a mistyped key.

    python benchmarks/costs.py --data FOLDER
    python benchmarks/costs.py --tiny 30 [--launcher joblib|ray]
    python benchmarks/costs.py --hashes [--data FOLDER]

Runs the real commands in an empty folder: two reference trials of one epoch on all of Kaggle in grey (the images are
decoded before; the second trial finds the worker warm), then `--help` and a mistyped key. Memory is the proportional
set size of all processes together, sampled ten times a second: pages that several processes share count once.

With --tiny, so many trials of a second each instead: the time from one result to the next, less fit and evaluation, is
all that a trial costs beside its training, Hydra's work and MLflow's included.

With --hashes, what it costs that stored files are checked: the seconds spent in hashing while the largest committed
study is read for its report, beside all seconds of the command; and while the decoded Kaggle images are loaded.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bloodstudy import data, files
from bloodstudy.config.schema import DataChoice
from bloodstudy.reporting import report
from bloodstudy.study.archive.restore import restore


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("BLOODSTUDY_DATA"), help="folder of the Kaggle archive")
    parser.add_argument("--tiny", type=int, help="measure the overhead of this many tiny trials, and nothing else")
    parser.add_argument("--launcher", choices=("basic", "joblib", "ray"), default="basic", help="for --tiny")
    parser.add_argument("--hashes", action="store_true", help="measure the checks of stored files, and nothing else")
    options = parser.parse_args()
    if options.hashes:
        print_hashes(options.data)
        return
    if options.tiny:
        print_overhead(options.tiny, options.launcher)
        return
    if not options.data:
        parser.error("name the folder of the Kaggle archive with --data or BLOODSTUDY_DATA")
    with tempfile.TemporaryDirectory() as folder:
        trials = ["data=kaggle", f"data.root={options.data}", "epochs=1", "cache_dir=cache"]
        watch([*trials, "seed=9", "image_size=[120,160]"], Path(folder))  # decodes, creates the store
        peak_mb = watch(["-m", *trials, "seed=0,1"], Path(folder))
        print("| what | figure |\n|---|---|")
        for seed, name in ((0, "first trial, Keras being imported"), (1, "second trial, worker warm")):
            cost = cost_of(Path(folder), seed)
            outside = cost["wall_seconds"] - cost["fit_seconds"] - cost["evaluate_seconds"]
            print(f"| seconds outside fit and evaluation, {name} | {outside:.2f} |")
            print(f"| of {cost['wall_seconds']:.1f} s in all, fit / evaluation | "
                  f"{cost['fit_seconds']:.1f} / {cost['evaluate_seconds']:.1f} |")  # fmt: skip
        print(f"| peak memory of all processes, MB | {peak_mb:.0f} |")
        for words in (["--help"], ["learning_rate=1"]):
            print(f"| seconds of {' '.join(words)}, median of 5 | {answer_time(words, folder):.2f} |")


def print_hashes(images: str | None) -> None:
    """Print the seconds that go into hashes: of a study's files for its report, of the images for any command."""
    package = max(Path(__file__).parents[1].glob("experiments/*/*.zip"), key=lambda path: path.stat().st_size)
    print("| what | figure |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        runs_dir = Path(folder) / "runs"
        restored = restore(package, runs_dir)
        with hashing() as spent:
            report.load_claims(runs_dir, restored.study)
        begun = time.monotonic()
        subprocess.run([sys.executable, "-m", "bloodstudy.report"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        print(f"| seconds of report, {restored.with_result} trials | {time.monotonic() - begun:.1f} |")
        print(f"| of them in hashes | {spent[0]:.2f} |")
        if images:
            choice = DataChoice(name="kaggle", root=images)
            options = {"colour": "gray", "image_size": (120, 160), "cache_dir": Path(folder)}
            data.load(choice, **options)
            files._hash_once.cache_clear()
            with hashing() as spent:
                begun = time.monotonic()
                decoded = data.load(choice, **options)
            print(f"| seconds to load {len(decoded.images):,} decoded images | {time.monotonic() - begun:.2f} |")
            print(f"| of them in hashes | {spent[0]:.2f} |")


@contextmanager
def hashing() -> Iterator[list[float]]:
    """Yield a list whose one number is the seconds that files are hashed in the block."""
    spent, hash_file = [0.0], files.hash_file

    def timed(path: Path) -> str:
        begun = time.monotonic()
        try:
            return hash_file(path)
        finally:
            spent[0] += time.monotonic() - begun

    files.hash_file = timed
    try:
        yield spent
    finally:
        files.hash_file = hash_file


def print_overhead(trials: int, launcher: str) -> None:
    """Print what each of many tiny trials costs beside fit and evaluation, worker warm."""
    tiny = ["data.photographs=2", "data.copies=2", "image_size=[24,32]", "epochs=1", "depth=1", "cache_dir=cache"]
    jobs = 1 if launcher == "basic" else 2  # Ray gives each job a core: two at once need two of them
    chosen = [f"hydra/launcher={launcher}"] + ([f"hydra.launcher.n_jobs={jobs}"] if launcher == "joblib" else [])
    with tempfile.TemporaryDirectory() as folder:
        watch([*tiny, "seed=0"], Path(folder))  # draws the images, creates the store
        peak_mb = watch(["-m", *tiny, f"seed=range(1,{trials + 1})", *chosen], Path(folder))
        files = sorted(results_in(Path(folder)), key=lambda file: file.stat().st_mtime)
        ended = [(file.stat().st_mtime, json.loads(file.read_text())) for file in files]
    # A process's first trial waits for the import of Keras; the one before the sweep is no part of it.
    warm = ended[1 + jobs :]
    inside = [result["cost"]["fit_seconds"] + result["cost"]["evaluate_seconds"] for _, result in warm]
    moments = [moment for moment, _ in ended[jobs:]]
    between = [(later - earlier) * jobs for earlier, later in itertools.pairwise(moments)]
    if jobs > 1:  # results of several processes interleave: only the mean says something
        between = [statistics.mean(between)] * len(warm)
    outside = [whole - own for whole, own in zip(between, inside, strict=True)]
    print("| what | figure |\n|---|---|")
    print(f"| overhead a trial, s, median of {len(outside)}, {launcher} | {statistics.median(outside):.2f} |")
    print(f"| fit and evaluation of a trial, s, median | {statistics.median(inside):.2f} |")
    print(f"| seconds a trial, last five / first five | {last_to_first(between[-len(warm) :]):.2f} |")
    print(f"| peak memory of all processes, MB | {peak_mb:.0f} |")


def last_to_first(seconds: list[float]) -> float:
    return statistics.median(seconds[-5:]) / statistics.median(seconds[:5])


def results_in(folder: Path) -> list[Path]:
    return list((folder / "runs" / "scratch").glob("*/result.json"))


def watch(arguments: list[str], folder: Path) -> float:
    """Run one command in `folder`; return the peak memory of its processes in MB (10^6 bytes)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bloodstudy.run", *arguments], cwd=folder, stdout=subprocess.DEVNULL
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, memory_of(process.pid))
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"the command failed with exit code {process.returncode}")
    return peak / 1e6


def memory_of(pid: int) -> int:
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            total += process.memory_full_info().pss
    except psutil.Error:
        pass
    return total


def cost_of(folder: Path, seed: int) -> dict[str, float]:
    results = [json.loads(file.read_text()) for file in results_in(folder)]
    return next(result["cost"] for result in results if result["factors"]["seed"] == seed)


def answer_time(arguments: list[str], folder: str) -> float:
    seconds = []
    for _ in range(5):
        begun = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "bloodstudy.run", *arguments], cwd=folder, check=False, capture_output=True
        )
        seconds.append(time.monotonic() - begun)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
