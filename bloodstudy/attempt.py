"""One attempt at one trial: what a launcher runs for each job.

In: a composed configuration. Out: the outcome's name, and a published result in the run folder, mirrored in MLflow.
A trial that was interrupted goes on from its last whole epoch. Never raises because of a bad trial; faults of the
machine, and trial after trial that dies, do go up and stop the sweep.
"""

from __future__ import annotations

import atexit
import math
import signal
import time
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout
from omegaconf import DictConfig, OmegaConf

from bloodstudy import analysis, config, data, design, files, outcome, terminal, tracking
from bloodstudy.errors import BloodstudyError, MachineError, UserError
from bloodstudy.judging import judge_again
from bloodstudy.training import Assignment, Worker, resolve_precision, state
from bloodstudy.training.worker import WorkerDiedError

RETRIED = {
    "none": (),
    "failed": ("failed", "out_of_memory"),
    "diverged": ("diverged",),
    "all": ("failed", "out_of_memory", "diverged", "finished"),
}
DEATHS = ("failed", "out_of_memory")  # what says that something is wrong beyond the trial where it repeats itself
PATIENCE = 3  # deaths in a row that stop a sweep
MEASURING = 0.4  # epochs: what one pass over all images without gradients takes, for the time left

_worker: Worker | None = None  # one for this process, reused: importing Keras costs seconds
fault: BloodstudyError | None = None  # of the machine: the rest of the sweep is not tried, the command ends with it
_deaths = 0  # trials in a row that this process has seen die


def task(composed: DictConfig) -> str:
    """Do `attempt` for a launcher, which must never see an exception: it would print a traceback and go on."""
    global fault
    if fault is not None:
        return "missing"
    try:
        return attempt(composed)
    except BloodstudyError as error:
        fault = error
        return "missing"


def attempt(composed: DictConfig) -> str:
    """Train the trial that `composed` describes, unless it is finished or in progress elsewhere; return its outcome."""
    content = OmegaConf.to_container(composed)
    settings = config.settings(content)  # type: ignore[arg-type]
    plan = analysis.read_plan(Path(settings.places.runs_dir), design.SCRATCH)
    images = load_data(settings)
    trial = make_trial(settings, images, plan)
    title = _title(trial, images.split, plan)
    folder = files.make_folder(Path(settings.places.runs_dir) / trial.study / trial.key)
    try:
        with FileLock(folder / ".lock", timeout=0):
            published = files.read_json(folder / "result.json")
            if published is not None and published["outcome"] not in RETRIED[settings.control.retry]:
                judge_again(folder, published, images)
                terminal.say(f"{title}: {published['outcome']} earlier, nothing to train (trial {trial.key})")
                return published["outcome"]
            _clear(folder, published is not None)
            result = _train(trial, images, folder, title)
    except Timeout:
        terminal.say(f"{title}: in progress in another process")
        return "in_progress"
    terminal.say(f"{title}: {_headline(result, images.split)}")
    _stop_after_deaths(result)
    return result["outcome"]


def _stop_after_deaths(result: dict[str, Any]) -> None:
    """Raise MachineError where this was the third trial in a row that died: the rest would fare no better."""
    global _deaths
    _deaths = _deaths + 1 if result["outcome"] in DEATHS else 0
    if _deaths == PATIENCE:
        advice = "Their result.json say more, under reason and traceback"
        if result["outcome"] == "out_of_memory":
            advice = "They need more memory: take a smaller batch_size or image_size, or train fewer at once"
        raise MachineError(
            f"{PATIENCE} trials in a row have died, so the sweep stops. The last one: {result['outcome']}, "
            f"{result['reason']}. {advice}. The same command with retry=failed trains them again"
        )


def _title(trial: design.Trial, judged: str, plan: dict[str, Any]) -> str:
    planned = [(entry["key"], entry["judged"]) for entry in plan["trials"]]
    if (trial.key, judged) not in planned:
        raise UserError(
            f"the images changed after the plan was made: it does not hold trial {trial.key} (fingerprint "
            f"{trial.data.fingerprint}). Leave the folder alone while a sweep runs, and run the same command again"
        )
    position = planned.index((trial.key, judged))
    return f"[{position + 1}/{len(planned)}] {plan['trials'][position]['arm']}, seed {trial.factors.seed}"


def _clear(folder: Path, anew: bool) -> None:
    """Remove what an earlier result left, so that the trial counts as unfinished until it has a new one.

    Where it had one, it is trained `anew`: from nothing. Otherwise its saved states stay, to be gone on from.
    """
    if anew:
        state.clear(folder)
    for name in ("result.json", "logged.json", "predictions.parquet", "history.csv"):
        (folder / name).unlink(missing_ok=True)


def load_data(settings: config.Settings) -> data.Dataset:
    """Return the images of `settings`, screened, decoded and split; kept for the next trial of this process."""
    return _load(settings.data, settings.factors.colour, settings.factors.image_size, settings.places.cache_dir)


