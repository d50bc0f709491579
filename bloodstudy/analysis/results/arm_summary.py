"""An arm by the means over its seeds, and whether it is clear of chance.

In: a sweep. Out: an `ArmSummary` for each arm.
"""

from __future__ import annotations

from dataclasses import dataclass

from bloodstudy.analysis.results.sweep import StudyResults
from bloodstudy.study.outcome import Outcome

RESPONSES = ("train_accuracy", "test_accuracy", "accuracy_gap")


@dataclass(frozen=True)
class ArmSummary:
    """One arm over its seeds. Responses are means over the finished trials, NaN if there is none."""

    name: str
    planned: int  # trials
    finished: int
    train: float
    test: float
    gap: float
    test_low: float  # over the seeds
    test_high: float
    largest: float  # share of the largest class among the test images
    balanced: float  # test accuracy in which each class weighs alike
    clearance: float  # how far that lies above one in the number of classes, by its 95 % lower bound

    @property
    def whole(self) -> bool:
        return self.finished == self.planned

    @property
    def clear(self) -> bool:
        """Tell whether it is clear of chance: no test, but no arm that learnt nothing is named a winner."""
        return self.clearance > 0


def summarise_arms(sweep: StudyResults) -> list[ArmSummary]:
    """Return the arms in the order of the sweep."""
    return [_summarise(sweep, name) for name in sweep.arms]


def _summarise(sweep: StudyResults, name: str) -> ArmSummary:
    done = sweep.of(name, Outcome.FINISHED)
    train, test, gap = (done[column].to_numpy(dtype=float) for column in RESPONSES)
    if not len(test):
        nan = float("nan")
        return ArmSummary(name, len(sweep.of(name)), 0, *[nan] * 8)
    examined = sweep.examined(name)
    counts = list(sweep.results[done["key"].iloc[0]].data.counts["test"].values())
    if examined:
        counts = examined[0].confusion.sum(axis=1).to_list()
    scores = [sweep.score(key, judged) for key, judged in zip(done["key"], done["judged"], strict=True)]
    known = [one for one in scores if one is not None]
    return ArmSummary(
        name,
        planned=len(sweep.of(name)),
        finished=len(done),
        train=float(train.mean()),
        test=float(test.mean()),
        gap=float(gap.mean()),
        test_low=float(test.min()),
        test_high=float(test.max()),
        largest=max(counts) / sum(counts),
        balanced=_mean([one.test for one in known]),
        clearance=_mean([one.clearance for one in known]),
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
