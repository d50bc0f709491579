"""The plan: which trials there are and what was decided before the first of them was trained.

In: the checked jobs of a command. Out: the content of runs/<study>/plan.yaml. The plan of a study stays what it was:
other data under its name is refused, any other later change is listed in it as an amendment.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bloodstudy import __version__
from bloodstudy.cli import compose
from bloodstudy.cli.overrides import write
from bloodstudy.cli.unread import list_unread
from bloodstudy.config.extension.known import joined
from bloodstudy.config.schema import Settings
from bloodstudy.data import Dataset
from bloodstudy.errors import UserError
from bloodstudy.execution import datasets
from bloodstudy.execution.amendments import amend, is_begun, list_changes, refuse_another_sweep, tell_dropped
from bloodstudy.execution.plan_content import ELSEWHERE, decide, find_cells, label, merge_arms
from bloodstudy.study.arms import BLOCK_KEYS, Role, changed_levels, name_arm
from bloodstudy.study.design import DesignName
from bloodstudy.study.plan import LATE, Plan
from bloodstudy.study.planned import PlannedTrial
from bloodstudy.study.question import SCRATCH
from bloodstudy.study.run_folder import StudyFolder, read_plan
from bloodstudy.study.trial import Trial
from bloodstudy.training import resolve_precision

# What is about one call alone, and not about the study: the command that goes on says nothing of it.
ONCE = ("repetitions=", "plan_only=", "detect=", "restore=", "retry=")


def _asks_for_fewer(arguments: Sequence[str], plan: Plan) -> bool:
    """Tell whether the command is about fewer seeds than the last look: the study goes on without that word."""
    counts = [word.partition("=")[2] for word in arguments if word.startswith("seeds=")]
    return any(count.isdecimal() and int(count) < plan.repetitions.looks[-1] for count in counts)


@dataclass(frozen=True, eq=False)
class PlannedRun:
    """A plan and what it was made from."""

    content: Plan
    requested: list[PlannedTrial]  # the planned trials that this command is about
    images: dict[tuple[str, str], Dataset]  # by trial key and the split that the trial is judged by
    settings: dict[tuple[str, str], Settings]  # by the same
    trials: dict[str, Trial]  # by key, with the arm that it is called by


def make_plan(request: compose.RunRequest, arguments: Sequence[str], runs_dir: Path) -> PlannedRun:
    """Make the plan of `request`; raises UserError if it contradicts the study's plan that is there already."""
    study, name = request.study, request.name
    old = read_old(runs_dir, name)
    if old and request.design and request.design.name == DesignName.FOLDS and not is_begun(runs_dir, old):
        old = None
    engines = {job.settings.factors.engine for job in request.jobs}
    jobs = [_settle_precision(job, old, engines) for job in request.jobs]
    datasets.forget_data()
    images = [datasets.load_data(job.settings) for job in jobs]
    if unread := list_unread([(j.levels, j.settings.data, i.split) for j, i in zip(jobs, images, strict=True)]):
        raise UserError(*unread)
    made = [datasets.make_trial(job.settings, dataset, name) for job, dataset in zip(jobs, images, strict=True)]
    trials = [_plan_trial(*one) for one in zip(jobs, made, images, strict=True)]
    identities = [(trial.key, trial.evaluated_on) for trial in trials]
    if study:
        for job, dataset in zip(jobs, images, strict=True):
            datasets.refuse_leaks(dataset, declared="data.split" in job.levels)
        arms, cells = merge_arms(study, trials), find_cells(study, trials)
        names = {arm.name for arm in arms}
        trials = [trial for trial in trials if trial.arm in names]
        swept, trials = label(study, arms, jobs[0].settings, trials)
    else:
        swept = request.swept
        trials = [_name_plain(trial, job.levels, swept) for trial, job in zip(trials, jobs, strict=True)]
    plan = Plan(
        study=name,
        command=shlex.join(["python", "-m", "bloodstudy.run", *(w for w in arguments if not w.startswith(ONCE))]),
        swept={key: list(levels) for key, levels in swept.items()},
        trials=tuple(trials),
        bloodstudy=__version__,
        precision=jobs[0].settings.factors.precision,
        seeds=sorted({trial.seed for trial in trials}),
        extensions=[extension.to_dict() for extension in joined()],
    )
    if study:
        assert request.design is not None
        plan = decide(plan, study, request.design, arms, request.jobs[0], cells)
        if _asks_for_fewer(arguments, plan):
            again = [word for word in shlex.split(plan.command) if not word.startswith("seeds=")]
            plan = replace(plan, command=shlex.join(again))
    if old and old.questions and study:
        plan = amend(plan, old, runs_dir)
    elif old:
        refuse_another_sweep(plan, old, runs_dir)
    elif study and not study.study and (before := _read_seen(runs_dir, plan)):
        plan = replace(plan, amendments=list_changes(plan, before, tell_dropped(plan, before, runs_dir)))
    elif study and (seen := _count_results(StudyFolder(runs_dir / name), plan)):
        trials_of = "1 trial of" if seen == 1 else f"{seen} trials of"
        plan = replace(plan, amendments=[f"{LATE}: {trials_of} its arms had a result before it was made"])
    arms_by_key = {trial.key: trial.arm for trial in reversed(trials)}
    return PlannedRun(
        replace(plan, hash=plan.digest),
        [trial for trial in trials if request.seeds is None or trial.seed < request.seeds],
        dict(zip(identities, images, strict=True)),
        dict(zip(identities, (job.settings for job in jobs), strict=True)),
        {trial.key: replace(trial, arm=arms_by_key[trial.key]) for trial in made if trial.key in arms_by_key},
    )


