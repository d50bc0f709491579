"""The metrics of extensions: tried before anything is trained, measured on each trial, measured again once edited.

In: the stored predictions of a trial. Out: an `OwnMeasure` for each metric. They are computed from what is stored, in
thousandths, by the worker: the same text gives the same number whenever it is asked, and nothing is trained for that.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from bloodstudy.cli.command import Terminated
from bloodstudy.config.extension.known import METRICS, joined, pack_joined
from bloodstudy.data.splits.split import find_clean
from bloodstudy.errors import UserError
from bloodstudy.execution.job_process import JobProcess
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.predictions import PREFIX, to_frame
from bloodstudy.study.result import OwnMeasure, Result
from bloodstudy.study.run_folder import TrialFolder
from bloodstudy.study.trial_files import read_predictions
from bloodstudy.training.assignment import MetricAssignment
from bloodstudy.training.events import MetricEnded
from bloodstudy.training.worker import WorkerDiedError

LONGEST_S = 30
MADE_UP = 20  # images of each class


def try_metrics(classes: Iterable[int], process: JobProcess) -> None:
    """Ask each metric twice for the same made-up probabilities; raises UserError for one that fails.

    `classes`: numbers of classes, each of which is tried.
    """
    for number in sorted(set(classes)):
        labels = np.arange(MADE_UP * number) % number
        probabilities = np.random.default_rng(0).dirichlet(np.ones(number), len(labels))
        problems = [
            f"{_name(name)} {problem}, tried with made-up probabilities of {number} classes. Nothing was trained"
            for name in METRICS
            if (problem := _try_twice(name, probabilities, labels, process))
        ]
        if problems:
            raise UserError(*problems)


def _try_twice(name: str, probabilities: np.ndarray, labels: np.ndarray, process: JobProcess) -> str | None:
    first, second = (_compute(name, probabilities, labels, process) for _ in range(2))
    if first.problem or second.problem or first.value == second.value:
        return first.problem or second.problem
    return (
        f"gives {first.value} and then {second.value} for the same probabilities, so no report could be made again "
        "(what is random in it needs a seed of its own)"
    )


def measure(folder: Path, clean: bool, process: JobProcess) -> tuple[dict[str, OwnMeasure], list[str]]:
    """Return what each metric gives for the trial in `folder`, and a sentence for each that fails.

    `clean`: whether also without the test images whose scene is in training.
    """
    table = read_predictions(TrialFolder(folder))
    assert table is not None
    frame = to_frame(table)
    tested = (frame["split"] == "test").to_numpy()
    sides = [tested]
    if clean:
        kept = find_clean(frame["split"].to_numpy(), frame["scene"].to_numpy())
        # Without an image of some class, most metrics are none: as macro F1, they are left out then.
        sides += [kept] if set(frame["label"][kept]) == set(frame["label"][tested]) else []
    measured, problems = {}, []
    for name, own in METRICS.items():
        ended = [_compute(name, *_take(frame, side), process) for side in sides]
        problems += [f"{_name(name)} {one.problem}" for one in ended if one.problem][:1]
        values = [None if any(one.problem for one in ended) else one.value for one in ended]
        measured[name] = OwnMeasure(own.extension, *values)
    return measured, problems


def is_stale(result: Result) -> bool:
    """Tell whether a metric, as it is now, was not asked for a trial whose predictions are stored."""
    trained = result.outcome in (Outcome.FINISHED, Outcome.FAILED) and result.stored_hash is not None
    asked = {name: own.extension for name, own in result.metrics.items()}
    return trained and any(asked.get(name) != own.extension for name, own in METRICS.items())


def measure_again(folder: Path, result: Result, process: JobProcess) -> Result:
    """Return the result of a trial with what the metrics give now, published; nothing is trained.

    A trial that only a metric had let fail is finished then. Raises UserError if a metric fails.
    """
    paths = TrialFolder(folder)
    if not paths.predictions.exists():
        raise UserError(f"{paths.predictions} is gone, so no metric can be asked. Train the trial again: retry=all")
    measured, problems = measure(folder, bool(result.data.judged_scenes), process)
    if problems:
        raise UserError(*(f"trial {result.key}: {problem}. Its result stays as it was" for problem in problems))
    again = replace(result, metrics=measured, outcome=Outcome.FINISHED, reason=None)
    again = replace(again, tags={**result.tags, "outcome": str(Outcome.FINISHED)})
    again.write(folder)
    paths.logged_note.unlink(missing_ok=True)  # what was logged lacks these numbers
    return again


def _take(frame: pd.DataFrame, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities, float64 (N, classes) whose rows sum to 1, and labels, int (N,), of these images."""
    names = [str(name) for name in frame if str(name).startswith(PREFIX)]
    probabilities = frame.loc[rows, names].to_numpy(dtype="float64")
    labels = pd.Index(names).get_indexer(pd.Index(PREFIX + frame.loc[rows, "label"].astype(str)))
    return probabilities / probabilities.sum(axis=1, keepdims=True), labels


def _compute(name: str, probabilities: np.ndarray, labels: np.ndarray, process: JobProcess) -> MetricEnded:
    metric = MetricAssignment(name, probabilities, labels, pack_joined(), METRICS[name].extension)
    try:
        return process.any_worker().compute(metric, LONGEST_S)
    except WorkerDiedError as death:
        if death.exit_code == -signal.SIGTERM:  # sent to the whole group, and the worker was quicker than this process
            raise Terminated from death
        return MetricEnded(problem=f"ended its process: {death.reason}")


def _name(name: str) -> str:
    typed = next(one.source.typed for one in joined() if one.digest == METRICS[name].extension)
    return f"the metric {name!r} of extend={typed}"
