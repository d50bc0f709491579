"""What MLflow's own run of a study or sweep says at the end of a command: means, answers, report.

In: the plan, the rows of its trials and what was concluded. Out: a `Summary` for the store.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import fmean
from typing import Any, TypeAlias

from bloodstudy import tracking
from bloodstudy.errors import BloodstudyError
from bloodstudy.execution.progress import AT_CHANCE
from bloodstudy.files import temporary_folder
from bloodstudy.study.metrics import CLEAN
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.plan import Plan

RESPONSES = ("train_accuracy", "test_accuracy", "accuracy_gap")
MAX_ARMS = 40  # in the description
Pages: TypeAlias = Callable[[Path, str, Path], None]  # writes the report of a study in a run folder into a folder
Rows: TypeAlias = Sequence[Mapping[str, Any]]


@contextmanager
def summarise(
    folder: Path, plan: Plan, rows: Rows, dead: Collection[tuple[str, str]], answers: Sequence[str], pages: Pages
) -> Iterator[tracking.Summary]:
    """Yield the summary of a study; its report lies in a temporary folder as long as it is needed."""
    done = {
        arm: own
        for arm, every in _by_arm(rows).items()
        if (own := [row for row in every if row["outcome"] == Outcome.FINISHED])
    }
    means = {arm: {name: fmean(row[name] for row in own) for name in RESPONSES} for arm, own in done.items()}
    with temporary_folder() as beside:
        written = None
        with suppress(BloodstudyError):  # nothing has finished, or what is damaged: the report itself says it
            pages(folder.parent, folder.name, beside)
            written = beside
        keys = [row["key"] for row in rows]
        logged = {arm: _name_as_logged(own, done[arm]) for arm, own in means.items()}
        yield tracking.Summary(describe(plan, rows, means, dead, answers), logged, keys, written)


def _name_as_logged(means: Mapping[str, float], rows: Rows) -> dict[str, float]:
    """Return the means as the runs of the trials call them, whose test_accuracy is over all test images."""
    clean = {row["judged"] for row in rows} == {"official_clean"}
    return {f"{name}_clean" if clean and name in CLEAN else name: value for name, value in means.items()}


def describe(
    plan: Plan,
    rows: Rows,
    means: Mapping[str, Mapping[str, float]],
    dead: Collection[tuple[str, str]],
    answers: Sequence[str],
) -> str:
    """Return the description in Markdown: what was asked, what was concluded, the mean of each arm."""
    lines = [plan.question or name_sweep(plan), *([""] if answers else []), *(f"- {answer}" for answer in answers), ""]
    lines += ["| arm | finished | train | test | gap |", "|---|---|---|---|---|"]
    arms = _by_arm(rows)
    for arm, every in list(arms.items())[:MAX_ARMS]:
        lost = sum((row["key"], row["judged"]) in dead for row in every)
        finished = sum(row["outcome"] == Outcome.FINISHED for row in every)
        count = f"{finished} of {len(every)}{f', {lost} {AT_CHANCE}' if lost else ''}"
        own = means.get(arm)
        cells = [f"{own[name]:.3f}" for name in RESPONSES] if own else ["-"] * len(RESPONSES)
        lines.append(f"| {arm.replace('|', '/')} | {count} | {' | '.join(cells)} |")
    more = len(arms) - MAX_ARMS
    lines += [f"... and {more} more arms", ""] if more > 0 else [""]
    weighed = ", each image weighing alike; in the verdicts each class does" if answers else ""
    return "\n".join(
        [*lines, f"Means over the finished trials{weighed}. The report is among the artifacts: report/report.html.", ""]
    )


def name_sweep(plan: Plan) -> str:
    """Return what a plain sweep varies, in words: lr: 0.01, 0.001; seed: 0, 1."""
    return "; ".join(f"{key}: {', '.join(map(str, levels))}" for key, levels in plan.swept.items()) or "one trial"


def _by_arm(rows: Rows) -> dict[str, list[Mapping[str, Any]]]:
    arms: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        arms.setdefault(row["arm"], []).append(row)
    return arms
