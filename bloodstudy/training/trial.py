"""One trial inside the worker, from the assignment to its results. Imported there alone: this module imports Keras."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from bloodstudy import files, model
from bloodstudy.config.extension import source
from bloodstudy.config.extension.known import become
from bloodstudy.data.splits.split import find_clean
from bloodstudy.errors import MachineError
from bloodstudy.model.summary import list_layers
from bloodstudy.study import metrics
from bloodstudy.study.code_digest import code_digest
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.predictions import hash_stored
from bloodstudy.study.run_folder import TrialFolder
from bloodstudy.training import backend, evaluate, shared_code
from bloodstudy.training.assignment import Assignment
from bloodstudy.training.checkpoint import Checkpoints
from bloodstudy.training.events import Ended, HistoryRow, Measured, Report, Timed, WorkerEvent, ended_by


def set_up(threads: int, backend_name: str) -> None:
    """Import Keras on a backend, and all that a trial needs, once."""
    code_digest()  # now, while the sources are those that are imported
    backend.set_up(threads, backend_name)
    from bloodstudy.training import batches, fit  # noqa: F401

    # What is imported stays: a collection that looks through all of it takes 0.4 s, and there are two in a trial.
    gc.freeze()


def train_trial(assignment: Assignment, report: Report, threads: int) -> Ended | Timed:
    """Train and measure one trial, write history.csv and predictions.parquet, return the last event.

    It goes on from the state that an interrupted attempt left in the folder, if that fits.
    """
    ((_, last),) = train_trials([assignment], lambda _, event: report(event), threads, 1)
    return last


def train_trials(
    assignments: Sequence[Assignment], report: Callable[[int, WorkerEvent], None], threads: int, size: int
) -> Iterator[tuple[int, Ended | Timed]]:
    """Train and measure trials, yield the last event of each with its place.

    Several are of one shape, and are trained side by side in a program for `size` trials. One that cannot begin or
    cannot be measured fails alone. Raises what fails while they are trained.
    """
    import keras

    from bloodstudy.training.engine import find_trainer
    from bloodstudy.training.fit import fit_all

    keras.backend.clear_session()  # collects garbage too
    first = assignments[0]
    become(first.extensions)
    source.forget_loaded()
    if first.extensions:
        source.allow_installed_alone()
        shared_code.note()
    backend.set_usual_levels()
    _forget_peak_memory()
    images = _map_images(first.images, first.images_hash)
    if first.probe:
        from bloodstudy.training.timing import time_batches

        yield 0, time_batches(first, images, _one_hot(first), _peak_memory_mb)
        return
    trainer = find_trainer(first, images.shape[1:], size)
    begun: dict[int, _Begun] = {}
    for place, assignment in enumerate(assignments):
        # So that Keras counts names anew: a saved state holds them, and they must not tell which place a trial had.
        keras.backend.clear_session(free_memory=False)
        with _failing_alone(len(assignments)) as failed:
            begun[place] = _Begun(assignment, images, partial(report, place), threads, trainer)
        if failed:
            yield place, failed[0]
    at = time.monotonic()
    fit_all([trial.training for trial in begun.values()], trainer)
    seconds = (time.monotonic() - at) / max(1, len(begun))
    for place, trial in begun.items():
        with _failing_alone(len(assignments)) as failed:
            ended = trial.end(seconds)
        yield place, failed[0] if failed else ended


@contextlib.contextmanager
def _failing_alone(trials: int) -> Iterator[list[Ended]]:
    """Keep in the list what a trial ends with that raises, if it is one of several."""
    failed: list[Ended] = []
    try:
        yield failed
    except (BrokenPipeError, ConnectionResetError, MachineError):
        raise
    except Exception as error:
        if trials == 1:
            raise
        failed.append(ended_by(error))


def _one_hot(assignment: Assignment) -> np.ndarray:
    return np.eye(len(assignment.classes), dtype="float32")[assignment.manifest["label"].to_numpy()]


class _Begun:
    """A trial with its network and its batches, ready to be trained."""

    def __init__(self, assignment: Assignment, images: np.ndarray, report: Report, threads: int, trainer: Any) -> None:
        from bloodstudy.training.batches import Feed, Gallery
        from bloodstudy.training.fit import Training
        from bloodstudy.training.hooks import make_hooks

        self._assignment, self._images, self._report = assignment, images, report
        self._threads, self._trainer = threads, trainer
        factors, splits, one_hot = assignment.factors, assignment.manifest["split"], _one_hot(assignment)
        train_rows, validation_rows = (np.flatnonzero(splits == side) for side in ("train", "validation"))
        self._hooks = hooks = make_hooks(assignment, math.ceil(len(train_rows) / factors.batch_size))
        classes = len(assignment.classes)
        self._network = model.build(assignment.model, factors, images.shape[1:], classes, hooks.parts)
        augmenters = [*model.augmenters(factors, classes), *hooks.training]
        self._feed = Feed(images, one_hot, train_rows, factors.batch_size, factors.seed, augmenters)
        validation = Gallery(images, validation_rows, one_hot, layers=hooks.measuring) if len(validation_rows) else None
        # What a callback or a loss of one's own remembers is in no saved state: such a trial begins anew.
        states = Checkpoints(assignment.folder, _guard(assignment, threads)) if hooks.resumable else None
        parts = self._network, factors, self._feed, len(train_rows), report, validation, states, hooks
        self.training = Training(*parts, trained=trainer is not None)

    def end(self, fit_seconds: float) -> Ended:
        """Measure the trained network and return the last event; training took `fit_seconds` in this attempt."""
        from bloodstudy.training.precise_batch_norm import BATCHES, set_precise_statistics

        network, trainer, fitted = self._network, self._trainer, self.training.end()
        rows, factors = fitted.rows, self._assignment.factors
        earlier_seconds = sum(row["epoch_seconds"] for row in rows[: fitted.resumed_after])
        _write_history(TrialFolder(self._assignment.folder).history, rows)
        ended = Ended(
            Outcome.DIVERGED if fitted.diverged else Outcome.FINISHED,
            fitted.diverged,
            parameters=int(network.count_params()),
            trainable_parameters=int(sum(np.prod(w.shape) for w in network.trainable_weights)),
            layers=list_layers(network),
            epochs_done=len(rows),
            resumed_after=fitted.resumed_after,
            earlier_seconds=earlier_seconds,
            versions=backend.versions(),
            code=code_digest(),
            threads=self._threads,
            together=getattr(trainer, "size", None),
            fit_seconds=fit_seconds + earlier_seconds,
            evaluate_seconds=0.0,
        )
        if not fitted.diverged:
            begun = time.monotonic()
            if trainer is None:
                set_precise_statistics(network, self._feed, factors.epochs)
            else:
                trainer.settle(network, self._feed, factors.epochs, BATCHES)
            logits_of = None if trainer is None else partial(trainer.predict, network)
            what = self._images, self._assignment.manifest["label"].to_numpy(), self._report
            ended = _measure(ended, network, self._assignment, *what, self._hooks.measuring, logits_of)
            ended = replace(ended, evaluate_seconds=time.monotonic() - begun)
            if self._assignment.save_model and ended.outcome == Outcome.FINISHED:
                from bloodstudy.training.saved_model import save_model

                save_model(network, TrialFolder(self._assignment.folder).model)
        return replace(ended, peak_memory_mb=_peak_memory_mb())


def _guard(assignment: Assignment, threads: int) -> dict[str, str]:
    """Return what must be the same for a trial to go on in the same numbers."""
    what = repr((assignment.folder.name, assignment.model, assignment.factors, assignment.classes))
    trial = hashlib.sha256(what.encode()).hexdigest()[:16]
    guard = {"trial": trial, "code": code_digest(), "precision": assignment.factors.precision}
    guard |= {"pixels": assignment.images_hash[:16]}
    return guard | backend.versions() | {"numpy": np.__version__, "threads": str(threads)}


@lru_cache(maxsize=1)
def _map_images(path: Path, expected: str) -> np.ndarray:
    if expected and files.hash_file(path) != expected:
        raise MachineError(f"{path} is damaged; the same command makes it anew")
    # One mapping for all trials on the same data: Keras's data adapters outlive their model and would keep one each.
    return np.load(path, mmap_mode="r")


def _measure(
    trained: Ended,
    network: Any,
    assignment: Assignment,
    images: np.ndarray,
    labels: np.ndarray,
    report: Report,
    layers: Sequence[Any],
    logits_of: Callable[[np.ndarray], np.ndarray] | None,
) -> Ended:
    manifest, rows = assignment.manifest, None
    measured = manifest.get("measured")
    if measured is not None and not (wanted := measured.to_numpy(dtype=bool)).all():
        rows = np.flatnonzero(wanted)
        manifest, labels = manifest.iloc[rows], labels[rows]
    probabilities = evaluate.predict(network, images, lambda share: report(Measured(share)), layers, rows, logits_of)
    if not np.isfinite(probabilities).all():
        reason = "the trained network's outputs are not finite numbers"
        return replace(trained, outcome=Outcome.DIVERGED, reason=reason)
    split = manifest["split"].to_numpy()
    measured = evaluate.responses(probabilities, labels, split, assignment.classes)
    if assignment.clean:
        clean = find_clean(split, manifest["scene"].to_numpy())
        measured |= metrics.measure_clean(probabilities.argmax(axis=1), labels, split, clean, assignment.classes)
    table = evaluate.tabulate(manifest, assignment.classes, evaluate.quantise(probabilities))
    with files.published(TrialFolder(assignment.folder).predictions) as beside:
        table.to_parquet(beside, compression="zstd", index=False)
    hashes = {"prediction_hash": evaluate.digest(probabilities), "stored_hash": hash_stored(table)}
    return replace(trained, responses=measured, **hashes)


def _write_history(path: Path, rows: list[HistoryRow]) -> None:
    files.write_text(path, pd.DataFrame(rows).to_csv(index=False))


def _forget_peak_memory() -> None:
    # The worker is reused, so its peak must start anew with each trial; Linux alone can do that.
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_memory_mb() -> float:
    """Return the largest resident memory since the trial began (outside Linux: the present one), in MiB."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return psutil.Process().memory_info().rss / 2**20
