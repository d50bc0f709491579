"""python -m bloodstudy.run: train one trial, or with -m a sweep of them.

The flow: check what was typed; screen and decode the data; write the plan; let Hydra's launcher run the trials; print
what came out and where to look next.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from pathlib import Path

import yaml

from bloodstudy import compose, terminal

DELEGATED = ("help", "hydra_help", "cfg", "info", "shell_completion")


def run(arguments: list[str]) -> int:
    """Run the command on its arguments; return the exit code (0, 1; errors are raised)."""
    typed = compose.read_arguments(arguments)
    if any(getattr(typed, name) for name in DELEGATED):
        compose.register()
        compose.launch(print, arguments)
        return 0
    sweep = compose.check(typed.overrides, typed.multirun)
    # Imported only now, with pandas in their train, so that --help and a mistyped key answer at once.
    from bloodstudy import attempt
    from bloodstudy.closing import close
    from bloodstudy.training import require_backend

    require_backend()
    runs_dir = Path(sweep.jobs[0].settings.places.runs_dir)
    _plan(sweep, runs_dir, arguments)
    compose.launch(attempt.task, arguments)
    if attempt.fault is not None:
        raise attempt.fault
    return close(runs_dir, sweep.swept)


def _plan(sweep: compose.Sweep, runs_dir: Path, arguments: list[str]) -> None:
    """Prepare the data of every job, name its trial and publish the plan."""
    from bloodstudy import attempt, design, files

    trials = []
    for job in sweep.jobs:
        images = attempt.load_data(job.settings)
        trial = attempt.make_trial(job.settings, images)
        levels = {key: job.levels[key] for key in sweep.swept} or design.changed_levels(job.levels)
        trials.append(
            {
                "key": trial.key,
                "arm": design.name_arm(levels),
                "seed": trial.factors.seed,
                "levels": {key: job.levels[key] for key in sweep.swept},
                "data": asdict(trial.data),
            }
        )
    _announce(sweep, len({trial["key"] for trial in trials}))
    plan = {
        "study": design.SCRATCH,
        "command": shlex.join(["python", "-m", "bloodstudy.run", *arguments]),
        "swept": {key: list(levels) for key, levels in sweep.swept.items()},
        "trials": trials,
    }
    text = yaml.safe_dump(plan, sort_keys=False, allow_unicode=True)
    files.write_text(runs_dir / design.SCRATCH / "plan.yaml", text)


def _announce(sweep: compose.Sweep, trials: int) -> None:
    """Say what the data are and how much there is to train."""
    from bloodstudy import attempt

    told = set()
    for job in sweep.jobs:
        images = attempt.load_data(job.settings)
        if images.fingerprint in told:
            continue
        told.add(images.fingerprint)
        train, test = len(images.rows("train")), len(images.rows("test"))
        terminal.say(
            f"{images.name}, {images.split} split: {train:,} training and {test:,} test images, "
            f"{len(images.classes)} classes (fingerprint {images.fingerprint})"
        )
        for note in images.notes:
            terminal.say(f"  {note}")
        for row in images.quarantine.head(5).to_dict("records"):
            terminal.say(f"  refused {row['image']}: {row['reason']}")
        if len(images.quarantine) > 5:
            terminal.say(f"  ... and {len(images.quarantine) - 5} more")
    if trials > 1:
        terminal.say(f"{trials} trials")


if __name__ == "__main__":
    # The functions that launchers pickle must belong to a module that another process can import, not to __main__.
    from bloodstudy.run import run as command

    sys.exit(terminal.run_command(command))
