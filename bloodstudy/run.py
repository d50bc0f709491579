"""python -m bloodstudy.run: train one trial, or with -m a sweep, questions or a whole study.

The flow: check what was typed; screen and decode the data; write the plan and say what it costs; let Hydra's launcher
run the trials that have no result yet; print what came out and where to look next.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bloodstudy.cli import compose, terminal
from bloodstudy.cli.overrides import write
from bloodstudy.errors import UserError
from bloodstudy.execution import launchers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bloodstudy.config.schema import Control, DataChoice
    from bloodstudy.data import Dataset
    from bloodstudy.execution.planner import PlannedRun

TOLD = ("question", "precision", "seeds", "looks", "hash")  # of the plan, as parameters of the study's run in MLflow
MOST_NAMED = 8  # arms of a question in the printed plan; of more the number
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
    from bloodstudy import tracking
    from bloodstudy.execution import planner
    from bloodstudy.execution.summary import close
    from bloodstudy.study import plan
    from bloodstudy.study.question import SCRATCH
    from bloodstudy.training import require_backend

    require_backend()
    tracking.require_store()
    settings = sweep.jobs[0].settings
    if settings.control.restore:
        from bloodstudy.study.archive.restore import restore

        study = sweep.asked.name if sweep.asked else SCRATCH
        terminal.say(restore(Path(settings.control.restore), Path(settings.places.runs_dir), study).told)
    drawn = planner.make_plan(sweep, arguments, Path(settings.places.runs_dir))
    folder = Path(settings.places.runs_dir) / drawn.content["study"]
    _announce(drawn.images.values(), settings.data)
    left = _keep_finished(drawn, folder, settings.control)
    expected = _describe_cost(sweep, drawn, left, folder)
    if settings.control.plan_only:
        terminal.say("plan_only=true: nothing was trained. The same without it trains what is left.")
        return 0
    plan.publish(drawn.content, folder)
    tracking.begin(folder, len(left), {key: drawn.content[key] for key in TOLD if key in drawn.content})
    try:
        if left:
            _launch(sweep, drawn, {key: expected.get(key, 1.0) for key in left}, folder, typed.multirun)
        return close(folder, drawn, sweep)
    except BaseException as error:
        tracking.finish(folder, "FAILED" if isinstance(error, Exception) else "KILLED")
        raise


def _keep_finished(drawn: PlannedRun, folder: Path, control: Control) -> list[str]:
    """Return the keys that are still to be trained; the others are judged by what is known of the images now.

    Raises UserError for code=strict where one was trained by other code of ours.
    """
    from bloodstudy.execution import trial_runner
    from bloodstudy.execution.rescore import judge_again
    from bloodstudy.study.code_digest import code_digest

    found = {trial["key"]: trial_runner.read_kept(folder / trial["key"], control.retry) for trial in drawn.asked}
    other = [key for key, kept in found.items() if kept and kept.get("code") != code_digest()]
    if other:
        told = (
            f"{len(other)} of {len(found)} trials were trained by other code of bloodstudy than this ({code_digest()})"
        )
        if control.code == "strict":
            raise UserError(f"code=strict: {told}; retry=all trains all of them again, another runs_dir keeps both")
        terminal.say(f"warning: {told}; they are kept. code=strict refuses this, retry=all trains them again")
    for trial in drawn.asked:
        if kept := found[trial["key"]]:
            judge_again(folder / trial["key"], kept, drawn.images[trial["key"], trial["judged"]])
    return [key for key, kept in found.items() if kept is None]


def _describe_cost(sweep: compose.RunRequest, drawn: PlannedRun, left: list[str], folder: Path) -> dict[str, float]:
    """Print the plan and what it costs; return the expected seconds of the trials that are left, where known."""
    from bloodstudy.execution import cost_estimate, job_process

    every = len({trial["key"] for trial in drawn.asked})
    if sweep.asked:
        _print_questions(drawn, folder, sweep.jobs[0].settings.control)
    if every > 1:
        shared = f", shared by {len(drawn.asked)} combinations" if every < len(drawn.asked) else ""
        terminal.say(f"{every} trials{shared}: {every - len(left)} finished earlier, {len(left)} to train")
    elif not left:
        terminal.say(f"finished earlier, nothing to train (trial {drawn.asked[0]['key']})")
    if not left or not (sweep.asked or sweep.jobs[0].settings.control.plan_only):
        return {}  # a plain sweep starts at once
    images = {key: data for (key, _), data in drawn.images.items()}
    found = cost_estimate.estimate([(drawn.trials[key], images[key]) for key in left], folder, job_process.current())
    terminal.say(found.describe())
    return dict(found.seconds)


def _print_questions(drawn: PlannedRun, folder: Path, control: Control) -> None:
    from bloodstudy.analysis import role_in

    rows = []
    for question in drawn.content["questions"]:
        roles = {arm: role_in(drawn.content, question, arm) for arm in question["arms"]}
        by_role = {role: [arm for arm, own in roles.items() if own == role] for role in ("confirmatory", "exploratory")}
        tested, shown = (", ".join(arms) if len(arms) <= MOST_NAMED else str(len(arms)) for arms in by_role.values())
        rows.append([question["name"], question["sentence"], tested, shown or "none", f"{100 * question['margin']:g}"])
    header = ("question", "sentence", "arms tested", "arms shown", "margin, points")
    terminal.print_table("", header, rows, right=header[-1:])
    seeds = sorted({trial["seed"] for trial in drawn.asked})
    planned = drawn.content["seeds"]
    some = f" of the {len(planned)} planned" if len(seeds) < len(planned) else ""
    terminal.say(
        f"{len(drawn.content['arms'])} arms, the reference among them, each with {len(seeds)} seed"
        f"{'s' if len(seeds) > 1 else ''}{some}; {drawn.content['precision']}"
    )
    for amendment in drawn.content.get("amendments", []):
        terminal.say(f"changed after the first plan: {amendment}")
    if control.plan_only:
        _print_foresight(drawn, folder)


def _print_foresight(drawn: PlannedRun, folder: Path) -> None:
    """Say what effect the planned seeds would detect, by the spread of the trials that have finished."""
    from bloodstudy import analysis

    if found := analysis.foresee(analysis.load_study(folder.parent, folder.name, drawn.content)):
        terminal.say(found.describe())


def _launch(sweep: compose.RunRequest, drawn: PlannedRun, left: dict[str, float], folder: Path, multirun: bool) -> None:
    """Train what is left through Hydra's launcher; raises the fault of the machine that stopped it."""
    from bloodstudy.execution import job_process, progress, trial_runner
    from bloodstudy.execution.scheduler import Scheduler, serve

    process, serving = job_process.current(), Scheduler(drawn.content, drawn.settings, set(left), folder)
    process.begin_command()
    serve(serving)
    jobs = ["-m"] if multirun else serving.overrides(drawn.asked[0])  # the sweeper asks for those of many
    # Absolute, since the processes of some launchers work in a folder of their own.
    shared = [write("runs_dir", str(folder.parent.absolute())), *sweep.hydras, *launchers.carry(sweep.hydras)]
    with progress.Board(drawn.asked, left, folder), launchers.explained():
        compose.launch(trial_runner.task, [*jobs, *shared])
    fault = serving.fault or process.fault
    if fault is not None:
        raise fault


