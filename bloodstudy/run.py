"""python -m bloodstudy.run: train one trial, or with -m a sweep of them.

The flow: check what was typed; screen and decode the data; write the plan; let Hydra's launcher run the trials; print
what came out and where to look next.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from bloodstudy import compose, remote, terminal
from bloodstudy.question import Question, expand

if TYPE_CHECKING:
    from bloodstudy.config import DataChoice
    from bloodstudy.data import Dataset

DELEGATED = ("help", "hydra_help", "cfg", "info", "shell_completion")


def run(arguments: list[str]) -> int:
    """Run the command on its arguments; return the exit code (0, 1; errors are raised)."""
    typed = compose.read_arguments(arguments)
    if any(getattr(typed, name) for name in DELEGATED):
        compose.register()
        compose.launch(print, arguments)
        return 0
    expanded, question = expand(arguments)
    sweep = compose.check(compose.read_arguments(expanded).overrides, typed.multirun)
    # Imported only now, with pandas in their train, so that --help and a mistyped key answer at once.
    from bloodstudy import attempt
    from bloodstudy.closing import close
    from bloodstudy.training import require_backend

    require_backend()
    runs_dir = Path(sweep.jobs[0].settings.places.runs_dir)
    _plan(sweep, runs_dir, arguments, question)
    with remote.explained():
        compose.launch(attempt.task, [*expanded, *remote.carry(expanded)])
    if attempt.fault is not None:
        raise attempt.fault
    return close(runs_dir, sweep.swept)


def _plan(sweep: compose.Sweep, runs_dir: Path, arguments: list[str], question: Question | None) -> None:
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
                "judged": images.split,  # official_clean shares its trial with official
            }
        )
    _announce(sweep, len({trial["key"] for trial in trials}))
    plan = {
        "study": design.SCRATCH,
        "question": question.sentence if question else None,
        "command": shlex.join(["python", "-m", "bloodstudy.run", *arguments]),
        "swept": {key: list(levels) for key, levels in sweep.swept.items()},
        "trials": trials,
    }
    text = yaml.safe_dump(plan, sort_keys=False, allow_unicode=True)
    files.write_text(runs_dir / design.SCRATCH / "plan.yaml", text)


def _announce(sweep: compose.Sweep, trials: int) -> None:
    """Say what the data are and how much there is to train, nothing twice."""
    from bloodstudy import attempt

    told = set()

    def say(line: str) -> None:
        if line not in told:
            told.add(line)
            terminal.say(line)

    for job in sweep.jobs:
        images = attempt.load_data(job.settings)
        say(_describe(images, job.settings.data))
        for note in images.notes:
            say(f"  {note}")
        for row in images.quarantine.head(5).to_dict("records"):
            say(f"  refused {row['image']}: {row['reason']}")
        if len(images.quarantine) > 5:
            say(f"  ... and {len(images.quarantine) - 5} more")
    if trials > 1:
        shared = f", shared by {len(sweep.jobs)} combinations" if trials < len(sweep.jobs) else ""
        say(f"{trials} trials{shared}")


def _describe(images: Dataset, choice: DataChoice) -> str:
    sides = [f"{len(images.rows('train')):,} training"]
    if len(images.rows("validation")):
        sides.append(f"{len(images.rows('validation')):,} validation")
    fold = f" (data.fold={choice.fold} of {choice.folds})" if images.split == "grouped_kfold" else ""
    return (
        f"{images.name}, {images.split} split{fold}: {', '.join(sides)} and {len(images.rows('test')):,} test images, "
        f"{len(images.classes)} classes (fingerprint {images.fingerprint})"
    )


if __name__ == "__main__":
    # The functions that launchers pickle must belong to a module that another process can import, not to __main__.
    from bloodstudy.run import run as command

    sys.exit(terminal.run_command(command))
