"""The end of a run: what came out, what failed, where to look next."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from bloodstudy import analysis, tracking
from bloodstudy.analysis.comparisons.verdict import Word
from bloodstudy.cli import compose, terminal
from bloodstudy.config.extension.known import METRICS
from bloodstudy.execution.looks import Looks
from bloodstudy.execution.next_steps import print_next
from bloodstudy.execution.planner import PlannedRun
from bloodstudy.execution.progress import AT_CHANCE
from bloodstudy.execution.run_summary import Pages, summarise
from bloodstudy.study.outcome import DEATHS, UNFINISHED, Outcome

TELLS_CHANCE = f"{AT_CHANCE}: all test images get one class, or accuracy is no better than that; nothing was learnt"
MAX_ARMS = 40  # of a plain sweep in the table at its end
FAILED = (*DEATHS, Outcome.INTERRUPTED, Outcome.MISSING)


def close(
    folder: Path, planned_run: PlannedRun, request: compose.RunRequest, looks: Looks, pages: Pages | None = None
) -> int:
    """Log what the store does not hold yet, print the results of the requested trials, return the exit code.

    `looks` tell which of them are still to be trained, should they be missing, and what was decided. `pages` write the
    report, for the study's own run in MLflow; None: it stays as it is, since nothing is new.
    """
    trials = analysis.read_trials(
        folder.parent, folder.name, replace(planned_run.content, trials=tuple(planned_run.requested))
    )
    rows: list[dict[str, Any]] = trials.to_dict("records")  # type: ignore[assignment]
    rows = [row for row in rows if row["outcome"] != Outcome.MISSING or row["key"] in looks.needed]
    scores = analysis.score_trials(folder, rows)
    dead = {trial for trial, score in scores.items() if score.dead}
    answers = list(describe_answers(looks, len(planned_run.content.repetitions.looks))) if request.study else []
    no_ops = analysis.flag_no_ops(trials, analysis.list_pairs(planned_run.content))
    if request.study:
        _print_arms(rows, looks, scores, no_ops)
        for line in answers:
            terminal.say(line)
    elif len(rows) > 1:
        _print_sweep(rows, no_ops, dead)
    else:
        _print_trial(rows[0], bool(dead))
    if len(rows) > 1:
        for leak in analysis.list_leaks(trials):
            terminal.say(_describe_leak(leak))
    failed = [row for row in rows if row["outcome"] in FAILED]
    status = "FAILED" if failed else "FINISHED"
    told = nullcontext
    if pages is not None and len(planned_run.content.trials) > 1:
        told = partial(summarise, folder, planned_run.content, rows, dead, answers, pages)
    _finish(folder, status, told)
    if any(row["outcome"] in DEATHS for row in failed):
        terminal.say("the same command with retry=failed trains these again:")
    for row in failed:
        terminal.say(f"{row['outcome']}: {row['arm']}, seed {row['seed']}: {row['reason']}")
    print_next(folder, len(rows), planned_run.content, request)
    return 1 if failed else 0


def _print_arms(
    rows: list[dict[str, Any]],
    looks: Looks,
    scores: Mapping[tuple[str, str], analysis.Score],
    no_ops: Collection[analysis.Pair],
) -> None:
    """Print what each arm of a study reached, weighed as its effect is, and what was concluded on it."""
    lines: list[list[str]] = []
    for arm in dict.fromkeys(row["arm"] for row in rows):
        own = [row for row in rows if row["arm"] == arm and row["outcome"] == Outcome.FINISHED]
        read = [scores[trial] for row in own if (trial := (row["key"], row["judged"])) in scores]
        known = read if len(read) == len(own) else []  # of trials without their predictions there is no such mean
        means = [_average([score.train for score in known]), _average([score.test for score in known])]
        lost = sum(score.dead for score in read)
        count = f"{len(own)} ({lost} {AT_CHANCE})" if lost else str(len(own))
        tested = [(pair, course) for pair, course in looks.tested if pair.arm == arm]
        told = [(pair.reference, *_tell(course, pair in no_ops)) for pair, course in tested] or [("-", "-", "-")]
        lines += [[arm, count, *means, *(cells if looks.several else cells[1:])] for cells in told]
    decides = f"effect on {looks.response.removesuffix(' accuracy')}, points"
    against = ["against"] if looks.several else []
    header = ["arm", "trials", "train", "test", *against, decides, "verdict"]
    terminal.print_table("", header, lines, right=("trials", "train", "test", decides))
    _explain_no_ops([pair for pair in no_ops if pair.tested])
    terminal.say("train and test: each class weighs alike, as in the effect")
    if looks.tested and any(score.dead for score in scores.values()):
        terminal.say(f"the effect leaves out trials {AT_CHANCE}, with their pairs; train and test do not")


def _average(accuracies: Sequence[float]) -> str:
    return "-" if not accuracies or any(map(math.isnan, accuracies)) else f"{fmean(accuracies):.3f}"


def _explain_no_ops(no_ops: Collection[analysis.Pair]) -> None:
    for reference in dict.fromkeys(pair.reference for pair in no_ops):
        same = f"no-op?: the predictions equal those of {reference!r} on every seed"
        terminal.say(f"{same}, so the change may do nothing")


def _tell(course: analysis.Course, no_op: bool) -> tuple[str, str]:
    """Return the effect that the last look has seen, in points, and the verdict; no number of what is not valid."""
    effect, verdict = "-", course.verdict
    if course.last and course.last.effect and verdict.word != Word.INVALID:
        effect = f"{100 * course.last.effect.effect:+z.1f}"
        if course.last.told:
            effect += f" [{100 * course.last.told.low:+z.1f}, {100 * course.last.told.high:+z.1f}]"
    stopped = f" (stopped at look {verdict.look})" if verdict.stopped else ""
    not_worse = ", not worse" if verdict.not_worse and verdict.word == Word.INCONCLUSIVE else ""
    return effect, f"{verdict.text}{stopped}{not_worse}{', no-op?' if no_op else ''}"


WORDS = {
    Word.IMPROVES: "improves {response}",
    Word.HARMS: "harms {response}",
    Word.EQUIVALENT: "is equivalent to {reference} within {margin:g} points",
    Word.NOT_WORSE: "is not worse than {reference} by more than {margin:g} points",
    Word.INCONCLUSIVE: "is inconclusive: neither a difference nor equivalence within {margin:g} points is shown",
    Word.FAILS: "fails to train",
}


def describe_answers(looks: Looks, planned: int) -> Iterator[str]:
    """Yield what was concluded on each arm, in words."""
    reference = "it" if looks.several else "the reference"
    for pair, course in looks.tested:
        verdict, margin = course.verdict, 100 * pair.margin
        if verdict.word in WORDS and verdict.look:
            words = WORDS[verdict.word].format(margin=margin, response=looks.response, reference=reference)
            beyond = f", by more than {margin:g} points" if verdict.beyond else ""
            yield f"{looks.name(pair)} {words}{beyond} (look {verdict.look} of {planned})"


def _finish(
    study_folder: Path, status: str, told: Callable[[], AbstractContextManager[tracking.Summary | None]]
) -> None:
    ending = tracking.finish(study_folder, status, lambda: terminal.say("waiting for the tracking store ..."), told)
    if ending.logged:
        terminal.say(f"logged {_count(ending.logged, 'earlier trial')} to MLflow")
    if ending.owed:
        why = f" ({ending.trouble})" if ending.trouble else ""
        terminal.say(f"{_count(ending.owed, 'trial')} not in MLflow yet{why}: the next command logs what is missing")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"


def _print_trial(row: dict[str, Any], dead: bool) -> None:
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
    terminal.say(f"gap            {row['accuracy_gap']:+z.3f}")
    if dead:
        terminal.say(TELLS_CHANCE)
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
    clean = (
        "; data.split=official_clean judges the same trials without them" if leak.clean else ", and no image is left"
    )
    return f"data.split=official: {leak.left_out:,} of {leak.all:,} test images show a scene that is in training{clean}"


def _print_sweep(
    trials: list[dict[str, Any]], no_ops: Collection[analysis.Pair], dead: Collection[tuple[str, str]]
) -> None:
    """Print the means of each arm over its trials: of hundreds of trials nobody reads the rows."""
    several = len({row["seed"] for row in trials}) > 1
    header = ["arm", *(["trials"] if several else []), "train", "test", "gap", *METRICS, "outcome", "time"]
    arms = list(dict.fromkeys(row["arm"] for row in trials))
    rows = []
    for arm in arms[:MAX_ARMS]:
        own = [row for row in trials if row["arm"] == arm]
        count = [str(len(own))] if several else []
        note = describe_outcomes(own, dead) + (", no-op?" if arm in {pair.arm for pair in no_ops} else "")
        took = [row["wall_seconds"] for row in own if row["outcome"] not in UNFINISHED]
        rows.append([arm, *count, *_means(own), note, terminal.span(sum(took)) if took else "-"])
    terminal.print_table("", header, rows, right=("trials", "train", "test", "gap", *METRICS, "time"))
    if len(arms) > MAX_ARMS:
        terminal.say(f"... and {len(arms) - MAX_ARMS} more arms, which the report has")
    _explain_no_ops(no_ops)
    if any((row["key"], row["judged"]) in dead for row in trials):
        terminal.say(TELLS_CHANCE)


def _means(rows: list[dict[str, Any]]) -> list[str]:
    done = [row for row in rows if row["outcome"] == Outcome.FINISHED]
    if not done:
        return ["-"] * (3 + len(METRICS))
    train, test, gap = (
        fmean(row[name] for row in done) for name in ("train_accuracy", "test_accuracy", "accuracy_gap")
    )
    return [
        f"{train:.3f}",
        f"{test:.3f}",
        f"{gap:+z.3f}",
        *(_spell(fmean(row[name] for row in done)) for name in METRICS),
    ]


def describe_outcomes(rows: Sequence[Mapping[str, Any]], dead: Collection[tuple[str, str]]) -> str:
    """Return how the trials of an arm ended, in words: `finished, at chance`, or `2 finished, 1 diverged`."""
    counts = Counter(str(row["outcome"]) for row in rows)
    lost = sum((row["key"], row["judged"]) in dead for row in rows)
    if len(rows) == 1:
        return next(iter(counts)) + (f", {AT_CHANCE}" if lost else "")
    words = [f"{count} {outcome}" for outcome, count in counts.items()]
    return ", ".join(words) + (f" ({lost} {AT_CHANCE})" if lost else "")