def _announce(images: Iterable[Dataset], choice: DataChoice) -> None:
    """Say what the data are, nothing twice."""
    told = set()

    def say(line: str) -> None:
        if line not in told:
            told.add(line)
            terminal.say(line)

    for dataset in images:
        say(_describe(dataset, choice))
        for note in dataset.notes:
            say(f"  {note}")
        for row in dataset.quarantine.head(5).to_dict("records"):
            say(f"  refused {row['image']}: {row['reason']}")
        if len(dataset.quarantine) > 5:
            say(f"  ... and {len(dataset.quarantine) - 5} more")


def _describe(images: Dataset, choice: DataChoice) -> str:
    sides = [f"{len(images.rows('train')):,} training"]
    if len(images.rows("validation")):
        sides.append(f"{len(images.rows('validation')):,} validation")
    fold = f" ({choice.folds} folds)" if images.split == "grouped_kfold" else ""
    return (
        f"{images.name}, {images.split} split{fold}: {', '.join(sides)} and {len(images.rows('test')):,} test images, "
        f"{len(images.classes)} classes (fingerprint {images.fingerprint})"
    )


if __name__ == "__main__":
    # The functions that launchers pickle must belong to a module that another process can import, not to __main__.
    from bloodstudy.run import run as command

    sys.exit(terminal.run_command(command))
