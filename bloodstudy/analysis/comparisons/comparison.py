"""One arm against its reference: every number that a report gives about the pair.

In: a study's results, a pair and the course that its looks took. Out: a frozen `Comparison` with the effects on every
response. That on test accuracy is the one that decides, with the interval that holds over all looks; the others are
means over blocks with 95 % intervals, and describe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import special

from bloodstudy.analysis.comparisons.blocks import Blocks, Trained
from bloodstudy.analysis.comparisons.course import Course, is_thin
from bloodstudy.analysis.comparisons.pairs import Pair
from bloodstudy.analysis.comparisons.validity import Training, find_faults, look_at_training, split_apart
from bloodstudy.analysis.comparisons.verdict import FEW_CLUSTERS, Verdict
from bloodstudy.analysis.results.sweep import StudyResults
from bloodstudy.analysis.statistics.blocks import BlockEffect
from bloodstudy.analysis.statistics.paired import CONFIDENCE, Effect, estimate
from bloodstudy.analysis.statistics.variance_components import Crossed, estimate_crossed
from bloodstudy.study.design import DesignName
from bloodstudy.study.outcome import Outcome

RESPONSES = ("train_accuracy", "test_accuracy", "accuracy_gap")
NOTHING = estimate([])


@dataclass(frozen=True, eq=False)
class Comparison:
    """An arm against its reference over the blocks that are looked at."""

    pair: Pair
    seeds: tuple[int, ...]  # of the blocks that count: both arms learnt something in them
    arm: pd.DataFrame  # responses of the arm, indexed by seed: train_accuracy, test_accuracy, accuracy_gap, ...
    reference: pd.DataFrame  # and of its reference, the same seeds
    effects: Mapping[str, Effect]  # by response; on test accuracy with the interval that holds over all looks
    these: tuple[float, float]  # 95 % interval on `response` by training alone: of these photographs
    scenes: Effect  # of one division: seeds and scenes both random, beside the verdict and no part of it
    course: Course
    training: Training
    reference_training: Training
    faults: tuple[str, ...]
    unpaired: bool
    verdict: Verdict
    mechanism: str | None = None
    response: str = "test_accuracy"  # that the verdict is about
    repaired: tuple[int, ...] = ()  # seeds, of those that count, whose trial of the arm failed before it ended

    @property
    def conditional(self) -> bool:
        """Whether the effects leave out blocks in which the arm failed to train."""
        return bool(self.training.failing) and bool(self.seeds)

    @property
    def points(self) -> pd.DataFrame:
        """The paired differences, indexed by seed, one column a response."""
        return self.arm - self.reference

    @property
    def test(self) -> Effect:
        """The effect on the response that the verdict is about."""
        return self.effects[self.response]


def collect_blocks(sweep: StudyResults, pair: Pair) -> Blocks:
    """Return what became of both arms of a pair in each planned block."""
    return Blocks(pair, sweep.plan.repetitions, _collect(sweep, pair.arm), _collect(sweep, pair.reference))


def _collect(sweep: StudyResults, arm: str) -> dict[int, Trained]:
    rows = sweep.of(arm)
    rows = rows.drop_duplicates(["key", "judged"]).drop_duplicates("seed", keep=False)  # a doubled trial is none
    each = zip(rows["seed"], rows["key"], rows["judged"], rows["outcome"], strict=True)
    repaired = {key for key, result in sweep.results.items() if result.cost.failures}
    return {
        int(seed): Trained(outcome, sweep.score(key, judged) if outcome == Outcome.FINISHED else None, key in repaired)
        for seed, key, judged, outcome in each
    }


def list_faults(sweep: StudyResults, blocks: Blocks, repetitions: int) -> list[str]:
    """Return why nothing can be concluded on a pair over the first `repetitions`, a phrase each."""
    faults = find_faults(sweep, blocks.pair, sweep.plan.repetitions.seeds_of(repetitions))
    mixed = not faults and blocks.mixed(repetitions)
    return ["the images that were measured differ between trials"] if mixed else faults


def compare(sweep: StudyResults, blocks: Blocks, course: Course, verdict: Verdict, repetitions: int) -> Comparison:
    """Return the comparison over the first `repetitions`; effects are empty if nothing can be paired.

    Intervals are there once a look was held; of an arm that is only shown, once one could be.
    """
    pair, plan = blocks.pair, sweep.plan.repetitions
    planned = plan.seeds_of(repetitions)
    training, reference = (look_at_training(sweep, arm, planned) for arm in (pair.arm, pair.reference))
    unpaired = split_apart(sweep, pair)
    faults = [] if unpaired else list_faults(sweep, blocks, repetitions)
    seeds = () if unpaired or faults else blocks.counted(repetitions)
    arm, other = (_respond(sweep, blocks, name, seeds) for name in ("arm", "reference"))
    effect = blocks.measure(repetitions) if seeds else None
    thin = is_thin(len(seeds), len(reference.failing), len(planned))
    shown = bool(course.last) or (not pair.tested and repetitions >= plan.least and not thin)
    response = sweep.plan.responds_by
    effects = _estimate(arm - other, effect, course, shown, response)
    these = (course.last.low, course.last.high) if course.last and seeds else (np.nan, np.nan)
    widened = shown and plan.name == DesignName.FIXED and sweep.plan.response is None
    scenes = _widen(sweep, blocks, seeds) if widened else NOTHING
    return Comparison(
        pair=pair, seeds=seeds, arm=arm, reference=other, effects=effects, these=these, scenes=scenes, course=course,
        training=training, reference_training=reference, faults=tuple(faults), unpaired=unpaired, verdict=verdict,
        response=response, repaired=tuple(seed for seed in seeds if blocks.arm[seed].repaired),
    )  # fmt: skip


def _respond(sweep: StudyResults, blocks: Blocks, of: str, seeds: Sequence[int]) -> pd.DataFrame:
    """Return the responses by seed; accuracies weigh each class alike."""
    rows = sweep.of(getattr(blocks.pair, of), Outcome.FINISHED).drop_duplicates(["key", "judged"]).set_index("seed")
    names = [n for n in ("test_macro_f1", *sorted(map(str, rows.columns))) if n in rows.columns]
    names = [n for n in names if n == "test_macro_f1" or n.startswith("test_recall_")] + [*sweep.plan.metrics]
    frame = rows.loc[list(seeds), list(dict.fromkeys(names))].astype(float)
    own = [getattr(blocks, of)[seed].score for seed in seeds]
    accuracies = {"train_accuracy": [s.train for s in own], "test_accuracy": [s.test for s in own]}
    balanced = pd.DataFrame(accuracies, index=frame.index, dtype=float)
    balanced["accuracy_gap"] = balanced["train_accuracy"] - balanced["test_accuracy"]
    return pd.concat([balanced, frame], axis=1)


def _estimate(
    points: pd.DataFrame, effect: BlockEffect | None, course: Course, shown: bool, response: str
) -> dict[str, Effect]:
    effects = {str(name): estimate(points[name].to_numpy(dtype=float)) for name in points.columns}
    if effect is None:
        effects[response] = replace(effects[response], low=np.nan, high=np.nan)
    else:
        effects[response] = _decide(effect, course)
        if response == "test_accuracy":  # what a block contributes, and the gap beside it
            train, contributions = points["train_accuracy"].to_numpy(dtype=float), np.array(effect.contributions)
            effects["accuracy_gap"] = estimate(train - contributions)
    if not shown:
        effects = {name: replace(own, low=np.nan, high=np.nan) for name, own in effects.items()}
    return dict.fromkeys((*RESPONSES, response), NOTHING) | effects


def _decide(effect: BlockEffect, course: Course) -> Effect:
    """Return the effect on test accuracy with the interval of its look, or with 95 % if it is only shown."""
    variance, freedom = effect.variance(course.last.prior if course.last else None)
    error, spread = float(np.sqrt(variance)), float(np.sqrt(effect.spread))
    half = float(special.stdtrit(freedom, (1 + CONFIDENCE) / 2)) * error
    low, high = effect.effect - half, effect.effect + half
    if course.last is not None:
        told = course.last.told
        low, high = (told.low, told.high) if told else (np.nan, np.nan)
    d_z = effect.effect / spread if spread else np.nan
    return Effect(effect.effect, error, freedom, low, high, effect.blocks, spread, d_z)


def _widen(sweep: StudyResults, blocks: Blocks, seeds: Sequence[int]) -> Effect:
    """Return the effect with seeds and scenes both random; nothing where a class shows fewer than ten of them."""
    both = [(blocks.arm[seed].score, blocks.reference[seed].score) for seed in seeds]
    scores = [(own, other) for own, other in both if own is not None and other is not None]
    if len(scores) < 2:
        return NOTHING
    cells = scores[0][0].cells
    if np.bincount(cells.classes)[np.unique(cells.classes)].min() < FEW_CLUSTERS:
        return NOTHING
    differences = np.stack([own.correct - other.correct for own, other in scores])
    present, classes = np.unique(cells.classes, return_inverse=True)
    shares = cells.images / np.bincount(classes, weights=cells.images)[classes] / len(present)
    return estimate_crossed(Crossed(differences / cells.images * shares, shares, classes))


def withhold(comparison: Comparison) -> Comparison:
    """Return an invalid comparison without its numbers, so that nothing can be read off them anywhere."""
    nothing, none = dict.fromkeys(comparison.effects, NOTHING), (np.nan, np.nan)
    steps = (replace(step, effect=None, told=None, low=np.nan, high=np.nan) for step in comparison.course.steps)
    return replace(
        comparison, seeds=(), arm=comparison.arm.iloc[:0], reference=comparison.reference.iloc[:0], effects=nothing,
        scenes=NOTHING, these=none, course=replace(comparison.course, steps=tuple(steps)),
    )  # fmt: skip
