"""F13: two hundred tiny trials in one sweep: the parent stays as it is, a worker is bounded, no trial is slower."""

import statistics
import time

import psutil
import pytest
from harness import TINY, start

from bloodstudy import files

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

TRIALS = 200
WARM = 20  # trials until everything is imported, every cache filled once


def test_two_hundred_trials_are_like_the_first(tmp_path):
    process = start(tmp_path, "run", "-m", f"seed=range(0,{TRIALS})", "epochs=1", *TINY)
    samples, workers = watch(process, tmp_path / "runs" / "scratch")
    text = (tmp_path / "said.txt").read_text()
    assert process.returncode == 0, text[-3000:]
    results = sorted((tmp_path / "runs" / "scratch").glob("*/result.json"), key=lambda file: file.stat().st_mtime)
    assert len(results) == TRIALS
    assert all(files.read_json(file.parent / "logged.json") for file in results)
    for what in ("memory", "threads", "files"):
        early, late = level(samples, what, WARM, WARM + 20), level(samples, what, TRIALS - 20, TRIALS)
        print(f"{what} of the parent: {early:,.1f} at first, {late:,.1f} at last")
        assert late <= 1.05 * early, what
    costs = [files.read_json(file)["cost"]["wall_seconds"] for file in results]
    early, late = (statistics.median(part) for part in (costs[WARM : TRIALS // 2], costs[TRIALS // 2 :]))
    print(f"seconds a trial: {early:.2f} in the first half, {late:.2f} in the second")
    peaks = {pid: peak / 2**20 for pid, peak in workers.items()}
    print(f"workers: {len(peaks)}, largest {max(peaks.values()):,.0f} MB")
    assert late < 1.5 * early, "a machine that others use is not steady; what grows with the trials would be far above"
    # What TensorFlow keeps of each model is bounded by the worker's renewal.
    assert len(peaks) >= TRIALS // 50
    largest = [files.read_json(file)["cost"]["peak_memory_mb"] for file in results]
    assert max(largest[TRIALS // 2 :]) < 1.05 * max(largest[: TRIALS // 2])


def watch(process, folder):
    """Return what the parent holds over time, with the results so far, and the largest memory of each worker."""
    samples, workers = [], {}
    parent = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            done = len(list(folder.glob("*/result.json")))
            sample = {"done": done, "memory": parent.memory_info().rss, "threads": parent.num_threads()}
            samples.append(sample | {"files": parent.num_fds()})
            for child in parent.children():
                if "spawn_main" in " ".join(child.cmdline()):
                    workers[child.pid] = max(workers.get(child.pid, 0), child.memory_info().rss)
        except psutil.Error:
            pass
        time.sleep(0.25)
    return samples, workers


def level(samples, what, first, last):
    """Return the median of a figure while the sweep had from `first` to `last` results."""
    chosen = [sample[what] for sample in samples if first <= sample["done"] < last]
    assert chosen, "the sweep went on too fast to be watched"
    return statistics.median(chosen)
