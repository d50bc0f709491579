"""A run from its checked request to its exit code: the plan, what it costs, the trials that are left, the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from bloodstudy import analysis, tracking
from bloodstudy.cli import compose, terminal
from bloodstudy.cli.launch import launch
from bloodstudy.cli.overrides import write
from bloodstudy.config.schema import Control
from bloodstudy.errors import UserError
from bloodstudy.execution import (
    announcement,
    code_change,
    cost_estimate,
    engines,
    job_process,
    launchers,
    own_metrics,
    planner,
    probe,
    saving,
    trial_runner,
)
from bloodstudy.execution.looks import Looks
from bloodstudy.execution.planner import PlannedRun
from bloodstudy.execution.progress import Board
from bloodstudy.execution.rescore import judge_again
from bloodstudy.execution.run_summary import Pages, name_sweep
from bloodstudy.execution.scheduler import Scheduler, serve
from bloodstudy.execution.summary import close
from bloodstudy.study.archive.restore import restore
from bloodstudy.training import require_backend

LOGGED = (
    "question",
    "precision",
    "seeds",
    "design",
    "folds",
    "looks",
    "budget",
    "hash",
)  # of the plan, as parameters of the study's run in MLflow


def carry_out(request: compose.RunRequest, arguments: Sequence[str], multirun: bool, pages: Pages | None = None) -> int:
    """Train what `request` asks for and has no result yet; return the exit code.

    `pages` write the report that the study's own run in MLflow carries; None: it carries none.
    """
    tracking.require_store()
    job_process.current().begin_command()
    settings = request.jobs[0].settings
    runs_dir = Path(settings.places.runs_dir)
    if settings.control.restore:
        terminal.say(restore(Path(settings.control.restore), runs_dir, request.name).told)
    request = engines.settle(request, runs_dir)
    require_backend({job.settings.factors.engine for job in request.jobs})
    planned_run = planner.make_plan(request, arguments, runs_dir)
    folder = runs_dir / planned_run.content.study
    announcement.describe_data(planned_run.images.values(), settings.data, request.design)
    missing_keys = _keep_finished(planned_run, folder, settings.control)
    needed = _hold_looks(planned_run, folder).needed
    spared = sum(key not in needed for key in missing_keys)
    missing_keys = [key for key in missing_keys if key in needed]
    announcement.describe_plan(request, planned_run, missing_keys, spared)
    seconds, workers, known = dict.fromkeys(missing_keys, 1.0), 1, {}
    if missing_keys and (request.study or settings.control.plan_only):  # a plain sweep starts at once
        estimate = _estimate(planned_run, missing_keys, folder)
        known = estimate.seconds
        seconds |= known
        workers = _count_workers(request, missing_keys, multirun, estimate.memory_mb)
        terminal.say(estimate.describe(workers))
        planned_run = _settle_budget(planned_run, estimate, workers)
    elif missing_keys:
        workers = _count_workers(request, missing_keys, multirun)
    if settings.control.plan_only:
        if request.study:
            announcement.describe_foresight(request, planned_run, known, workers, folder)
        terminal.say("plan_only=true: nothing was trained. The same without it trains what is left.")
        return 0
    if missing_keys:
        images = {key: dataset for (key, _), dataset in planned_run.images.items()}
        missing = [(planned_run.trials[key], images[key]) for key in missing_keys]
        probe.try_extensions(missing, folder, job_process.current())
    planned_run.content.write(folder)
    content = planned_run.content.to_dict()
    logged = {key: content[key] for key in LOGGED if key in content}
    many = len(planned_run.content.trials) > 1
    sweep = tracking.Sweep(planned_run.content.digest, name_sweep(planned_run.content)) if many else None
    told = pages if missing_keys or tracking.owes(folder) else None  # the store's page of the study is to be anew
    tracking.begin(folder, len(missing_keys), logged, sweep)
    try:
        if missing_keys:
            _launch(request, planned_run, seconds, workers, folder, multirun)
        looks = _hold_looks(planned_run, folder, say=False)
        looks.keep()
        return close(folder, planned_run, request, looks, told)
    except BaseException as error:
        tracking.finish(folder, "FAILED" if isinstance(error, Exception) else "KILLED")
        raise


def _keep_finished(planned_run: PlannedRun, folder: Path, control: Control) -> list[str]:
    """Return the keys that are still to be trained; the others are judged by what is known of the images now.

    Raises UserError if other code has trained a part and on_code_change does not allow it.
    """
    keys = [trial.key for trial in planned_run.requested]
    results = {key: trial_runner.read_kept(folder / key, control.retry) for key in keys}
    pixels = {key: images.pixels for (key, _), images in planned_run.images.items()}
    code_change.check(results, folder, control, pixels)
    for trial in planned_run.requested:
        if result := results[trial.key]:
            images = planned_run.images[trial.key, trial.evaluated_on]
            results[trial.key] = judge_again(folder / trial.key, result, images)
    missing = [key for key, result in results.items() if result is None]
    if control.save_model:
        saving.check(planned_run.trials.values())
        saving.tell_missing([key for key, result in results.items() if result is not None], folder)
    stale = {key: result for key, result in results.items() if result is not None and own_metrics.is_stale(result)}
    process = job_process.current()
    if missing or stale:
        own_metrics.try_metrics((len(images.classes) for images in planned_run.images.values()), process)
    for key, result in stale.items():
        own_metrics.measure_again(folder / key, result, process)
    if stale:
        trials, whose = ("trial", "its") if len(stale) == 1 else ("trials", "their")
        terminal.say(f"metrics of {len(stale)} finished {trials} measured from {whose} predictions")
    return missing


def _hold_looks(planned_run: PlannedRun, folder: Path, say: bool = True) -> Looks:
    """Return what the looks so far have decided, and what they have left to be trained."""
    looks = Looks(planned_run.content, folder, terminal.say if say else lambda _: None)
    looks.hold(planned_run.content.repetitions.count if planned_run.content.questions else 0)
    for line in announcement.describe_taken_back(looks.taken_back) if say else ():
        terminal.say(line)
    return looks


def _estimate(planned_run: PlannedRun, missing_keys: Sequence[str], folder: Path) -> cost_estimate.Estimate:
    """Return what the missing trials will cost."""
    images = {key: dataset for (key, _), dataset in planned_run.images.items()}
    trials = [(planned_run.trials[key], images[key]) for key in missing_keys]
    return cost_estimate.estimate(trials, folder, job_process.current())


def _settle_budget(planned_run: PlannedRun, estimate: cost_estimate.Estimate, workers: int) -> PlannedRun:
    """Return the run with a budget in hours as the number of trainings that it pays, for good; say what it pays.

    Raises UserError if it does not pay the first look.
    """
    plan = planned_run.content
    if plan.budget is None:
        return planned_run
    budget = plan.budget
    if plan.trainings_paid is None:
        if not estimate.seconds:
            raise UserError("budget: how long a trial takes is not known here; give a number of trainings")
        paid = 3600 * float(budget[:-1]) * workers / fmean(estimate.seconds.values())
        budget = f"{int(paid)} trainings, from {budget}"
    plan, first = replace(plan, budget=budget), analysis.count_trainings(plan, {}, 0)
    if plan.trainings_paid is not None and plan.trainings_paid < first:
        raise UserError(f"budget: {budget}, and the first look takes {first} trainings; expected as many or more")
    announcement.describe_budget(plan)
    return replace(planned_run, content=replace(plan, hash=plan.digest))


def _count_workers(request: compose.RunRequest, keys: Sequence[str], multirun: bool, memory_mb: float = 0.0) -> int:
    return launchers.count_workers(request.hydras, len(keys), memory_mb) if multirun else 1


def _launch(
    request: compose.RunRequest,
    planned_run: PlannedRun,
    seconds: Mapping[str, float],
    workers: int,
    folder: Path,
    multirun: bool,
) -> None:
    """Train the trials of `seconds` through Hydra's launcher; raises the fault of the machine that stopped it."""
    scheduler = Scheduler(planned_run.content, planned_run.settings, set(seconds), folder)
    serve(scheduler)
    # The sweeper asks for those of many itself.
    jobs = ["-m"] if multirun else scheduler.overrides((planned_run.requested[0],))
    # Absolute, since the processes of some launchers work in a folder of their own.
    chosen = launchers.choose(request.hydras, workers)
    shared = [write("runs_dir", str(folder.parent.absolute())), *chosen, *launchers.carry(chosen)]
    board = Board(planned_run.requested, seconds, folder, lambda: scheduler.left_out, lambda: scheduler.decided)
    with board, launchers.explained():
        launch(trial_runner.task, [*jobs, *shared])
    fault = scheduler.fault or job_process.current().fault
    if fault is not None:
        raise fault
