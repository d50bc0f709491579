"""What a later command changes in the plan of a study or of a sweep with a name: listed in it, or refused.

In: the plan that was just made, and the one that is there. Out: the plan with its amendments; UserError for what cannot
change once a trial has a result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bloodstudy.errors import UserError
from bloodstudy.execution.looks import Looks
from bloodstudy.execution.plan_content import brief
from bloodstudy.study.arms import Role
from bloodstudy.study.design import DesignName
from bloodstudy.study.plan import DROPPED, STUDY_DECIDES, Plan
from bloodstudy.study.planned import PlannedTrial
from bloodstudy.study.run_folder import StudyFolder

STAYS = "What decides cannot change once a trial has a result: leave it as it was, or give this study another runs_dir"


def amend(plan: Plan, old: Plan, runs_dir: Path) -> Plan:
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
    if old.design is not None and is_begun(runs_dir, old):
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
    first, then = (p.repetitions.seeds_of(p.repetitions.looks[-1]) for p in (plan, old))
    if old.design == DesignName.FIXED and first != then and is_begun(runs_dir, old):
        raise UserError(f"{path} has its looks at the seeds {brief(then)}; received {brief(first)}. {STAYS}")
    dropped = tell_dropped(plan, old, runs_dir)
    if dropped and old.design is not None:
        _refuse_after_a_look(old, runs_dir, path)
    return replace(plan, amendments=list_changes(plan, old, [*changes, *dropped]))


def tell_dropped(plan: Plan, old: Plan, runs_dir: Path) -> list[str]:
    """Return the amendment that says how many results of the `old` plan are in `plan` no more; empty if none is."""
    dropped = {*_list_finished(runs_dir, old)} - {*plan.keys}
    return [f"{DROPPED}: {len(dropped)} that have a result are not planned any more"] if dropped else []


def is_begun(runs_dir: Path, plan: Plan) -> bool:
    """Tell whether a trial of the plan has a result."""
    return bool(_list_finished(runs_dir, plan))


def _list_finished(runs_dir: Path, plan: Plan) -> list[str]:
    folder = StudyFolder(runs_dir / plan.study)
    return [key for key in plan.keys if folder.trial(key).result.exists()]


def refuse_another_sweep(plan: Plan, old: Plan, runs_dir: Path) -> None:
    """Raise UserError if a sweep has the name of another one: under one name it may grow, and loses no result."""
    lost = {*_list_finished(runs_dir, old)} - ({*plan.keys} if bool(plan.questions) == bool(old.questions) else set())
    if lost:
        now, then = ({trial.data["fingerprint"] for trial in p.trials} for p in (plan, old))
        if now.isdisjoint(then):
            raise UserError(
                f"{runs_dir / plan.study} was made for images with fingerprint {', '.join(sorted(then))}; received "
                f"{', '.join(sorted(now))}. A sweep has one data set: leave the images as they were, or choose another "
                "name"
            )
        if edited := _find_edited(plan, old):
            raise UserError(
                f"{runs_dir / plan.study} holds {len(lost)} finished trial{'s' if len(lost) > 1 else ''} that used "
                f"{edited} as it was; the file has been edited since, and would train other ones. A sweep with a name "
                "loses no result: undo the edit, or choose another name"
            )
        trials = "1 finished trial" if len(lost) == 1 else f"{len(lost)} finished trials"
        raise UserError(
            f"{runs_dir / plan.study} holds {trials} that this command does not ask for, of: {old.command}. To add "
            "levels or seeds to that sweep, type its own too; for another sweep choose another name"
        )


def _find_edited(plan: Plan, old: Plan) -> str:
    """Return the names of the extensions of both plans whose text is another one now; empty if there is none."""
    then = {extension.source.name: extension.digest for extension in old.own}
    return " and ".join(one.source.name for one in plan.own if then.get(one.source.name, one.digest) != one.digest)


def _refuse_other_rules(plan: Plan, old: Plan, path: str) -> None:
    """Raise UserError if a verdict would be reached otherwise than was declared before the first result."""
    now, then = _list_rules(plan), _list_rules(old)
    if plan.budget and (old.budget or "").endswith(f"from {plan.budget}"):
        now["budget"] = then["budget"]
    if problems := [
        f"{path} declares {name} {then.get(name, 'none')}; received {now.get(name, 'none')}. {STAYS}"
        for name in dict.fromkeys([*then, *now])
        if then.get(name) != now.get(name)
    ]:
        raise UserError(*problems)


def _refuse_after_a_look(old: Plan, runs_dir: Path, path: str) -> None:
    """Raise UserError if a look of the `old` plan was held: what it said is kept, and its trials with it."""
    looks = Looks(old, runs_dir / old.study, say=lambda _: None)
    looks.hold(old.repetitions.count)
    if held := looks.held:
        raise UserError(
            f"{path} has held look {held} of {len(old.repetitions.looks)}; received another setting, which its results "
            "are not of. What a look has said is kept, so the setting stays: leave it as it was, or give this study "
            "another runs_dir"
        )


def _list_rules(plan: Plan) -> dict[str, str]:
    """Return what verdicts depend on beside the looks, in words: margins, tested arms with their levels, the budget."""
    rules = {"budget": plan.budget or "none", "response": plan.responds_by}  # an edited text is listed as amended
    for question in plan.questions:
        tested = [arm for arm in question.arms if plan.role_of(arm, question) == Role.CONFIRMATORY]
        rules[f"question={question.name}: reference"] = question.reference
        rules[f"question={question.name}: margin"] = f"{question.margin:g}"
        rules[f"question={question.name}: simplify"] = str(question.simplify).lower()
        rules[f"question={question.name}: tested arms"] = ", ".join(tested) or "none"
        for arm in tested:
            levels = dict(sorted(plan.arms[arm].levels.items()))
            rules[f"question={question.name}: the levels of {arm!r}"] = brief(levels)
    return rules


def _name_blocks(plan: Plan) -> str:
    seeds = sorted({trial.seed for trial in plan.trials})
    if plan.design != DesignName.FOLDS:
        return "design=fixed"
    first = seeds[0] // plan.folds
    return f"{plan.folds} folds, repetitions {first} to {first + plan.repetitions.count - 1}, looks {brief(plan.looks)}"


def list_changes(plan: Plan, old: Plan, more: Sequence[str] = ()) -> list[str]:
    """Return the amendments of the `old` plan, `more`, and what `plan` decides otherwise than it did."""
    now, then = plan.to_dict(), old.to_dict()
    changes = [line for name in STUDY_DECIDES for line in _tell(name, then.get(name), now.get(name))]
    return list(dict.fromkeys([*(old.amendments or []), *more, *changes]))


def _tell(name: str, then: Any, now: Any) -> list[str]:
    """Return what became of a part of a plan, a line a change; of what has names within, those that changed alone."""
    if brief(then) == brief(now):
        return []
    then, now = _by_name(then), _by_name(now)
    if not (isinstance(then, Mapping) and isinstance(now, Mapping)):
        return [f"{name}: {brief(then)} became {brief(now)}"]
    lines = []
    for part in dict.fromkeys([*then, *now]):
        if part in then and part in now:
            lines += _tell(f"{name}, {part}", then[part], now[part])
        else:
            what = then.get(part, now.get(part))
            value = "" if isinstance(what, Mapping) else f"{brief(what)} "
            lines.append(f"{name}, {part}: {value}was {'left out' if part in then else 'added'}")
    return lines


def _by_name(value: Any) -> Any:
    """Return a list of things that have names by those names; anything else as it is."""
    named = isinstance(value, list) and value and all(isinstance(one, Mapping) and "name" in one for one in value)
    return {one["name"]: one for one in value} if named else value


def _name_data(trial: PlannedTrial) -> str:
    data = {name: value for name, value in trial.data.items() if value is not None}
    return f"data={data.pop('name')} judged by {trial.evaluated_on} ({', '.join(f'{k} {v}' for k, v in data.items())})"
