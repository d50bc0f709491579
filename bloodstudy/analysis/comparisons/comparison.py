"""One arm against its reference: every number that a report gives about the pair, apart from the words.

In: a sweep, a pair and the seeds that are looked at. Out: a frozen `Comparison` with the paired effects on every
response, and the effect on new photographs. The words come later, from the whole family.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from bloodstudy.analysis.comparisons.pairs import Pair
from bloodstudy.analysis.comparisons.validity import Training, find_faults, look_at_training, split_apart
from bloodstudy.analysis.comparisons.verdict import FEW_SEEDS, Verdict, Word
from bloodstudy.analysis.results.sweep import StudyResults
from bloodstudy.analysis.statistics.paired import Effect, estimate
from bloodstudy.analysis.statistics.variance_components import cross, estimate_crossed, resample
from bloodstudy.study.outcome import Outcome

RESPONSES = ("train_accuracy", "test_accuracy", "accuracy_gap")
NOTHING = estimate([])


@dataclass(frozen=True)
class Needed:
    """How many seeds in all would settle an inconclusive arm with a chance of 80 %; None: not within reach."""

    equivalence: int | None  # if there is no effect
    difference: int | None  # if the effect is the margin


@dataclass(frozen=True, eq=False)
class Comparison:
    """An arm against its reference over the seeds that are looked at."""

    pair: Pair
    seeds: tuple[int, ...]  # that are paired: both arms finished and, unless that is all there is, learnt something
    arm: pd.DataFrame  # responses of the arm, indexed by seed: train_accuracy, test_accuracy, accuracy_gap, ...
    reference: pd.DataFrame  # and of its reference, the same seeds
    effects: Mapping[str, Effect]  # by response, the 95 % interval over seeds: this benchmark
    wider: Effect  # on test accuracy, seeds and photographs both random: new photographs
    bootstrap: tuple[float, float] | None  # the crossed bootstrap's interval beside it
    training: Training
    reference_training: Training
    faults: tuple[str, ...]
    unpaired: bool
    conditional: bool  # the effects leave out seeds on which the arm failed to train
    mechanism: str | None = None
    needed: Needed | None = None
    verdict: Verdict = field(default_factory=lambda: Verdict(Word.PENDING))

    @property
    def points(self) -> pd.DataFrame:
        """The paired differences, indexed by seed, one column a response."""
        return self.arm - self.reference

    @property
    def test(self) -> Effect:
        return self.effects["test_accuracy"]


def compare(sweep: StudyResults, pair: Pair, seeds: Sequence[int], rng: np.random.Generator | None) -> Comparison:
    """Return the comparison of `pair` over `seeds`; effects are empty if nothing can be paired.

    Without an `rng` there is no bootstrap.
    """
    training, reference = (look_at_training(sweep, arm, seeds) for arm in (pair.arm, pair.reference))
    unpaired = split_apart(sweep, pair)
    faults = [] if unpaired else find_faults(sweep, pair, seeds, reference)
    rows = {arm: _finished(sweep, arm, seeds) for arm in (pair.arm, pair.reference)}
    both = rows[pair.arm].index.intersection(rows[pair.reference].index).sort_values()
    paired = [int(seed) for seed in both if seed not in training.failing]
    doubled = any(frame.index.has_duplicates for frame in rows.values())
    if unpaired or doubled:
        paired = []
    own, others = (rows[arm].loc[paired] for arm in (pair.arm, pair.reference))
    names = [name for name in own.columns if name in others.columns and name not in ("key", "judged")]
    points = own[names] - others[names]
    effects = {name: estimate(points[name].to_numpy(dtype=float)) for name in names}
    wider, bootstrap = _widen(sweep, own, others, rng) if paired else (NOTHING, None)
    return Comparison(
        pair=pair, seeds=tuple(paired), arm=own[names].astype(float), reference=others[names].astype(float),
        effects=dict.fromkeys(RESPONSES, NOTHING) | effects, wider=wider, bootstrap=bootstrap, training=training,
        reference_training=reference, faults=tuple(faults), unpaired=unpaired,
        conditional=bool(training.failing) and bool(paired),
    )  # fmt: skip


def withhold(comparison: Comparison) -> Comparison:
    """Return an invalid comparison without its numbers, so that nothing can be read off them anywhere."""
    nothing = dict.fromkeys(comparison.effects, NOTHING)
    arm, reference = comparison.arm.iloc[:0], comparison.reference.iloc[:0]
    return replace(
        comparison, seeds=(), arm=arm, reference=reference, effects=nothing, wider=NOTHING, bootstrap=None,
        conditional=False,
    )  # fmt: skip


def _finished(sweep: StudyResults, arm: str, seeds: Sequence[int]) -> pd.DataFrame:
    rows = sweep.of(arm, Outcome.FINISHED).drop_duplicates(["key", "judged"])
    rows = rows.loc[rows["seed"].isin(seeds) & rows["key"].isin(list(sweep.predictions))]
    names = [*RESPONSES, "test_macro_f1", *sorted(n for n in rows.columns if str(n).startswith("test_recall_"))]
    kept = ["key", "judged", *(name for name in names if name in rows.columns)]
    return rows.set_index("seed").loc[:, kept]


def _widen(
    sweep: StudyResults, own: pd.DataFrame, others: pd.DataFrame, rng: np.random.Generator | None
) -> tuple[Effect, tuple[float, float] | None]:
    arms = [[sweep.predictions[key] for key in frame["key"]] for frame in (own, others)]
    shown = arms[0][0].shown
    if any(predictions.shown is not shown for predictions in (*arms[0], *arms[1])):
        return NOTHING, None
    tested = shown.tested(own["judged"].iloc[0])
    correct = [np.stack([predictions.correct[tested] for predictions in arm]).astype(int) for arm in arms]
    if len(own) < FEW_SEEDS:  # a variance over a few seeds is too poor to be combined with that over photographs
        return NOTHING, None
    crossed = cross(correct[0] - correct[1], shown.labels[tested], shown.clusters[tested])
    effect = estimate_crossed(crossed)
    return effect, resample(crossed, rng) if rng is not None and effect.testable else None
