"""What a run says before it trains: its images, its questions, and which of its trials are left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from bloodstudy import analysis
from bloodstudy.cli import compose, terminal
from bloodstudy.config.schema import DataChoice
from bloodstudy.data import Dataset
from bloodstudy.execution.planner import PlannedRun
from bloodstudy.study.arms import Role
from bloodstudy.study.design import Design, DesignName
from bloodstudy.study.plan import Plan

MAX_ARMS_NAMED = 8  # of a question in the printed plan; of more arms the number
MAX_REFUSED_NAMED = 5
MAX_CLASSES_NAMED = 12


def describe_data(images: Iterable[Dataset], choice: DataChoice, design: Design | None = None) -> None:
    """Say what the data are, each line once."""
    datasets = list(dict.fromkeys(images))
    if design is not None and design.name == DesignName.FOLDS:
        datasets = datasets[:1]
        terminal.say(
            f"{design.folds} folds, divided anew by whole scenes in each of {design.planned} repetitions from "
            f"{design.first} on; each fold tests once. The first block:"
        )
    for line in dict.fromkeys(line for dataset in datasets for line in _data_lines(dataset, choice)):
        terminal.say(line)


def _data_lines(images: Dataset, choice: DataChoice) -> list[str]:
    counts = [f"{len(images.rows('train')):,} training"]
    if len(images.rows("validation")):
        counts.append(f"{len(images.rows('validation')):,} validation")
    fold = f" ({choice.folds} folds)" if images.split == "grouped_kfold" else ""
    refused = images.quarantine.to_dict("records")
    more = len(refused) - MAX_REFUSED_NAMED
    return [
        f"{images.name}, {images.split} split{fold}: {', '.join(counts)} and {len(images.rows('test')):,} test images, "
        f"{_name_classes(images.classes)} (fingerprint {images.fingerprint})",
        *(f"  {note}" for note in images.notes),
        *(f"  warning: {mended}" for mended in images.mended),
        *(f"  refused {row['image']}: {row['reason']}" for row in refused[:MAX_REFUSED_NAMED]),
        *([f"  ... and {more} more"] if more > 0 else []),
    ]


def _name_classes(classes: Sequence[str]) -> str:
    named = f": {', '.join(classes)}" if len(classes) <= MAX_CLASSES_NAMED else ""
    return f"{len(classes)} classes{named}"


def describe_plan(
    request: compose.RunRequest, planned_run: PlannedRun, missing_keys: Sequence[str], spared: int = 0
) -> None:
    """Print the questions of a study, and how many trials are left of how many; `spared` are missing and not needed."""
    count = len({trial.key for trial in planned_run.requested})
    if request.study:
        _print_questions(planned_run)
    if count > 1:
        combinations = len(planned_run.requested)
        shared = f", shared by {combinations} combinations" if count < combinations else ""
        finished = count - len(missing_keys) - spared
        rest = f", {spared} not needed" if spared else ""
        terminal.say(f"{count} trials{shared}: {finished} finished earlier, {len(missing_keys)} to train{rest}")
    elif not missing_keys:
        terminal.say(f"finished earlier, nothing to train (trial {planned_run.requested[0].key})")


def describe_budget(plan: Plan) -> None:
    """Say which looks a budget pays for sure: those that all trainings up to them fit in."""
    if (paid := plan.trainings_paid) is None:
        return
    looks = plan.repetitions.looks
    costs = [analysis.count_trainings(plan, {}, place) for place in range(len(looks))]
    sure = sum(cost <= paid for cost in costs)
    if sure == len(looks):
        terminal.say(f"budget: {plan.budget}; it pays all looks, which take {costs[-1]} trainings at the most")
    else:
        terminal.say(
            f"budget: {plan.budget}; it pays look {sure} of {len(looks)}, after {costs[sure - 1]} trainings, and the "
            f"study ends there unless an arm is closed earlier: look {sure + 1} takes up to {costs[sure]}"
        )


def describe_foresight(
    request: compose.RunRequest, planned_run: PlannedRun, seconds: Mapping[str, float], workers: int, folder: Path
) -> None:
    """Say what the declared looks can show and take, from what has finished, else from the study's own pilot."""
    control, plan = request.jobs[0].settings.control, planned_run.content
    pilot = request.study.study.pilot if request.study and request.study.study else None
    results = analysis.load_study(folder.parent, folder.name, plan)
    known = (pilot["spread"], int(pilot["pairs"])) if pilot else None
    foresight = analysis.foresee_study(results, control.detect, known)
    if foresight is None:
        return
    terminal.say(foresight.describe())
    if seconds and foresight.spread is not None:
        each = fmean(seconds.values()) / workers
        few, most = (terminal.span(each * trainings) for trainings in (foresight.trainings, foresight.most))
        terminal.say(f"Expected time: {few} where nothing differs, {most} at the most, with {workers} at a time.")


def _print_questions(planned_run: PlannedRun) -> None:
    plan, rows = planned_run.content, []
    for question in plan.questions:
        roles = {arm: plan.role_of(arm, question) for arm in question.arms}
        tested, shown = (
            _name_arms([arm for arm in roles if roles[arm] == role]) for role in (Role.CONFIRMATORY, Role.EXPLORATORY)
        )
        rows.append([question.name, question.sentence, tested, shown or "none", f"{100 * question.margin:g}"])
    header = ("question", "sentence", "arms tested", "arms shown", "margin, points")
    terminal.print_table("", header, rows, right=header[-1:])
    seeds, planned = len({trial.seed for trial in planned_run.requested}), len(plan.seeds)
    blocks, scope = ("blocks", "new photographs") if plan.design == DesignName.FOLDS else ("seeds", "these test images")
    terminal.say(
        f"{len(plan.arms)} arms, the reference among them, each with {seeds} {blocks if seeds > 1 else blocks[:-1]}"
        f"{f' of the {planned} planned' if seeds < planned else ''}; {plan.precision}; verdicts about {scope}"
    )
    if plan.response is not None:
        terminal.say(f"verdicts are about {plan.response.name}: margins and effects are hundredths of it")
    if plan.repetitions.looks[-1] >= plan.repetitions.least:
        looks = ", ".join(map(str, plan.repetitions.looks))
        each = f" of {plan.folds} blocks" if plan.design == DesignName.FOLDS else ""
        terminal.say(f"looks after {looks} repetitions{each}; an arm that is decided gets no more blocks")
    for amendment in plan.amendments or ():
        terminal.say(f"changed after the first plan: {amendment}")


def _name_arms(arms: Sequence[str]) -> str:
    return ", ".join(arms) if len(arms) <= MAX_ARMS_NAMED else str(len(arms))


def describe_taken_back(taken_back: Sequence[analysis.TakenBack]) -> Iterator[str]:
    """Say which verdicts of a look do not follow from the trials any more."""
    for one in taken_back:
        yield (
            f"look {one.said.look} said of {one.said.arm}: {one.said.told}. Now it is: {one.now}. Trials, images or "
            "settings were changed after that look, which the report says"
        )
