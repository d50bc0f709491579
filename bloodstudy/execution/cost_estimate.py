"""What a plan will cost: seconds of each trial, memory of the process that trains.

In: a plan with its run folder. Out: an `Estimate`. Finished trials that differ in nothing that takes time tell best;
where there is none, a few batches are tried out, and what was found is kept for the next command on the same kind of
processor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from joblib import cpu_count

from bloodstudy import files
from bloodstudy.cli import terminal
from bloodstudy.data import Dataset
from bloodstudy.execution.job_process import JobProcess
from bloodstudy.study.arms import spell
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.run_folder import load_result
from bloodstudy.study.trial import Trial
from bloodstudy.training.assignment import Assignment
from bloodstudy.training.precision import processor
from bloodstudy.training.worker import WorkerDiedError

OUTSIDE_S = 1.0  # of each trial: files, tracking store, a network built anew (benchmarks/costs.py)
PROBED = ("start_seconds", "batch_seconds", "image_seconds", "peak_memory_mb")
UNTIMED = ("seed", "lr", "epochs")  # factors that change nothing about how long a batch takes
PAST = ("wall_seconds", "peak_memory_mb")


@dataclass(frozen=True)
class Estimate:
    """Expected seconds by trial key, and where they come from."""

    seconds: Mapping[str, float]
    memory_mb: float
    finished: int  # arms of which like trials have finished
    probed: int  # arms that were tried out
    unknown: int  # arms that cannot be tried out

    def describe(self) -> str:
        """Return the estimate in a sentence."""
        if not self.seconds:
            return "how long it will take is not known: no arm could be tried out"
        times = sorted(self.seconds.values())
        each = (
            terminal.span(times[0])
            if times[-1] < 1.2 * times[0]
            else f"{terminal.span(times[0])} to {terminal.span(times[-1])}"
        )
        sources = [f"finished trials of {_count(self.finished)}"] if self.finished else []
        sources += [f"some batches of {_count(self.probed)}"] if self.probed else []
        lost = f"; {_count(self.unknown)} could not be tried out and not counted" if self.unknown else ""
        return (
            f"about {terminal.span(sum(times))} one after another on this machine ({each} a trial), "
            f"{self.memory_mb / 1024:.1f} GiB for the process that trains; from {' and '.join(sources)}{lost}"
        )


def estimate(trials: Sequence[tuple[Trial, Dataset]], folder: Path, process: JobProcess) -> Estimate:
    """Return what `trials` on their images will cost; new kinds of trials are tried out by the worker of `process`."""
    past = _read_past(folder)
    seen, probed = {}, []
    for trial, images in trials:
        name = _name_probe(trial.model, asdict(trial.factors), processor()[0], cpu_count())
        whole = name, trial.factors.epochs, trial.data.fingerprint
        if whole in past:
            seen[trial.key] = trial.arm, past[whole]
        else:
            probed.append((name, trial, images))
    known = _probe(probed, folder, process)
    seconds = {key: cost["wall_seconds"] for key, (_, cost) in seen.items()}
    seconds |= {trial.key: _add_up(known[name], trial, images) for name, trial, images in probed if name in known}
    costs = [*(cost for _, cost in seen.values()), *(known[name] for name, _, _ in probed if name in known)]
    memory = max((cost["peak_memory_mb"] for cost in costs), default=0.0)
    tried, lost = ({trial.arm for name, trial, _ in probed if (name in known) is found} for found in (True, False))
    return Estimate(seconds, memory, len({arm for arm, _ in seen.values()}), len(tried), len(lost))


def _count(arms: int) -> str:
    return f"{arms} arm{'s' if arms > 1 else ''}"


def _read_past(folder: Path) -> dict[tuple[str, int, str], dict[str, float]]:
    """Return the mean cost of finished trials by what they took time for, epochs and fingerprint."""
    costs: dict[tuple[str, int, str], list[Mapping[str, float]]] = {}
    for path in folder.glob("*/result.json"):
        result = load_result(path.parent)
        if result is not None and result.outcome == Outcome.FINISHED:
            factors, cost = result.factors, result.cost
            name = _name_probe(result.model, factors, result.processor or "", cost["threads"])
            costs.setdefault((name, factors["epochs"], result.data.fingerprint), []).append(cost)
    return {whole: {name: mean(cost[name] for cost in own) for name in PAST} for whole, own in costs.items()}


def _name_probe(model: str, factors: Mapping[str, Any], kind: str, threads: int) -> str:
    """Name all that decides how long a batch takes on a processor of this kind."""
    levels = {key: value for key, value in factors.items() if key not in UNTIMED}
    levels |= {"model": model} | {key: levels[key] > 0 for key in ("dropout", "conv_dropout")}
    told = ", ".join(f"{key}={spell(value)}" for key, value in sorted(levels.items()))
    return f"{told}, {kind}, {threads} cores"


def _probe(
    wanted: Sequence[tuple[str, Trial, Dataset]], folder: Path, process: JobProcess
) -> dict[str, dict[str, float]]:
    """Return what is known of each wanted probe, tried out now where it is not yet; without those that fail."""
    known = files.read_json(folder / "probes.json") or {}
    new = {name: (trial, images) for name, trial, images in wanted if name not in known}
    if not new:
        return known
    with terminal.Bar("finding out how long the arms take", len(new)) as bar:
        for done, (name, (trial, images)) in enumerate(new.items()):
            bar.update(done, trial.arm)
            array = Path(str(images.images.filename))
            what = trial.model, trial.factors, images.classes
            try:
                (*_, event) = process.take_worker().train(Assignment(folder, *what, array, images.manifest, probe=True))
            except WorkerDiedError:
                continue
            if event["outcome"] == "finished":
                known[name] = {key: event[key] for key in PROBED}
    files.write_json(folder / "probes.json", known)
    return known


def _add_up(found: Mapping[str, float], trial: Trial, images: Dataset) -> float:
    batches = np.ceil(len(images.rows("train")) / trial.factors.batch_size)
    validated = len(images.rows("validation")) * trial.factors.epochs
    measured = (len(images.images) + validated) * found["image_seconds"]
    return float(
        OUTSIDE_S + found["start_seconds"] + trial.factors.epochs * batches * found["batch_seconds"] + measured
    )
