"""One attempt at one trial: what a launcher runs for each job.

In: a job. Out: the outcome's name, and a published result in the run folder, mirrored in MLflow.
A trial that was interrupted goes on from its last whole epoch. Never raises because of a bad trial; faults of the
machine, and trial after trial that dies, do go up and stop the sweep.
"""

from __future__ import annotations

import math
import os
import signal
import time
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
from bloodstudy.execution.job import Job, JobEnd, read_job
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
        return JobEnd(Outcome.MISSING)
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
        return JobEnd(Outcome.MISSING, (type(error).__name__, str(error)))


def attempt(job: Job, process: JobProcess) -> JobEnd:
    """Train the trial of `job`, unless it is finished or in progress elsewhere."""
    settings = job.settings
    runs_dir = Path(settings.places.runs_dir)
    # The command has written the plan: a folder without it is another machine's.
    shared = StudyFolder(runs_dir / job.study).plan.exists()
    images = datasets.load_data(settings)
    trial = datasets.make_trial(settings, images, job.study, job.arm)
    if trial.key != job.key:
        raise UserError(
            f"the images changed after the plan was made: it holds trial {job.key}, and they lead to "
            f"{trial.key} (fingerprint {trial.data.fingerprint}). Leave the folder alone while a sweep runs, and run "
            "the same command again"
        )
    folder = files.make_folder(runs_dir / job.study / trial.key)
    try:
        with FileLock(TrialFolder(folder).lock, timeout=BRIEFLY_S):
            result = read_kept(folder, settings.control.retry)
            if result is None:
                _clear(TrialFolder(folder))
                process.claim_cores(runs_dir, job.trials)
                result = _train(trial, images, folder, shared, process)
                process.count_deaths(result)
    except Timeout:
        return JobEnd(Outcome.IN_PROGRESS)
    kept = (folder / name for name in RETURNED)
    carried = None if shared else {file.name: file.read_bytes() for file in kept if file.exists()}
    return JobEnd(result.outcome, files=carried)


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


def _train(trial: Trial, images: data.Dataset, folder: Path, shared: bool, process: JobProcess) -> Result:
    begun = time.monotonic()
    paths = TrialFolder(folder)
    attempts = (read_attempts(paths) or 0) + 1
    files.write_json(paths.attempts, attempts)
    with process.bar(f"{trial.arm}, seed {trial.factors.seed}", trial.factors.epochs + MEASURING) as bar:
        bar.update(0, "starting")
        worker = process.take_worker(trial.factors.engine)  # imports Keras while this process opens the store
        params = result_record.params(trial)
        files.write_text(paths.config, yaml.safe_dump(params, sort_keys=False, allow_unicode=True))
        recorder = tracking.Recorder(trial.study if shared else None, folder)
        recorder.start(result_record.tags(trial), params)
        array = Path(str(images.images.filename))
        what = trial.model, trial.factors, images.classes
        assignment = Assignment(
            folder, *what, array, images.manifest, images.judges_clean, files.read_hash(array), pack_joined()
        )
        try:
            ended = _follow(worker, assignment, recorder, bar, process)
            metrics: dict[str, OwnMeasure] = {}
            if ended.outcome == Outcome.FINISHED and METRICS:
                metrics, problems = own_metrics.measure(folder, images.judges_clean, process)
                ended = replace(ended, outcome=Outcome.FAILED, reason="; ".join(problems)) if problems else ended
        except BaseException:
            worker.kill()
            recorder.interrupt()
            raise
        seconds = time.monotonic() - begun + ended.earlier_seconds
        failures = read_failures(paths)
        result = result_record.assemble(trial, images, ended, attempts, seconds, failures, metrics)
        if result.outcome in DEATHS:  # first, so that no failure is forgotten
            files.write_json(paths.failures, failures + 1)
        result.write(folder)
        if result.outcome != Outcome.DIVERGED:  # what it was before that may tell why
            checkpoint.clear(folder)
        if result.outcome in DEATHS:
            worker.kill()  # if it still lives, it may have too little memory left for the next trial
        recorder.end()
    process.warn_once(recorder.trouble)
    return result


def _follow(
    worker: Worker, assignment: Assignment, recorder: tracking.Recorder, bar: terminal.Bar, process: JobProcess
) -> Ended:
    epochs, speed = assignment.factors.epochs, ""

    def show(epoch: float, accuracy: float) -> None:
        bar.update(epoch, f"epoch {math.ceil(epoch)}/{epochs}, accuracy {accuracy:.3f}{speed}")

    try:
        for event in worker.train(assignment):
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
                    return event
    except WorkerDiedError as death:
        if death.exit_code == -signal.SIGTERM:  # sent to the whole group, and the worker was quicker than this process
            raise Terminated from death
        return Ended(death.outcome, death.reason)
    raise AssertionError("the worker's events ended without a result")
