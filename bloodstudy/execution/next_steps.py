"""What to type next: commands that carry what the user has typed.

In: the plan, whose command is the user's own, and the request. Out: lines for the terminal.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from bloodstudy import tracking
from bloodstudy.cli import compose, terminal
from bloodstudy.cli.overrides import write
from bloodstudy.study.plan import Plan
from bloodstudy.study.question import SCRATCH

SEEDS = 3
RUN = ("python", "-m", "bloodstudy.run")


def print_next(folder: Path, trials: int, plan: Plan, request: compose.RunRequest) -> None:
    """Print the commands that come next after a run of so many `trials`."""
    typed = request.jobs[0].levels if request.jobs else {}
    places = "" if folder.parent == Path("runs") else f" {shlex.quote(f'runs_dir={folder.parent}')}"
    places += f" {shlex.quote(write('reports_dir', typed['reports_dir']))}" if "reports_dir" in typed else ""
    study = "" if folder.name == SCRATCH else f" study={folder.name}"
    steps = []
    words = shlex.split(plan.command.splitlines()[-1])[len(RUN) :]  # of commands whose plans were merged, one
    if trials == 1:
        # Without the name: under it a sweep would have to hold this trial too.
        steps.append((_join(["-m", "lr=1e-2,1e-3,1e-4", *_without(words, "-m", "lr=", "name=")]), "a sweep"))
    elif request.study is None and "seed" not in request.swept:
        first = request.jobs[0].settings.factors.seed
        seeds = f"seed={','.join(str(first + more) for more in range(SEEDS))}"
        steps.append((_join([*_without(words, "seed="), seeds]), "one seed says little"))
    steps.append((f"python -m bloodstudy.report{study}{places}", "the report, with figures"))
    uri = tracking.public_uri() if os.environ.get("MLFLOW_TRACKING_URI") else "sqlite:///mlflow.db"
    steps.append((uri if uri.startswith("http") else f"mlflow ui --backend-store-uri {uri}", "compare the runs"))
    width = min(max(len(step) for step, _ in steps), 60)  # a long command moves no other line
    terminal.say()
    terminal.say("next:")
    for step, purpose in steps:
        terminal.say(f"  {step:<{width}}  {purpose}")


def _join(words: list[str]) -> str:
    return shlex.join([*RUN, *words])


def _without(words: list[str], *begins: str) -> list[str]:
    return [word for word in words if not word.startswith(begins)]
