"""One attempt at a trial, or at several side by side: what a launcher runs for each job.

In: a job. Out: what came of each trial, and a published result in the run folder, mirrored in MLflow.
A trial that was interrupted goes on from its last whole epoch. Never raises because of a bad trial; faults of the
machine, and trial after trial that dies, do go up and stop the sweep.
"""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import yaml
from filelock import FileLock, Timeout
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from bloodstudy import data, files, tracking
from bloodstudy.cli import terminal
from bloodstudy.cli.command import Terminated
from bloodstudy.config.extension.known import METRICS, pack_joined
from bloodstudy.errors import BloodstudyError, UserError
from bloodstudy.execution import datasets, job_process, own_metrics, result_record
from bloodstudy.execution.job import Job, JobEnd, TrialEnd, read_job
from bloodstudy.execution.job_process import JobProcess
from bloodstudy.study.outcome import DEATHS, PUBLISHED, Outcome
from bloodstudy.study.result import OwnMeasure, Result
from bloodstudy.study.run_folder import StudyFolder, TrialFolder, load_result
from bloodstudy.study.trial import Trial
from bloodstudy.study.trial_files import read_attempts, read_failures
from bloodstudy.training import Worker, checkpoint
from bloodstudy.training.assignment import Assignment
from bloodstudy.training.events import BatchTrained, Ended, EpochTrained, Measured, Resumed, Warned
from bloodstudy.training.worker import WorkerDiedError

RETRIED = {"none": (), "failed": DEATHS, "diverged": (Outcome.DIVERGED,), "all": PUBLISHED}
RETURNED = (
    "config.yaml",
    "attempts.json",
    "failures.json",
    "history.csv",
    "predictions.parquet",
    "model.keras",
    "model.keras.sha256",
    "result.json",
)  # the last one counts
MEASURING = 0.4  # epochs: what one pass over all images without gradients takes, for the time left
BRIEFLY_S = 0.1  # others take a trial's lock for a moment to see whether it is free


def task(composed: DictConfig) -> JobEnd:
    """Do `attempt` for a launcher.

    A launcher must never see an exception: it would print a traceback and go on.
    """
    process = job_process.current()
    if process.fault is not None:
        return JobEnd()
    process.end_with_parent()
    folder = Path(HydraConfig.get().runtime.cwd)
    try:
        job = read_job(composed)
        try:
            os.chdir(folder)
        except OSError:  # Ray's processes are elsewhere; no such folder: nothing is shared with them
            job = job.placed_in(folder)
        return attempt(job, process)
    except BloodstudyError as error:
        process.fault = error
        return JobEnd(fault=(type(error).__name__, str(error)))


def attempt(job: Job, process: JobProcess) -> JobEnd:
    """Train the trials of `job` that are neither finished nor in progress elsewhere."""
    runs_dir = Path(job.trials[0].settings.places.runs_dir)
    # The command has written the plan: a folder without it is another machine's.
    shared = StudyFolder(runs_dir / job.study).plan.exists()
    outcomes: dict[str, Outcome] = {}
    left: list[Attempted] = []
    with ExitStack() as locks:
        for planned in job.trials:
            images = datasets.load_data(planned.settings)
            trial = datasets.make_trial(planned.settings, images, job.study, planned.arm)
            if trial.key != planned.key:
                raise UserError(
                    f"the images changed after the plan was made: it holds trial {planned.key}, and they lead to "
                    f"{trial.key} (fingerprint {trial.data.fingerprint}). Leave the folder alone while a sweep runs, "
                    "and run the same command again"
                )
            folder = TrialFolder(files.make_folder(runs_dir / job.study / trial.key))
            try:
                locks.enter_context(FileLock(folder.lock, timeout=BRIEFLY_S))
            except Timeout:
                outcomes[trial.key] = Outcome.IN_PROGRESS
                continue
            result = read_kept(folder.path, planned.settings.control.retry)
            if result is None:
                _clear(folder)
                left.append(Attempted(trial, images, folder, shared, planned.settings.control.save_model))
            else:
                outcomes[trial.key] = result.outcome
        if left:
            process.claim_cores(runs_dir, job.of)
            results = _train(left, len(job.trials), process)
            process.count_deaths(results)
            outcomes |= {result.key: result.outcome for result in results}
    return JobEnd(tuple(_end(runs_dir / job.study / each.key, outcomes[each.key], shared) for each in job.trials))


def _end(folder: Path, outcome: Outcome, shared: bool) -> TrialEnd:
    kept = [] if shared or outcome == Outcome.IN_PROGRESS else [folder / name for name in RETURNED]
    carried = {file.name: file.read_bytes() for file in kept if file.exists()}
    return TrialEnd(outcome, carried or None)


def read_kept(folder: Path, retry: str) -> Result | None:
    """Return the published result of a trial, or None if there is none or it is to be trained again."""
    result = load_result(folder)
    return result if result is not None and result.outcome not in RETRIED[retry] else None


def _clear(trial: TrialFolder) -> None:
    """Remove the files of an earlier result, so that the trial counts as unfinished until it has a new one.

    If it had a result, it is trained from nothing. Otherwise it goes on from its saved states.
    """
    if trial.result.exists():
        checkpoint.clear(trial.path)
    for path in (trial.result, trial.logged_note, trial.predictions, trial.history):
        path.unlink(missing_ok=True)
    if files.read_hash(trial.model):
        trial.model.unlink(missing_ok=True)
        files.remove_hash(trial.model)


