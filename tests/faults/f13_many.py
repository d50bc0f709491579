"""F13: two hundred tiny trials in one sweep: the parent stays as it is, a worker is bounded, no trial is slower."""

import statistics
import time

import psutil
import pytest
from harness import TINY, results, start

from bloodstudy import files

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

TRIALS = 200
WARM = 20  # trials until everything is imported, every cache filled once


def test_two_hundred_trials_are_like_the_first(tmp_path):
    process = start(tmp_path, "run", "-m", f"seed=range(0,{TRIALS})", "epochs=1", *TINY)
    samples, workers = watch(process, tmp_path / "runs" / "scratch")
    text = (tmp_path / "said.txt").read_text()
    assert process.returncode == 0, text[-3000:]
    trials = results(tmp_path)
    assert len(trials) == TRIALS
    assert all(files.read_json(tmp_path / "runs/scratch" / trial["key"] / "logged.json") for trial in trials)
    for what in ("memory", "threads", "files"):
        early, late = level(samples, what, WARM, WARM + 20), level(samples, what, TRIALS - 20, TRIALS)
        print(f"{what} of the parent: {early:,.1f} at first, {late:,.1f} at last")
        assert late <= 1.05 * early, what
    early, late = (seconds_a_trial(samples, *part) for part in ((WARM, TRIALS // 2), (TRIALS // 2, TRIALS - 10)))
    print(f"processor seconds a trial: {early:.2f} in the first half, {late:.2f} in the second")
    peaks = {pid: peak / 2**20 for pid, peak in workers.items()}
    print(f"workers: {len(peaks)}, largest {max(peaks.values()):,.0f} MB")
    assert late < 1.5 * early, "what grows with the trials would be far above"
    # What TensorFlow keeps of each model is bounded by the worker's renewal.
    assert len(peaks) >= TRIALS // 50
    largest = [trial["cost"]["peak_memory_mb"] for trial in trials]
    assert max(largest[TRIALS // 2 :]) < 1.05 * max(largest[: TRIALS // 2])


def watch(process, folder):
    """Return what the parent holds over time, with the results so far, and the largest memory of each worker.

    Processor time is that of the parent and its workers: on a machine that others use, no other time is steady.
    """
    samples, workers, seconds = [], {}, {}
    parent = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            done = len(list(folder.glob("*/result.json")))
            sample = {"done": done, "memory": parent.memory_info().rss, "threads": parent.num_threads()}
            sample |= {"files": parent.num_fds()}
            children = [each for each in parent.children() if "spawn_main" in " ".join(each.cmdline())]
            for child in children:
                workers[child.pid] = max(workers.get(child.pid, 0), child.memory_info().rss)
            for each in (parent, *children):
                seconds[each.pid] = sum(each.cpu_times()[:2])
            samples.append(sample | {"seconds": sum(seconds.values())})
        except psutil.Error:
            pass
        time.sleep(0.25)
    return samples, workers


def level(samples, what, first, last):
    """Return the median of a figure while the sweep had from `first` to `last` results."""
    chosen = [sample[what] for sample in samples if first <= sample["done"] < last]
    assert chosen, "the sweep went on too fast to be watched"
    return statistics.median(chosen)


def seconds_a_trial(samples, first, last):
    """Return the processor time of each trial from the `first` to the `last` result."""
    begun, ended = (next(each for each in samples if each["done"] >= count) for count in (first, last))
    return (ended["seconds"] - begun["seconds"]) / (ended["done"] - begun["done"])