def read_old(runs_dir: Path, study: str) -> Plan | None:
    """Return the plan of a study that was planned before; None for other sweeps, which are planned anew."""
    exists = study != SCRATCH and StudyFolder(runs_dir / study).plan.exists()
    return read_plan(runs_dir, study) if exists else None


def _read_seen(runs_dir: Path, plan: Plan) -> Plan | None:
    """Return the earlier plan of the questions of `plan`, asked outside a study, if a trial of both has a result.

    They are planned anew each time, and what is changed once a result can have been seen is listed all the same.
    """
    folder = StudyFolder(runs_dir / SCRATCH)
    if not folder.plan.exists():
        return None
    before = read_plan(runs_dir, SCRATCH)
    names, earlier = ([question.name for question in p.questions] for p in (plan, before))
    shared = set(plan.keys) & set(before.keys)
    seen = any(folder.trial(key).result.exists() for key in shared)
    return before if names == earlier and seen else None


def _count_results(folder: StudyFolder, plan: Plan) -> int:
    """Return how many trials of a new plan's tested arms have a result: of a sweep, or of a plan that is gone."""
    tested = {name for name, arm in plan.arms.items() if arm.role == Role.CONFIRMATORY}
    return sum(folder.trial(trial.key).result.exists() for trial in plan.trials if trial.arm in tested)


def _settle_precision(job: compose.RequestedTrial, old: Plan | None, engines: set[str]) -> compose.RequestedTrial:
    """Return `job` with its precision resolved: once for a study, when it is first planned, and for all `engines`."""
    typed = job.settings.factors.precision
    planned = old.precision if old and old.precision and typed == "auto" else typed
    factors = replace(job.settings.factors, precision=resolve_precision(planned, engines))
    return replace(job, settings=replace(job.settings, factors=factors))


def _plan_trial(job: compose.RequestedTrial, trial: Trial, images: Dataset) -> PlannedTrial:
    levels = {key: value for key, value in job.levels.items() if key not in (*ELSEWHERE, "precision")}
    return PlannedTrial(
        key=trial.key,
        arm=job.arm.name if job.arm else "",
        seed=trial.factors.seed,
        levels={},
        data=asdict(trial.data),
        evaluated_on=images.split,  # official_clean shares its trial with official
        overrides=[*(write(*level) for level in levels.items()), f"precision={trial.factors.precision}"],
    )


def _name_plain(trial: PlannedTrial, chosen: Mapping[str, Any], swept: Iterable[str]) -> PlannedTrial:
    """Return a trial of a plain sweep with its levels, and with the name that they give its arm."""
    levels = {key: chosen[key] for key in swept}
    named = levels.keys() - BLOCK_KEYS
    return replace(trial, levels=levels, arm=name_arm(levels if named else changed_levels(chosen)))
