"""An arm and its reference, block by block: what each got right, which blocks count, and what of it is measured.

In: a study's results and a pair. Out: a frozen `Blocks`; and the effect over its first repetitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from bloodstudy.analysis.comparisons.pairs import Pair
from bloodstudy.analysis.results.scores import Score
from bloodstudy.analysis.statistics.blocks import BlockEffect, Cells, measure
from bloodstudy.study.design import Repetitions
from bloodstudy.study.outcome import DEATHS, Outcome

ENDED = (Outcome.FINISHED, Outcome.DIVERGED)  # a block that died for want of memory or by a fault has not ended


@dataclass(frozen=True, eq=False)
class Trained:
    """What became of one arm in one block."""

    outcome: str
    score: Score | None = None  # of a finished trial whose predictions are there
    repaired: bool = False  # whether it failed before

    @property
    def dead(self) -> bool:
        """Whether it learnt nothing."""
        return self.outcome == Outcome.DIVERGED or (self.score is not None and self.score.dead)


ONE = Cells(np.zeros(1, dtype=int), np.zeros(1, dtype=int), np.ones(1))
ByBlock = Mapping[int, Trained]  # by seed


@dataclass(frozen=True, eq=False)
class Blocks:
    """A pair over all its planned blocks."""

    pair: Pair
    repetitions: Repetitions
    arm: ByBlock
    reference: ByBlock
    _layouts: dict[int, Layout] = field(default_factory=dict, init=False)

    @property
    def planned(self) -> bool:
        """Whether the plan has one trial of both arms in each block up to the last look."""
        seeds = self.repetitions.seeds_of(self.repetitions.looks[-1])
        return all(seed in own for own in (self.arm, self.reference) for seed in seeds)

    def complete(self, repetitions: int) -> bool:
        """Tell whether each block of the first repetitions has ended in both arms."""
        seeds = self.repetitions.seeds_of(repetitions)
        if repetitions > self.repetitions.count:
            return False
        return all(seed in own and own[seed].outcome in ENDED for own in (self.arm, self.reference) for seed in seeds)

    def failed(self, repetitions: int) -> list[int]:
        """Return the seeds at which a trial of the arm or its reference failed, which says nothing of the arm."""
        seeds = self.repetitions.seeds_of(repetitions)
        return [s for s in seeds if any(s in own and own[s].outcome in DEATHS for own in (self.arm, self.reference))]

    def repaired(self, repetitions: int) -> bool:
        """Tell whether a trial of the arm, or of its reference, failed before it ended."""
        seeds = self.repetitions.seeds_of(repetitions)
        return any(s in own and own[s].repaired for own in (self.arm, self.reference) for s in seeds)

    def dead(self, repetitions: int, of: str = "arm") -> tuple[int, ...]:
        """Return the seeds at which the arm (or its reference) learnt nothing."""
        own: ByBlock = getattr(self, of)
        return tuple(seed for seed in self.repetitions.seeds_of(repetitions) if seed in own and own[seed].dead)

    def counted(self, repetitions: int) -> tuple[int, ...]:
        """Return the seeds at which both learnt something, on the same images."""
        return tuple(
            seed
            for seed, (own, other) in self._scores(repetitions).items()
            if own is not None and other is not None and not own.dead and not other.dead and own.cells is other.cells
            if own.measured and other.measured
        )

    def _scores(self, repetitions: int) -> dict[int, tuple[Score | None, Score | None]]:
        seeds = self.repetitions.seeds_of(repetitions)
        return {s: (_score(self.arm, s), _score(self.reference, s)) for s in seeds}

    def measure(self, repetitions: int) -> BlockEffect | None:
        """Return the effect of the arm on class-balanced test accuracy, or on the metric that is in its place.

        None if too few blocks count.
        """
        counted = self.counted(repetitions)
        if len(counted) < 2:
            return None
        layout, scores = self._lay_out(repetitions), self._scores(repetitions)
        pairs = [
            both for both in map(scores.__getitem__, counted) if both[0] and both[1] and both[0].number is not None
        ]
        if pairs:  # one number a trial, of which nothing is known by scene: each block is a cell
            numbers = np.array([[own.response - other.response] for own, other in pairs if own and other])
            return measure(numbers, np.zeros(numbers.shape, dtype=int), ONE, 1)
        differences = np.full((repetitions, len(layout.cells.classes)), np.nan)
        folds = np.zeros(differences.shape, dtype=int)
        for seed in counted:
            repetition, fold = self.repetitions.place(seed)
            own, other = scores[seed]
            assert own is not None
            assert other is not None
            where = layout.places[id(own.cells)]
            differences[repetition, where] = (own.correct - other.correct) / own.cells.images
            folds[repetition, where] = fold
        # A cell of a block that does not count has no fold of its own; its difference is missing.
        return measure(differences, folds, layout.cells, self.repetitions.folds)

    def _lay_out(self, repetitions: int) -> Layout:
        # Of these blocks alone: what a later one shows may not change what was said before it.
        if repetitions not in self._layouts:
            scores = self._scores(repetitions).values()
            self._layouts[repetitions] = lay_out(score for both in scores for score in both if score is not None)
        return self._layouts[repetitions]

    def mixed(self, repetitions: int) -> bool:
        """Tell whether the images differ where they may not.

        A cell has as many in every trial, a block the same in both arms, and a repetition tests each image once.
        """
        layout, tested = self._lay_out(repetitions), set[tuple[int, int]]()
        for seed, both in self._scores(repetitions).items():
            cells = {id(score.cells): score.cells for score in both if score is not None}
            if len(cells) > 1:
                return True
            own = {(self.repetitions.place(seed)[0], int(place)) for each in cells for place in layout.places[each]}
            if own & tested:
                return True
            tested |= own
        return layout.mixed


def _score(own: ByBlock, seed: int) -> Score | None:
    return own[seed].score if seed in own else None


@dataclass(frozen=True, eq=False)
class Layout:
    """All cells of some blocks, and the place among them of those of each block."""

    cells: Cells
    places: Mapping[int, np.ndarray]  # by the identity of a block's `TestCells`
    mixed: bool


def lay_out(scores: Iterable[Score]) -> Layout:
    """Return the cells that any of `scores` has."""
    blocks = {id(score.cells): score.cells for score in scores}
    images: dict[tuple[int, str], int] = {}
    mixed = False
    for cells in blocks.values():
        for label, scene, count in zip(cells.classes.tolist(), cells.scenes, cells.images.tolist(), strict=True):
            mixed |= images.setdefault((label, scene), count) != count
    names = sorted(images)
    place = {name: position for position, name in enumerate(names)}
    labels, scenes = [label for label, _ in names], [scene for _, scene in names]
    classes = np.unique(labels, return_inverse=True)[1] if names else np.zeros(0, dtype=int)
    counts = np.array([images[name] for name in names], dtype=float)
    weights = counts / np.bincount(classes, weights=counts)[classes] if names else counts
    places = {
        key: np.array([place[name] for name in zip(cells.classes.tolist(), cells.scenes, strict=True)], dtype=int)
        for key, cells in blocks.items()
    }
    return Layout(Cells(classes, np.unique(scenes, return_inverse=True)[1], weights), places, mixed)
