"""A few batches of a trial, before any is trained: how long it takes, and whether an extension can be used at all.

In: a trial and its images. Out: the worker's last event; UserError for an extension that fails where it is used.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from bloodstudy.cli import terminal
from bloodstudy.config.extension.known import pack_joined
from bloodstudy.config.factors import FACTORS
from bloodstudy.data import Dataset
from bloodstudy.errors import UserError
from bloodstudy.execution.job_process import JobProcess
from bloodstudy.study.arms import spell
from bloodstudy.study.outcome import DEATHS
from bloodstudy.study.trial import Trial
from bloodstudy.training.assignment import Assignment
from bloodstudy.training.events import Ended, Timed
from bloodstudy.training.worker import WorkerDiedError

LONGEST_S = 600  # for some batches: what takes longer hangs
PRETRAINED = ("backbone", "weights", "frozen")


def probe(trial: Trial, images: Dataset, folder: Path, process: JobProcess) -> Timed | Ended:
    """Train some batches of a trial in the worker of `process`; `Ended` says why that cannot be done."""
    array = Path(str(images.images.filename))
    what = trial.model, trial.factors, images.classes
    packed, uses = pack_joined(), trial.extensions
    assignment = Assignment(folder, *what, array, images.manifest, extensions=packed, probe=True, uses=uses)
    try:
        (*_, event) = process.take_worker(trial.factors.engine, uses).train(assignment)
    except WorkerDiedError as death:
        return Ended(death.outcome, death.reason)
    assert isinstance(event, Timed | Ended)
    return event


def try_extensions(trials: Iterable[tuple[Trial, Dataset]], folder: Path, process: JobProcess) -> None:
    """Train some batches with each backbone, and each network and level of a factor that an extension brings.

    What an extension brings is trained twice. Raises UserError for one that fails, or that comes to other weights the
    second time: nothing of the sweep is trained then.
    """
    covered: set[tuple[str, str]] = set()
    chosen: list[tuple[Trial, Dataset]] = []
    for trial, images in trials:
        own = {
            (name, spell(level)) for name, level in trial.levels.items() if name in FACTORS and FACTORS[name].extension
        }
        application = [("model", trial.model)] + [(name, str(trial.levels.get(name))) for name in PRETRAINED]
        parts = own | set(application) if trial.extensions or trial.model == "application" else set()
        if not parts <= covered:
            covered |= parts
            chosen.append((trial, images))
    if not chosen:
        return
    with terminal.Bar("trying the networks", len(chosen)) as bar:
        for done, (trial, images) in enumerate(chosen):
            bar.update(done, trial.arm)
            weights = {_train_some(trial, images, folder, process) for _ in range(2 if trial.extensions else 1)}
            if len(weights) > 1:
                raise UserError(
                    f"{trial.arm}: trained twice from the same seed on the same batches, it came to other weights, so "
                    "no result could be had again. Give what is random in it the seed of its context, or use "
                    "keras.random. Nothing was trained"
                )


def _train_some(trial: Trial, images: Dataset, folder: Path, process: JobProcess) -> str:
    """Train some batches, return the digest of the weights; raises UserError if that cannot be done."""
    worker = process.take_worker(trial.factors.engine, trial.extensions)
    watch = threading.Timer(LONGEST_S, worker.kill)
    watch.start()
    event = probe(trial, images, folder, process)
    watch.cancel()
    if isinstance(event, Ended):
        if event.outcome in DEATHS:
            raise UserError(f"{trial.arm}: {str(event.reason).removeprefix('UserError: ')}. Nothing was trained")
        return ""
    return event.weights
