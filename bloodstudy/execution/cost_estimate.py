"""What a plan will cost: seconds of each trial, memory of the process that trains.

In: a plan with its run folder. Out: an `Estimate`. Finished trials that differ in nothing that takes time tell best; if
there is none, a few batches are tried out, and the times are kept for the next command on the same kind of processor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from bloodstudy import files
from bloodstudy.cli import terminal
from bloodstudy.config.factors import FACTORS
from bloodstudy.data import Dataset
from bloodstudy.execution.job_process import JobProcess
from bloodstudy.execution.probe import probe
from bloodstudy.study.arms import spell
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.record import read_record
from bloodstudy.study.run_folder import StudyFolder, load_result
from bloodstudy.study.trial import Trial
from bloodstudy.training.events import Timed
from bloodstudy.training.precision import processor
from bloodstudy.training.worker import THREADS

OUTSIDE_S = 1.0  # of each trial: files, tracking store, a network built anew (benchmarks/costs.py)
PAST = ("wall_seconds", "peak_memory_mb")


@dataclass(frozen=True)
class Estimate:
    """Expected seconds by trial key, and where they come from.

    A trial of which nothing is known has the mean of the others; if nothing is known of any, there are no seconds.
    """

    seconds: Mapping[str, float]
    memory_mb: float
    finished: int  # arms of which like trials have finished
    probed: int  # arms that were tried out
    unknown: int  # arms that cannot be tried out
    reason: str | None = None  # why the first of them cannot

    def describe(self, workers: int = 1) -> str:
        """Return the estimate in a sentence, for so many trials at once."""
        if not self.seconds:
            told = "how long it will take is not known before like trials have finished here: no arm could be tried out"
            return f"{told} ({self.reason})" if self.reason else told
        times = sorted(self.seconds.values())
        each = (
            terminal.span(times[0])
            if times[-1] < 1.2 * times[0]
            else f"{terminal.span(times[0])} to {terminal.span(times[-1])}"
        )
        sources = [f"finished trials of {_count(self.finished)}"] if self.finished else []
        sources += [f"some batches of {_count(self.probed)}"] if self.probed else []
        at_once = f"with {workers} at a time" if workers > 1 else "one after another"
        unknown = f"; {_count(self.unknown)} could not be tried out and count{'s' if self.unknown == 1 else ''} as the "
        unknown += f"mean of the others ({self.reason})"
        return (
            f"about {terminal.span(sum(times) / workers)} {at_once} on this machine ({each} a trial), "
            f"{self.memory_mb / 1024:.1f} GiB for each process that trains; from {' and '.join(sources)}"
            f"{unknown if self.unknown else ''}"
        )


def estimate(trials: Sequence[tuple[Trial, Dataset]], folder: Path, process: JobProcess) -> Estimate:
    """Return what `trials` on their images will cost; new kinds of trials are tried out by the worker of `process`."""
    past, unmeasured = _read_past(folder), []
    seconds: dict[str, float] = {}
    costs, arms = [], {name: set() for name in ("finished", "probed", "unknown")}
    for trial, images in trials:
        name = _name_probe(trial.model, trial.levels, trial.extensions, processor()[0], THREADS)
        if cost := past.get((name, trial.factors.epochs, trial.data.fingerprint)):
            costs.append(cost)
            seconds[trial.key] = cost["wall_seconds"]
            arms["finished"].add(trial.arm)
        else:
            unmeasured.append((name, trial, images))
    probes, reason = _probe(unmeasured, folder, process)
    for name, trial, images in unmeasured:
        arms["probed" if name in probes else "unknown"].add(trial.arm)
        if probe := probes.get(name):
            costs.append(probe)
            seconds[trial.key] = _add_up(probe, trial, images)
    if seconds:  # a trial without a time would count as nothing in all that is told of the whole
        seconds = dict.fromkeys((trial.key for trial, _ in trials), mean(seconds.values())) | seconds
    memory_mb = max((cost["peak_memory_mb"] for cost in costs), default=0.0)
    return Estimate(seconds, memory_mb, **{name: len(each) for name, each in arms.items()}, reason=reason)


def _count(arms: int) -> str:
    return f"{arms} arm{'s' if arms > 1 else ''}"


def _read_past(folder: Path) -> dict[tuple[str, int, str], dict[str, float]]:
    """Return the mean cost of finished trials by what they took time for, epochs and fingerprint."""
    costs: dict[tuple[str, int, str], list[Mapping[str, float]]] = {}
    for trial in StudyFolder(folder).trials:
        result = load_result(trial.path)
        if result is not None and result.outcome == Outcome.FINISHED:
            factors, cost = result.factors, result.cost
            name = _name_probe(result.model, factors, result.extensions, result.processor or "", cost.threads or 0)
            costs.setdefault((name, factors["epochs"], result.data.fingerprint), []).append(asdict(cost))
    return {whole: {name: mean(cost[name] for cost in alike) for name in PAST} for whole, alike in costs.items()}


def _name_probe(model: str, factors: Mapping[str, Any], own: Sequence[str], kind: str, threads: int) -> str:
    """Name all that decides how long a batch takes on a processor of this kind."""
    levels = {key: value for key, value in factors.items() if key not in FACTORS or FACTORS[key].timed}
    levels |= {"model": model} | {key: levels[key] > 0 for key in ("dropout", "conv_dropout")}
    named = ", ".join(f"{key}={spell(value)}" for key, value in sorted(levels.items()))
    return f"{', '.join([named, *own])}, {kind}, {threads} threads"


def _probe(
    unmeasured: Sequence[tuple[str, Trial, Dataset]], folder: Path, process: JobProcess
) -> tuple[dict[str, dict[str, float]], str | None]:
    """Return the times of each unmeasured probe by its name, measured now if they are new; and why the first failed.

    Those that fail have no times.
    """
    probes, reason = _read_probes(folder), None
    new = {name: (trial, images) for name, trial, images in unmeasured if name not in probes}
    if not new:
        return probes, reason
    with terminal.Bar("finding out how long the arms take", len(new)) as bar:
        for done, (name, (trial, images)) in enumerate(new.items()):
            bar.update(done, trial.arm)
            event = probe(trial, images, folder, process)
            if isinstance(event, Timed):
                probes[name] = asdict(event)
                files.write_json(StudyFolder(folder).probes, probes)  # one by one: a study may have many arms
            elif reason is None:
                reason = f"{trial.arm}: {event.reason}"
    return probes, reason


def _read_probes(folder: Path) -> dict[str, dict[str, float]]:
    """Return the times that were measured by earlier commands; none of a damaged file: they are measured again."""
    try:
        stored = files.read_json(StudyFolder(folder).probes) or {}
        return {name: asdict(times) for name, times in read_record(dict[str, Timed], stored).items()}
    except (OSError, ValueError, RecursionError):
        return {}


def _add_up(probe: Mapping[str, float], trial: Trial, images: Dataset) -> float:
    epochs, factors = trial.factors.epochs, trial.factors
    batches = np.ceil(len(images.rows("train")) / factors.batch_size)
    measured = len(images.images) + len(images.rows("validation")) * epochs
    seconds = OUTSIDE_S + probe["start_seconds"] + epochs * batches * probe["batch_seconds"]
    return float(seconds + measured * probe["image_seconds"])