@lru_cache(maxsize=16)  # the folds of a split, say
def _load(choice: config.DataChoice, colour: str, image_size: tuple[int, int], cache_dir: str | None) -> data.Dataset:
    cache = Path(cache_dir) if cache_dir else None
    with terminal.stages(choice.name) as progress:
        return data.load(choice, colour=colour, image_size=image_size, cache_dir=cache, progress=progress)


def make_trial(settings: config.Settings, images: data.Dataset, plan: dict[str, Any] | None = None) -> design.Trial:
    """Return the trial of `settings` on `images`, named as the plan names it."""
    factors = replace(settings.factors, precision=resolve_precision(settings.factors.precision))
    identity = design.identify(settings.data, images.split, images.fingerprint, images.provenance.digest)
    trial = design.Trial(design.SCRATCH, "", settings.model.name, factors, identity)
    arms = [planned["arm"] for planned in plan["trials"] if planned["key"] == trial.key] if plan else []
    return replace(trial, arm=arms[0] if arms else "")


def _train(trial: design.Trial, images: data.Dataset, folder: Path, title: str) -> dict[str, Any]:
    begun = time.monotonic()
    attempts = (files.read_json(folder / "attempts.json") or 0) + 1
    files.write_json(folder / "attempts.json", attempts)
    with terminal.Bar(title, trial.factors.epochs + MEASURING) as bar:
        bar.update(0, "starting")
        worker = _take_worker()  # imports Keras while this process opens the store
        params = outcome.params(trial)
        files.write_text(folder / "config.yaml", yaml.safe_dump(params, sort_keys=False, allow_unicode=True))
        recorder = tracking.Recorder(store(trial.study), folder)
        with terminal.uninterrupted():
            recorder.start(outcome.tags(trial), params)
        array = Path(str(images.images.filename))
        what = trial.model, trial.factors, images.classes
        assignment = Assignment(folder, *what, array, images.manifest, images.judges_clean)
        try:
            event = _follow(worker, assignment, recorder, bar)
        except BaseException:
            worker.kill()
            recorder.interrupt()
            raise
        seconds = time.monotonic() - begun + event.get("earlier_seconds", 0.0)
        result = outcome.assemble(trial, images, event, attempts, seconds)
        files.write_json(folder / "result.json", result)
        if result["outcome"] != "diverged":  # what it was before that may tell why
            state.clear(folder)
        if result["outcome"] in DEATHS:
            worker.kill()  # where it still lives, it may have too little memory left for the next trial
        with terminal.uninterrupted():
            recorder.end()
    if recorder.trouble:
        terminal.say(f"  not in MLflow yet ({recorder.trouble}); the next command will log it from {folder}")
    return result


def _follow(worker: Worker, assignment: Assignment, recorder: tracking.Recorder, bar: terminal.Bar) -> dict[str, Any]:
    epochs, speed = assignment.factors.epochs, ""
    try:
        for event in worker.train(assignment):
            match event["event"]:
                case "warning":
                    terminal.say(f"  {event['text']}")
                case "resumed":
                    terminal.say(f"  going on after epoch {event['epoch']} of {epochs}")
                    bar.update(event["epoch"], f"epoch {event['epoch']}/{epochs}")
                    with terminal.uninterrupted():
                        for row in event["rows"]:
                            recorder.epoch(row)
                case "epoch":
                    with terminal.uninterrupted():
                        recorder.epoch(event)
                    speed = f", {event['images_per_second']:,.0f} images/s"
                case "measure":
                    bar.update(epochs + MEASURING * event["share"], f"measuring {event['share']:.0%}")
                case "result":
                    return event
            if "fit_accuracy" in event:
                accuracy = f"accuracy {event['fit_accuracy']:.3f}"
                bar.update(event["epoch"], f"epoch {math.ceil(event['epoch'])}/{epochs}, {accuracy}{speed}")
    except WorkerDiedError as death:
        return {"outcome": "out_of_memory" if death.exit_code == -signal.SIGKILL else "failed", "reason": death.reason}
    raise AssertionError("the worker's events ended without a result")


def _take_worker() -> Worker:
    global _worker
    if _worker is None or not _worker.alive:
        _worker = Worker()
        atexit.register(_worker.close)
    return _worker


@lru_cache(maxsize=2)
def store(study: str) -> tracking.Store | None:
    try:
        return tracking.open_store(study)
    except MachineError as error:
        terminal.say(f"warning: {error}. Training goes on; the trials are logged with the next command.")
        return None


def _headline(result: dict[str, Any], judged: str) -> str:
    seconds = terminal.span(result["cost"]["wall_seconds"])
    if result["outcome"] != "finished":
        return f"{result['outcome']} after {seconds}: {result['reason']}"
    measured = analysis.judge(result["responses"], judged)
    figures = f"train {measured['train_accuracy']:.3f}, test {measured['test_accuracy']:.3f}"
    return f"{figures}, gap {measured['accuracy_gap']:+.3f} ({seconds})"
