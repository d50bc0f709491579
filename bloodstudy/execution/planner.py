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
from bloodstudy.execution.plan_content import ELSEWHERE, brief, decide, find_cells, label, merge_arms
from bloodstudy.study.arms import BLOCK_KEYS, Role, changed_levels, name_arm
from bloodstudy.study.design import DesignName
from bloodstudy.study.plan import STUDY_DECIDES, Plan
from bloodstudy.study.planned import PlannedTrial
from bloodstudy.study.question import SCRATCH
from bloodstudy.study.run_folder import StudyFolder, read_plan
from bloodstudy.study.trial import Trial
from bloodstudy.training import resolve_precision

# What is about one call alone, and not about the study: the command that goes on says nothing of it.
ONCE = ("repetitions=", "plan_only=", "detect=", "restore=", "retry=")


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
    study = request.study
    name = study.name if study else SCRATCH
    old = _read_old(runs_dir, name)
    if old and request.design and request.design.name == DesignName.FOLDS and not _is_begun(runs_dir, old):
        old = None
    jobs = [_settle_precision(job, old) for job in request.jobs]
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
    if old:
        plan = _amend(plan, old, runs_dir)
    elif study and not study.study and (before := _read_seen(runs_dir, plan)):
        plan = replace(plan, amendments=_list_changes(plan, before))
    arms_by_key = {trial.key: trial.arm for trial in reversed(trials)}
    return PlannedRun(
        replace(plan, hash=plan.digest),
        [trial for trial in trials if request.seeds is None or trial.seed < request.seeds],
        dict(zip(identities, images, strict=True)),
        dict(zip(identities, (job.settings for job in jobs), strict=True)),
        {trial.key: replace(trial, arm=arms_by_key[trial.key]) for trial in made if trial.key in arms_by_key},
    )


def _read_old(runs_dir: Path, study: str) -> Plan | None:
    exists = study != SCRATCH and StudyFolder(runs_dir / study).plan.exists()
    return read_plan(runs_dir, study) if exists else None


def _is_begun(runs_dir: Path, plan: Plan) -> bool:
    """Tell whether a trial of the plan has a result."""
    folder = StudyFolder(runs_dir / plan.study)
    return any(folder.trial(key).result.exists() for key in plan.keys)


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


def _settle_precision(job: compose.RequestedTrial, old: Plan | None) -> compose.RequestedTrial:
    """Return `job` with its precision resolved: once for a study, when it is first planned."""
    typed = job.settings.factors.precision
    planned = old.precision if old and old.precision and typed == "auto" else typed
    factors = replace(job.settings.factors, precision=resolve_precision(planned, job.settings.factors.engine))
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


def _amend(plan: Plan, old: Plan, runs_dir: Path) -> Plan:
    """Return `plan` with what differs from the `old` one listed; raises UserError if the data or the blocks differ."""
    path = f"{runs_dir / plan.study}/plan.yaml"
    if DesignName.FOLDS in (plan.design, old.design):
        now, then = (_name_blocks(p) for p in (plan, old))
        if now != then:
            raise UserError(
                f"{path} declares {then}; received {now}. That cannot change once a trial has a result: leave it as it "
                "was, or give this study another runs_dir"
            )
    now, then = ({_name_data(trial) for trial in p.trials} for p in (plan, old))
    if now != then:
        raise UserError(
            f"{path} was made for {'; '.join(sorted(then))}; received {'; '.join(sorted(now))}. A study has "
            f"one data set: leave the images as they were, or give this one another runs_dir"
        )
    if old.design is not None and _is_begun(runs_dir, old):
        _refuse_other_rules(plan, old, path)
    levels = {trial.arm: trial.levels for trial in plan.trials}
    beyond = [  # an extension stays planned if a command asks for fewer seeds
        replace(trial, levels={**levels[trial.arm], "seed": trial.seed})
        for trial in old.trials
        if trial.seed not in plan.seeds and trial.arm in levels
    ]
    trials = (*plan.trials, *beyond)
    seeds, looks, changes = sorted({trial.seed for trial in trials}), plan.looks, []
    if old.looks and list(looks) != list(old.looks):
        changes = [f"looks: {brief(looks)} came after {brief(old.looks)}, which stay"]
        looks = old.looks  # a look that is declared when its seeds may have been seen is none
    plan = replace(plan, trials=trials, seeds=seeds, swept={**plan.swept, "seed": seeds}, looks=looks)
    if plan.budget and old.budget and old.budget.endswith(f"from {plan.budget}"):
        plan = replace(plan, budget=old.budget)
    plan = replace(plan, design=old.design if old.questions else plan.design)  # what decided before there were designs
    folder, kept = StudyFolder(runs_dir / plan.study), {*plan.keys}
    if dropped := sum(folder.trial(key).result.exists() for key in {*old.keys} - kept):
        changes.append(f"trials: {dropped} that have a result are not planned any more")
    return replace(plan, amendments=_list_changes(plan, old, changes))


def _refuse_other_rules(plan: Plan, old: Plan, path: str) -> None:
    """Raise UserError if a verdict would be reached otherwise than was declared before the first result."""
    now, then = _list_rules(plan), _list_rules(old)
    if plan.budget and (old.budget or "").endswith(f"from {plan.budget}"):
        now["budget"] = then["budget"]
    stays = (
        "What decides cannot change once a trial has a result: leave it as it was, or give this study another runs_dir"
    )
    if problems := [
        f"{path} declares {name} {then.get(name, 'none')}; received {now.get(name, 'none')}. {stays}"
        for name in dict.fromkeys([*then, *now])
        if then.get(name) != now.get(name)
    ]:
        raise UserError(*problems)


def _list_rules(plan: Plan) -> dict[str, str]:
    """Return what verdicts depend on beside the looks, in words: margins, tested arms, the budget."""
    rules = {"budget": plan.budget or "none", "response": plan.responds_by}  # an edited text is listed as amended
    for question in plan.questions:
        tested = [arm for arm in question.arms if plan.role_of(arm, question) == Role.CONFIRMATORY]
        rules[f"question={question.name}: margin"] = f"{question.margin:g}"
        rules[f"question={question.name}: simplify"] = str(question.simplify).lower()
        rules[f"question={question.name}: tested arms"] = ", ".join(tested) or "none"
    return rules


def _name_blocks(plan: Plan) -> str:
    seeds = sorted({trial.seed for trial in plan.trials})
    if plan.design != DesignName.FOLDS:
        return "design=fixed"
    first = seeds[0] // plan.folds
    return f"{plan.folds} folds, repetitions {first} to {first + plan.repetitions.count - 1}, looks {brief(plan.looks)}"


def _list_changes(plan: Plan, old: Plan, more: Sequence[str] = ()) -> list[str]:
    """Return the amendments of the `old` plan, `more`, and what `plan` decides otherwise than it did."""
    now, then = plan.to_dict(), old.to_dict()
    changed = [name for name in STUDY_DECIDES if brief(then.get(name)) != brief(now.get(name))]
    changes = [f"{name}: {brief(then.get(name))} became {brief(now.get(name))}" for name in changed]
    return list(dict.fromkeys([*(old.amendments or []), *more, *changes]))


def _name_data(trial: PlannedTrial) -> str:
    data = {name: value for name, value in trial.data.items() if value is not None}
    return f"data={data.pop('name')} judged by {trial.evaluated_on} ({', '.join(f'{k} {v}' for k, v in data.items())})"
