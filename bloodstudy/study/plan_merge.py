"""Two plans of one study that differ in their seeds, as one plan.

In: the plan that is there and the plan of a package. Out: the plan that holds the trials of both, in the order in which
one command would have planned them. What differs in anything but seeds is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bloodstudy.errors import UserError
from bloodstudy.study.plan import Plan
from bloodstudy.study.planned import PlannedTrial
from bloodstudy.study.redact import hide_folders

BY_SEED = ("trials", "seeds", "command", "amendments", "hash", "bloodstudy")  # what other seeds may change in a plan
SEED = "seed"


def merge_plans(here: Plan, there: Plan, sources: str) -> Plan:
    """Return the plan of both; `here` itself if the other adds nothing.

    Raises UserError with all that differs, if that is more than seeds; `sources` names both in it.
    """
    if problems := [*_differences(here, there), *_different_arms(here, there)]:
        raise UserError(
            f"{sources} are not of one plan, so their trials cannot be put together: {'; '.join(problems)}. Restore "
            "the package into another folder: runs_dir=FOLDER"
        )
    known = {_identify(trial) for trial in here.trials}
    added = [trial for trial in there.trials if _identify(trial) not in known]
    if not added:
        return here
    trials = [*here.trials, *added]
    seeds = sorted({trial.seed for trial in trials})
    swept = dict(next((plan.swept for plan in (here, there) if SEED in plan.swept), here.swept)) | {SEED: seeds}
    amendments = list(dict.fromkeys([*(here.amendments or []), *(there.amendments or [])]))
    merged = replace(
        here,
        command=_join(here.command, there.command),
        swept=swept,
        seeds=seeds if here.seeds else (),
        amendments=amendments or here.amendments,
        trials=tuple(_sort(here, swept, [replace(trial, levels=_levels(trial, swept)) for trial in trials])),
    )
    return merged if here.hash is None else replace(merged, hash=merged.digest)


def _levels(trial: PlannedTrial, swept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the levels of a trial as a sweep over its seed too would have given them."""
    levels = {**trial.levels, SEED: trial.seed}
    return {key: levels[key] for key in swept}


def _join(here: str, there: str) -> str:
    """Return the commands, each once, one a line, the same whichever plan was there first."""
    lines = [*here.splitlines(), *there.splitlines()]
    line_by_text = {hide_folders(line): line for line in reversed(lines)}
    return "\n".join(line_by_text[text] for text in sorted(line_by_text))


def _differences(here: Plan, there: Plan) -> list[str]:
    one, other = (plan.to_dict() | {"swept": _without_seed(plan.swept)} for plan in (here, there))
    names = [name for name in dict.fromkeys([*one, *other]) if name not in BY_SEED]
    return [
        f"{name}: {_brief(one.get(name))} here, {_brief(other.get(name))} in the package"
        for name in names
        if _plain(one.get(name)) != _plain(other.get(name))
    ]


def _different_arms(here: Plan, there: Plan) -> list[str]:
    one, other = ({_plain(_arm(trial)): trial.arm for trial in plan.trials} for plan in (here, there))
    only_one = dict.fromkeys(one[arm] for arm in one if arm not in other)
    only_other = dict.fromkeys(other[arm] for arm in other if arm not in one)
    problems = [f"arm {arm!r}: its levels or its images differ" for arm in only_one if arm in only_other]
    problems += [f"arm {arm!r}: here only" for arm in only_one if arm not in only_other]
    return problems + [f"arm {arm!r}: in the package only" for arm in only_other if arm not in only_one]


def _arm(trial: PlannedTrial) -> dict[str, Any]:
    """Return a planned trial without what its seed decides."""
    overrides = [text for text in trial.overrides if not str(text).startswith(f"{SEED}=")]
    arm = replace(trial, levels=_without_seed(trial.levels), overrides=overrides).to_dict()
    return {name: value for name, value in arm.items() if name not in ("key", SEED)}


def _without_seed(levels: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in levels.items() if key != SEED}


def _identify(trial: PlannedTrial) -> tuple[str, str, str]:
    return trial.key, trial.arm, trial.evaluated_on


def _sort(plan: Plan, swept: Mapping[str, Sequence[Any]], trials: list[PlannedTrial]) -> list[PlannedTrial]:
    """Return the trials of a study one seed after another, those of a plain sweep as Hydra goes through its levels."""
    arms = list(dict.fromkeys(trial.arm for trial in trials))
    if plan.questions:
        return sorted(trials, key=lambda trial: (trial.seed, arms.index(trial.arm)))
    order = {key: {_plain(level): place for place, level in enumerate(levels)} for key, levels in swept.items()}

    def place(trial: PlannedTrial) -> list[int]:
        return [order[key].get(_plain(trial.levels[key]), len(order[key])) for key in order] + [trial.seed]

    return sorted(trials, key=place)


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _brief(value: Any) -> str:
    text = _plain(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
