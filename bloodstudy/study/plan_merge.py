"""Two plans of one study that differ in their seeds, as one plan.

In: the plan that is there and the plan of a package. Out: the plan that holds the trials of both, in the order in which
one command would have planned them. What differs in anything but seeds is refused.
"""

from __future__ import annotations

import json
from typing import Any

from bloodstudy.errors import UserError
from bloodstudy.study.plan import digest
from bloodstudy.study.redact import hide_folders

BY_SEED = ("trials", "seeds", "command", "amendments", "hash", "bloodstudy")  # what other seeds may change in a plan
SEED = "seed"


def list_keys(plan: dict[str, Any]) -> list[str]:
    """Return the keys of the planned trials, each once: one that is judged in two ways is planned twice."""
    return list(dict.fromkeys(trial["key"] for trial in plan["trials"]))


def merge_plans(here: dict[str, Any], there: dict[str, Any], told: str) -> dict[str, Any]:
    """Return the plan of both; `here` itself where the other adds nothing.

    Raises UserError with all that differs, where that is more than seeds; `told` names both in it.
    """
    if problems := [*_differences(here, there), *_different_arms(here, there)]:
        raise UserError(
            f"{told} are not of one plan, so their trials cannot be put together: {'; '.join(problems)}. Restore the "
            "package into another folder: runs_dir=FOLDER"
        )
    known = {_identify(trial) for trial in here["trials"]}
    added = [trial for trial in there["trials"] if _identify(trial) not in known]
    if not added:
        return here
    trials = [*here["trials"], *added]
    seeds = sorted({trial[SEED] for trial in trials})
    swept = next((plan["swept"] for plan in (here, there) if SEED in plan["swept"]), here["swept"]) | {SEED: seeds}
    merged = here | {"command": _join(here["command"], there["command"]), "swept": swept}
    if "seeds" in here:
        merged["seeds"] = seeds
    if here.get("amendments") or there.get("amendments"):
        merged["amendments"] = list(dict.fromkeys([*here.get("amendments", []), *there.get("amendments", [])]))
    merged["trials"] = _sort(merged, [trial | {"levels": _levels(trial, swept)} for trial in trials])
    return merged | ({"hash": digest(merged)} if "hash" in here else {})


def _levels(trial: dict[str, Any], swept: dict[str, Any]) -> dict[str, Any]:
    """Return the levels of a trial as a sweep over its seed too would have given them."""
    levels = trial["levels"] | {SEED: trial[SEED]}
    return {key: levels[key] for key in swept}


def _join(here: str, there: str) -> str:
    """Return the commands, each once, one a line, the same whichever plan was there first."""
    lines = [*here.splitlines(), *there.splitlines()]
    shown = {hide_folders(line): line for line in reversed(lines)}
    return "\n".join(shown[line] for line in sorted(shown))


def _differences(here: dict[str, Any], there: dict[str, Any]) -> list[str]:
    one, other = ({**plan, "swept": _without_seed(plan.get("swept"))} for plan in (here, there))
    names = [name for name in dict.fromkeys([*one, *other]) if name not in BY_SEED]
    return [
        f"{name}: {_brief(one.get(name))} here, {_brief(other.get(name))} in the package"
        for name in names
        if _plain(one.get(name)) != _plain(other.get(name))
    ]


def _different_arms(here: dict[str, Any], there: dict[str, Any]) -> list[str]:
    one, other = ({_plain(_arm(trial)): trial["arm"] for trial in plan["trials"]} for plan in (here, there))
    only_one = dict.fromkeys(one[arm] for arm in one if arm not in other)
    only_other = dict.fromkeys(other[arm] for arm in other if arm not in one)
    problems = [f"arm {arm!r}: its levels or its images differ" for arm in only_one if arm in only_other]
    problems += [f"arm {arm!r}: here only" for arm in only_one if arm not in only_other]
    return problems + [f"arm {arm!r}: in the package only" for arm in only_other if arm not in only_one]


def _arm(trial: dict[str, Any]) -> dict[str, Any]:
    """Return a planned trial without what its seed decides."""
    arm = {name: value for name, value in trial.items() if name not in ("key", SEED)}
    arm["levels"] = _without_seed(trial["levels"])
    if isinstance(overrides := trial.get("overrides"), list):
        arm["overrides"] = [text for text in overrides if not str(text).startswith(f"{SEED}=")]
    return arm


def _without_seed(levels: Any) -> Any:
    return {key: value for key, value in levels.items() if key != SEED} if isinstance(levels, dict) else levels


def _identify(trial: dict[str, Any]) -> tuple[str, str, str]:
    return trial["key"], trial["arm"], trial["judged"]


def _sort(plan: dict[str, Any], trials: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the trials of a study one seed after another, those of a plain sweep as Hydra goes through its levels."""
    arms = list(dict.fromkeys(trial["arm"] for trial in trials))
    if plan.get("questions"):
        return sorted(trials, key=lambda trial: (trial[SEED], arms.index(trial["arm"])))
    order = {key: {_plain(level): place for place, level in enumerate(levels)} for key, levels in plan["swept"].items()}

    def place(trial: dict[str, Any]) -> list[int]:
        return [order[key].get(_plain(trial["levels"][key]), len(order[key])) for key in order] + [trial[SEED]]

    return sorted(trials, key=place)


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _brief(value: Any) -> str:
    text = _plain(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
