"""The end of a run: what came out, what failed, where to look next."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from bloodstudy import analysis, tracking
from bloodstudy.analysis.comparisons.verdict import Word
from bloodstudy.cli import compose, terminal
from bloodstudy.cli.overrides import write
from bloodstudy.config.extension.known import METRICS
from bloodstudy.execution.looks import Looks
from bloodstudy.execution.planner import PlannedRun
from bloodstudy.study.outcome import DEATHS, UNFINISHED, Outcome
from bloodstudy.study.question import SCRATCH

NOT_REPEATED = ("lr", "plan_only", "retry", "restore")  # of what was typed, in the sweep that is proposed next
FAILED = (*DEATHS, Outcome.INTERRUPTED, Outcome.MISSING)


def close(folder: Path, planned_run: PlannedRun, request: compose.RunRequest, looks: Looks) -> int:
    """Log what the store does not hold yet, print the results of the requested trials, return the exit code.

    `looks` tell which of them are still to be trained, should they be missing, and what was decided.
    """
    trials = analysis.read_trials(
        folder.parent, folder.name, replace(planned_run.content, trials=tuple(planned_run.requested))
    )
    rows: list[dict[str, Any]] = trials.to_dict("records")  # type: ignore[assignment]
    rows = [row for row in rows if row["outcome"] != Outcome.MISSING or row["key"] in looks.needed]
    if request.study:
        _print_arms(rows, looks)
        for line in describe_answers(looks, len(planned_run.content.repetitions.looks)):
            terminal.say(line)
    elif len(rows) > 1:
        _print_sweep(rows, analysis.flag_no_ops(trials))
    else:
        _print_trial(rows[0])
    if len(rows) > 1:
        for leak in analysis.list_leaks(trials):
            terminal.say(_describe_leak(leak))
    failed = [row for row in rows if row["outcome"] in FAILED]
    _finish(folder, "FAILED" if failed else "FINISHED")
    if any(row["outcome"] in DEATHS for row in failed):
        terminal.say("the same command with retry=failed trains these again:")
    for row in failed:
        terminal.say(f"{row['outcome']}: {row['arm']}, seed {row['seed']}: {row['reason']}")
    _print_next(folder, len(rows), request)
    return 1 if failed else 0


def _print_arms(rows: list[dict[str, Any]], looks: Looks) -> None:
    """Print what each arm of a study reached, and what was concluded on it."""
    lines = []
    for arm in dict.fromkeys(row["arm"] for row in rows):
        own = [row for row in rows if row["arm"] == arm and row["outcome"] == Outcome.FINISHED]
        means = [
            f"{fmean(row[name] for row in own):.3f}" if own else "-" for name in ("train_accuracy", "test_accuracy")
        ]
        course, effect, verdict = looks.courses.get(arm), "-", "-"
        if course is not None:
            verdict = course.verdict.text + (
                f" (stopped at look {course.verdict.look})" if course.verdict.stopped else ""
            )
            if course.last and course.last.effect:
                effect = f"{100 * course.last.effect.effect:+.1f}"
            if course.last and course.last.told:
                effect += f" [{100 * course.last.told.low:+.1f}, {100 * course.last.told.high:+.1f}]"
            if course.verdict.not_worse and course.verdict.word == Word.INCONCLUSIVE:
                verdict += ", not worse"
        lines.append([arm, str(len(own)), *means, effect, verdict])
    decides = f"effect on {looks.response.removesuffix(' accuracy')}, points"
    header = ["arm", "trials", "train", "test", decides, "verdict"]
    terminal.print_table("", header, lines, right=("trials", "train", "test", decides))
    if looks.courses and looks.response == "test accuracy":
        terminal.say("train and test: each image weighs alike; in the effect each class does")


WORDS = {
    Word.IMPROVES: "improves {response}",
    Word.HARMS: "harms {response}",
    Word.EQUIVALENT: "is equivalent to the reference within {margin:g} points",
    Word.NOT_WORSE: "is not worse than the reference by more than {margin:g} points",
    Word.INCONCLUSIVE: "is inconclusive: neither a difference nor equivalence within {margin:g} points is shown",
    Word.FAILS: "fails to train",
}


def describe_answers(looks: Looks, planned: int) -> Iterator[str]:
    """Yield what was concluded on each arm, in words."""
    for arm, course in looks.courses.items():
        verdict = course.verdict
        if verdict.word in WORDS and verdict.look:
            words = WORDS[verdict.word].format(margin=100 * looks.margins[arm], response=looks.response)
            beyond = f", by more than {100 * looks.margins[arm]:g} points" if verdict.beyond else ""
            yield f"{arm} {words}{beyond} (look {verdict.look} of {planned})"


def _finish(study_folder: Path, status: str) -> None:
    ending = tracking.finish(study_folder, status, lambda: terminal.say("waiting for the tracking store ..."))
    if ending.logged:
        terminal.say(f"logged {_count(ending.logged, 'earlier trial')} to MLflow")
    if ending.owed:
        why = f" ({ending.trouble})" if ending.trouble else ""
        terminal.say(f"{_count(ending.owed, 'trial')} not in MLflow yet{why}: the next command logs what is missing")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"


def _print_trial(row: dict[str, Any]) -> None:
    if row["outcome"] != Outcome.FINISHED:
        return
    clean, every = row.get("test_images_clean"), row["test_images_all"]
    on_clean = f"on the {clean:,.0f} test images whose scene is not in training" if clean else ""
    terminal.say()
    terminal.say(f"train accuracy  {row['train_accuracy']:.3f}   (inference mode, images as they are)")
    if row["judged"] == "official_clean":
        on_all = f"; {row['test_accuracy_all']:.3f} on all {every:,}" if clean < every else ""
        terminal.say(f"test accuracy   {row['test_accuracy']:.3f}   ({on_clean}{on_all})")
    elif clean and clean < every:
        terminal.say(f"test accuracy   {row['test_accuracy']:.3f}   (on all {every:,} test images;")
        terminal.say(f"                        {row['test_accuracy_clean']:.3f} {on_clean})")
    else:
        terminal.say(f"test accuracy   {row['test_accuracy']:.3f}")
    terminal.say(f"gap            {row['accuracy_gap']:+.3f}")
    for name in METRICS:
        terminal.say(f"{name:<15} {_spell(row[name]):>5}")


def _spell(metric: float) -> str:
    """Return the number of a metric; a dash if the clean test images are too few for it."""
    return "-" if math.isnan(metric) else f"{metric:.3f}"


def _describe_leak(leak: analysis.Leak) -> str:
    if leak.judged == "official_clean":
        return (
            f"data.split=official_clean: judged on the {leak.clean:,} of {leak.all:,} test images whose scene is not "
            "in training"
        )
    return (
        f"data.split=official: {leak.left_out:,} of {leak.all:,} test images show a scene that is in training; "
        "data.split=official_clean judges the same trials without them"
    )


def _print_sweep(trials: list[dict[str, Any]], no_ops: set[str]) -> None:
    seeds = len({row["seed"] for row in trials}) > 1
    own = [*METRICS]
    header = ["arm", *(["seed"] if seeds else []), "train", "test", "gap", *own, "outcome", "time"]
    rows = []
    for row in trials:
        figures = ["-"] * (3 + len(own))
        if row["outcome"] == Outcome.FINISHED:
            figures = [f"{row['train_accuracy']:.3f}", f"{row['test_accuracy']:.3f}", f"{row['accuracy_gap']:+.3f}"]
            figures += [_spell(row[name]) for name in own]
        note = f"{row['outcome']}, no-op?" if row["arm"] in no_ops else row["outcome"]
        time = terminal.span(row["wall_seconds"]) if row["outcome"] not in UNFINISHED else "-"
        rows.append([row["arm"], *([str(row["seed"])] if seeds else []), *figures, note, time])
    terminal.print_table("", header, rows, right=("seed", "train", "test", "gap", *own, "time"))
    if no_ops:
        terminal.say(f"no-op?: the predictions equal those of {trials[0]['arm']!r} on every seed")


def _print_next(folder: Path, trials: int, request: compose.RunRequest) -> None:
    typed = request.jobs[0].levels if request.jobs else {}
    places = "" if folder.parent == Path("runs") else f" {shlex.quote(f'runs_dir={folder.parent}')}"
    places += f" {shlex.quote(write('reports_dir', typed['reports_dir']))}" if "reports_dir" in typed else ""
    study = "" if folder.name == SCRATCH else f" study={folder.name}"
    steps = []
    if trials == 1:
        # On the same images, with the levels that were typed.
        kept = {key: value for key, value in typed.items() if key not in NOT_REPEATED}
        words = "".join(f" {shlex.quote(write(key, value))}" for key, value in kept.items())
        steps.append((f"python -m bloodstudy.run -m lr=1e-2,1e-3,1e-4{words}", "a sweep"))
    elif request.study is None and "seed" not in request.swept:
        steps.append(("the same with seed=0,1,2", "one seed says little"))
    steps.append((f"python -m bloodstudy.report{study}{places}", "the report, with figures"))
    uri = tracking.public_uri() if os.environ.get("MLFLOW_TRACKING_URI") else "sqlite:///mlflow.db"
    steps.append((uri if uri.startswith("http") else f"mlflow ui --backend-store-uri {uri}", "compare the runs"))
    width = max(len(step) for step, _ in steps)
    terminal.say()
    terminal.say("next:")
    for step, purpose in steps:
        terminal.say(f"  {step:<{width}}  {purpose}")
