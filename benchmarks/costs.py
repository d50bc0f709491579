"""What a trial costs beside its training: seconds, memory, and the answer to a mistyped key.

    python benchmarks/costs.py --data FOLDER

Runs the real commands in an empty folder: two reference trials of one epoch on all of Kaggle in grey (the images are
decoded before; the second trial finds the worker warm), then `--help` and a mistyped key. Memory is the proportional
set size of all processes together, sampled ten times a second: pages that several processes share count once.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("BLOODSTUDY_DATA"), help="folder of the Kaggle archive")
    options = parser.parse_args()
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
    results = [json.loads(file.read_text()) for file in (folder / "runs" / "scratch").glob("*/result.json")]
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
