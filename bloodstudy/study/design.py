"""The design of a study: which blocks it is made of, and after how many repetitions it decides.

In: folds, looks and the first repetition. Out: blocks, each with the seed it trains with and the division that it tests
on. A repetition of `folds` divides all images into parts, each of which tests once; one of `fixed` is a training seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

FOLDS = 5


class DesignName(StrEnum):
    """What a repetition is."""

    FOLDS = "folds"
    FIXED = "fixed"


LOOKS = {DesignName.FOLDS: (2, 3, 5, 8), DesignName.FIXED: (6, 10, 16, 25)}
LEAST = {DesignName.FOLDS: 2, DesignName.FIXED: 6}  # repetitions under which nothing is concluded
MARGINS = {DesignName.FOLDS: 0.03, DesignName.FIXED: 0.02}  # if nobody names one


@dataclass(frozen=True)
class Block:
    """What the reference and every open arm share: one division of the images and one training seed."""

    repetition: int
    fold: int
    seed: int
    levels: dict[str, Any]  # that all its trials have


@dataclass(frozen=True)
class Design:
    """How a study is divided into blocks."""

    name: DesignName
    folds: int  # blocks of a repetition: 1 for fixed
    looks: tuple[int, ...]  # numbers of complete repetitions at which it decides, rising
    first: int = 0  # repetition
    seeds: int | None = None  # of a fixed design, if more are planned than it decides by
    measured_share: float = 1.0  # of the training images of a fold, on which its train accuracy is measured

    @property
    def planned(self) -> int:
        """The repetitions that are planned."""
        return max(self.looks[-1], self.seeds or 0)

    def blocks(self, repetitions: int) -> list[Block]:
        """Return the blocks of so many repetitions, in their order."""
        return [
            self._block(repetition, fold)
            for repetition in range(self.first, self.first + repetitions)
            for fold in range(self.folds)
        ]

    def _block(self, repetition: int, fold: int) -> Block:
        seed = self.folds * repetition + fold
        if self.name == DesignName.FIXED:
            return Block(repetition, fold, seed, {"seed": seed})
        levels = {
            "data.split": "grouped_kfold",
            "data.folds": self.folds,
            "data.split_seed": repetition,
            "data.fold": fold,
            **({"data.measured_share": self.measured_share} if self.measured_share < 1 else {}),
            "seed": seed,
        }
        return Block(repetition, fold, seed, levels)


@dataclass(frozen=True)
class Repetitions:
    """The planned seeds of a study by repetition: what was planned tells, whatever the design was called."""

    name: DesignName
    seeds: tuple[int, ...]  # rising
    folds: int
    looks: tuple[int, ...]

    @property
    def count(self) -> int:
        """The number of planned repetitions."""
        return len(self.seeds) // self.folds

    def seeds_of(self, repetitions: int) -> tuple[int, ...]:
        """Return the seeds of the first `repetitions`, one a block."""
        return self.seeds[: self.folds * repetitions]

    @cached_property
    def _places(self) -> dict[int, tuple[int, int]]:
        return {seed: divmod(position, self.folds) for position, seed in enumerate(self.seeds)}

    def place(self, seed: int) -> tuple[int, int]:
        """Return the repetition, counted from the study's first, and the fold that a seed stands for."""
        return self._places[seed]

    @property
    def least(self) -> int:
        """The repetitions under which nothing is concluded."""
        return LEAST[self.name]