class Attempted:
    """A trial that this process attempts: what it is given, what is written of it."""

    def __init__(self, trial: Trial, images: data.Dataset, folder: TrialFolder, shared: bool, save_model: bool) -> None:
        self.trial, self._images, self._folder, self._save_model = trial, images, folder, save_model
        self.recorder = tracking.Recorder(trial.study if shared else None, folder.path)

    def begin(self) -> Assignment:
        """Count the attempt, open its run, and return what a worker is told."""
        self._attempts = (read_attempts(self._folder) or 0) + 1
        files.write_json(self._folder.attempts, self._attempts)
        params = result_record.params(self.trial)
        files.write_text(self._folder.config, yaml.safe_dump(params, sort_keys=False, allow_unicode=True))
        self.recorder.start(result_record.tags(self.trial), params)
        array = Path(str(self._images.images.filename))
        what = self._folder.path, self.trial.model, self.trial.factors, self._images.classes, array
        judged = self._images.manifest, self._images.judges_clean
        uses = self.trial.extensions
        return Assignment(*what, *judged, files.read_hash(array), pack_joined(), self._save_model, uses=uses)

    def end(self, ended: Ended, seconds: float, process: JobProcess) -> Result:
        """Publish what came of it, which took `seconds` in this attempt; the worker of `process` asks metrics."""
        metrics: dict[str, OwnMeasure] = {}
        if ended.outcome == Outcome.FINISHED and METRICS:
            metrics, problems = own_metrics.measure(self._folder.path, self._images.judges_clean, process)
            ended = replace(ended, outcome=Outcome.FAILED, reason="; ".join(problems)) if problems else ended
        failures, seconds = read_failures(self._folder), seconds + ended.earlier_seconds
        what = self.trial, self._images, ended, self._attempts, seconds, failures, metrics
        result = result_record.assemble(*what)
        if result.outcome in DEATHS:  # first, so that no failure is forgotten
            files.write_json(self._folder.failures, failures + 1)
        result.write(self._folder.path)
        if result.outcome != Outcome.DIVERGED:  # what it was before that may tell why
            checkpoint.clear(self._folder.path)
        self.recorder.end()
        return result


def _train(trials: Sequence[Attempted], size: int, process: JobProcess) -> list[Result]:
    """Train `trials` side by side, of a job of `size` trials; return their results."""
    begun, together, results = time.monotonic(), None, dict[int, Result]()
    first = trials[0].trial
    title = f"{first.arm}, seed {first.factors.seed}" if size == 1 else f"{len(trials)} trials from {first.arm} on"
    with process.bar(title, first.factors.epochs + MEASURING) as bar:
        bar.update(0, "starting")
        # It imports Keras while this process opens the store.
        worker = process.take_worker(first.factors.engine, first.extensions)
        try:
            assignments = [trial.begin() for trial in trials]
            ends = _follow(worker, assignments, size, [each.recorder for each in trials], bar, process)
            # A metric is asked in the same worker, which must be done with all trials by then.
            for place, ended, at in list(ends) if METRICS else ends:
                if together is None:  # what they were trained in; each is measured alone
                    together = at - begun - (ended.evaluate_seconds or 0.0)
                seconds = together / len(trials) + (ended.evaluate_seconds or 0.0)
                results[place] = trials[place].end(ended, seconds, process)
        except BaseException:
            worker.kill()
            for place, trial in enumerate(trials):
                if place not in results:
                    trial.recorder.interrupt()
            raise
        if any(result.outcome in DEATHS for result in results.values()):
            worker.kill()  # if it still lives, it may have too little memory left for the next trial
    process.warn_once(next((each.recorder.trouble for each in trials if each.recorder.trouble), None))
    return [results[place] for place in range(len(trials))]


def _follow(
    worker: Worker,
    assignments: Sequence[Assignment],
    size: int,
    recorders: Sequence[tracking.Recorder],
    bar: terminal.Bar,
    process: JobProcess,
) -> Iterator[tuple[int, Ended, float]]:
    """Yield how each trial ended, with its place and the moment."""
    epochs, speed, left = assignments[0].factors.epochs, "", set(range(len(assignments)))

    def show(epoch: float, accuracy: float) -> None:
        bar.update(epoch, f"epoch {math.ceil(epoch)}/{epochs}, accuracy {accuracy:.3f}{speed}")

    try:
        for place, event in worker.train_all(assignments, size):
            recorder = recorders[place]
            match event:
                case Warned(text):
                    terminal.say(f"  {text}")
                case Resumed(epoch, rows):
                    terminal.say(f"  going on after epoch {epoch} of {epochs}")
                    bar.update(epoch, f"epoch {epoch}/{epochs}")
                    for row in rows:
                        recorder.epoch(row)
                case BatchTrained(epoch, accuracy):
                    show(epoch, accuracy)
                case EpochTrained(row):
                    recorder.epoch(row)
                    process.warn_once(recorder.trouble)
                    speed = f", {row['images_per_second']:,.0f} images/s"
                    show(row["epoch"], row["fit_accuracy"])
                case Measured(share):
                    bar.update(epochs + MEASURING * share, f"measuring {share:.0%}")
                case Ended():
                    left.remove(place)
                    yield place, event, time.monotonic()
    except WorkerDiedError as death:
        if death.exit_code == -signal.SIGTERM:  # sent to the whole group, and the worker was quicker than this process
            raise Terminated from death
        for place in sorted(left):
            yield place, Ended(death.outcome, death.reason), time.monotonic()
