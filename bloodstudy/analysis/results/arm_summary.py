"""An arm by the means over its seeds, and whether it is clear of chance.

In: a sweep. Out: an `ArmSummary` for each arm.
"""

from __future__ import annotations

from dataclasses import dataclass

from bloodstudy.analysis.results.sweep import StudyResults
from bloodstudy.study.outcome import Outcome

RESPONSES = ("train_accuracy", "test_accuracy", "accuracy_gap")
NOISE_TIMES = 2.0  # how far above chance level, in standard errors, an accuracy counts as clear of it


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
    chance: float  # share of the largest class among the test images
    clear_from: float  # mean test accuracy above which an arm counts as clear of chance

    @property
    def whole(self) -> bool:
        return self.finished == self.planned

    @property
    def clear(self) -> bool:
        """Tell whether it is clear of chance: no test, but no arm that learnt nothing is named a winner."""
        return self.test > self.clear_from


def summarise_arms(sweep: StudyResults) -> list[ArmSummary]:
    """Return the arms in the order of the sweep."""
    return [_summarise(sweep, name) for name in sweep.arms]


def _summarise(sweep: StudyResults, name: str) -> ArmSummary:
    done = sweep.of(name, Outcome.FINISHED)
    train, test, gap = (done[column].to_numpy(dtype=float) for column in RESPONSES)
    if not len(test):
        nan = float("nan")
        return ArmSummary(name, len(sweep.of(name)), 0, nan, nan, nan, nan, nan, nan, nan)
    examined = sweep.examined(name)
    counts = list(sweep.results[done["key"].iloc[0]].data.counts["test"].values())
    if examined:
        counts = examined[0].confusion.sum(axis=1).to_list()
    chance = max(counts) / sum(counts)
    # Copies of a photograph are no further evidence, so it is the photographs that count, if they are known.
    photographs = examined[0].photographs if examined else None
    noise = (chance * (1 - chance) / (photographs or sum(counts))) ** 0.5
    return ArmSummary(
        name,
        planned=len(sweep.of(name)),
        finished=len(done),
        train=float(train.mean()),
        test=float(test.mean()),
        gap=float(gap.mean()),
        test_low=float(test.min()),
        test_high=float(test.max()),
        chance=chance,
        clear_from=chance + NOISE_TIMES * noise,
    )
