"""Which engine `engine=auto` stands for: one for all trials of a command, and the plan's for a study that goes on.

In: a request. Out: the same with an engine in the place of `auto`. `jax` if there is a card for it and it trains every
trial of the request, else `tensorflow`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bloodstudy.cli import compose, terminal
from bloodstudy.config.factors import list_untrainable
from bloodstudy.config.schema import flatten, unfold
from bloodstudy.errors import UserError
from bloodstudy.execution.planner import read_old
from bloodstudy.training import has_card

AUTO, KEY = "auto", "engine"


def settle(request: compose.RunRequest, runs_dir: Path) -> compose.RunRequest:
    """Return the request with its engine settled; raises UserError if `auto` is one of several engines."""
    asked = {job.settings.factors.engine for job in request.jobs}
    if AUTO not in asked:
        return request
    if asked != {AUTO}:
        raise UserError("engine=auto: no engine to compare with another; name both, as in engine=tensorflow,jax")
    planned = _read_planned(runs_dir, request.name)
    unfit = next((told for job in request.jobs for told in _list_unfit(job)), None)
    chosen = planned or ("jax" if has_card() and unfit is None else "tensorflow")
    if planned:
        reason = "as the plan says"
    elif chosen == "jax":
        reason = "there is a graphics card for JAX"
    else:
        reason = unfit if has_card() else "there is no graphics card for JAX"
    terminal.say(f"engine=auto: {chosen} ({reason})")
    return replace(request, jobs=tuple(_with(job, chosen) for job in request.jobs))


def _read_planned(runs_dir: Path, name: str) -> str | None:
    """Return the engine of a study that was planned before; None if there is none, or it has several."""
    plan = read_old(runs_dir, name)
    if plan is None:
        return None
    words = (word for trial in plan.trials for word in trial.overrides)
    written = [word.removeprefix(f"{KEY}=") for word in words if word.startswith(f"{KEY}=")]
    return written[0] if len(written) == len(plan.trials) and len(set(written)) == 1 else None


def _list_unfit(job: compose.RequestedTrial) -> list[str]:
    return list_untrainable(flatten(unfold(_with(job, "jax").settings)))


def _with(job: compose.RequestedTrial, engine: str) -> compose.RequestedTrial:
    factors = replace(job.settings.factors, engine=engine)
    return replace(job, settings=replace(job.settings, factors=factors), levels=job.levels | {KEY: engine})
