"""python -m bloodstudy.run: train one trial, or with -m a sweep, questions or a whole study.

The flow: check what was typed; then `execution.study_run`: screen and decode the data, write the plan and say what it
costs, let Hydra's launcher run the trials that have no result yet, print what came out and where to look next.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bloodstudy.cli import compose
from bloodstudy.cli.command import run_command
from bloodstudy.cli.extend import read_extensions
from bloodstudy.cli.launch import launch, read_arguments, register
from bloodstudy.config.extension.known import known
from bloodstudy.errors import UserError

RETRYING = "the same command trains all of it again; without retry=all it trains what has no result"


def goes_on(arguments: list[str]) -> str:
    """Return what to do if the command was interrupted."""
    return RETRYING if "retry=all" in arguments else "the same command goes on from the last whole epoch"


DELEGATED = ("help", "hydra_help", "cfg", "info", "shell_completion")


def run(arguments: list[str]) -> int:
    """Run the command on its arguments; return the exit code (0, 1; errors are raised)."""
    typed = read_arguments(arguments)
    shown = [name for name in DELEGATED if getattr(typed, name)]
    if typed.overrides and shown and not {"cfg", "shell_completion"} & set(shown):
        raise UserError(
            f"{' '.join(typed.overrides)}: --{shown[0].replace('_', '-')} shows all there is; type it alone"
        )
    overrides, extensions = read_extensions(typed.overrides)
    with known(extensions):
        if "cfg" in shown or not shown:
            request = compose.check(overrides, typed.multirun and not shown)  # what cannot be is not shown either
        if shown:
            register()
            launch(print, [word for word in arguments if word in overrides or word not in typed.overrides])
            return 0
        # Imported only now, with pandas in its train, so that --help and a mistyped key answer at once.
        from bloodstudy.execution.study_run import carry_out

        return carry_out(request, arguments, typed.multirun, write_pages)


def write_pages(runs_dir: Path, study: str, folder: Path) -> None:
    """Write the report of a study into `folder`, for its run in MLflow."""
    from bloodstudy import reporting  # once there is something to draw: seaborn takes seconds

    reporting.write_pages(runs_dir, study, folder)


if __name__ == "__main__":
    # The functions that launchers pickle must belong to a module that another process can import, not to __main__.
    from bloodstudy.run import run as command

    sys.exit(run_command(command))
