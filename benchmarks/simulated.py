"""Simulated studies whose truth is known, as `comparisons.course` takes them: blocks of arms against one reference.

In: a layout of scenes, what differences come from, the true effects, a design and a generator. Out: `Drawn` blocks.
A truth is that of the whole population of seeds and photographs; under `fixed` there are no scene effects.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from bloodstudy.analysis.comparisons.pairs import Pair
from bloodstudy.analysis.statistics.blocks import BlockEffect, Cells, measure
from bloodstudy.data.splits.split import draw_grouped
from bloodstudy.study.arms import Role
from bloodstudy.study.design import FOLDS, Repetitions

SCENES = Path(__file__).parent / "scenes.csv"  # images of each class in each scene: of `data.load`, split by scene
DIVISIONS = 40  # of each layout; a study takes different ones of them
WHOLE, BY_CLASS, BY_SCENE = 0.12, 0.44, 0.44  # of the variance of a block's contribution, as the first full study had
SHARES = (WHOLE, BY_CLASS, BY_SCENE)
FALL, FALLS = 0.3, 0.05  # of a collapsed trial, and how many of them


@dataclass(frozen=True, eq=False)
class Layout:
    """The scenes of a data set."""

    name: str
    cells: Cells
    divisions: np.ndarray  # int (DIVISIONS, C): the fold that tests each cell


@dataclass(frozen=True)
class Noise:
    """Where differences come from; standard deviations, in accuracy."""

    spread: float = 0.05  # of a block's contribution, by training alone
    scenes: float = 0.05  # of what an arm changes from scene to scene
    unequal: bool = False  # spreads of the arms from .6 to 2 times `spread`
    deaths: float = 0.0  # share of trials that die, of arms and reference alike
    pool: float = 0.0  # of an effect that this pool of images has and another one would not
    sparse: float = 0.0  # share of scenes on which an arm changes anything; 0: all of them, normally
    first: str = "normal"  # the first arm's trainings: or skewed (exponential losses), or collapsed


@dataclass(frozen=True, eq=False)
class Drawn:
    """A pair over all its blocks, in arrays."""

    pair: Pair
    differences: np.ndarray  # (R, C)
    folds: np.ndarray  # (R, C)
    cells: Cells
    number: int  # of folds
    died: np.ndarray  # bool (R, K), of the arm
    reference_died: np.ndarray
    planned: bool = True

    def complete(self, repetitions: int) -> bool:
        return True

    def failed(self, repetitions: int) -> list[int]:
        return []

    def repaired(self, repetitions: int) -> bool:
        return False

    def dead(self, repetitions: int, of: str = "arm") -> tuple[int, ...]:
        died = self.died if of == "arm" else self.reference_died
        return tuple(np.flatnonzero(died[:repetitions]).tolist())

    def measure(self, repetitions: int) -> BlockEffect | None:
        own, folds = self.differences[:repetitions], self.folds[:repetitions]
        lost = (self.died | self.reference_died)[:repetitions]
        if lost.any():
            own = np.where(np.take_along_axis(lost, folds, axis=1), np.nan, own)
        return measure(own, folds, self.cells, self.number)


@cache
def lay_out(name: str) -> Layout:
    """Return the scenes of kaggle or bccd, or "even": 20 of each of four classes, of 30 images each."""
    if name == "even":
        labels, scenes, images = np.repeat(np.arange(4), 20), np.arange(80), np.full(80, 30)
    else:
        table = pd.read_csv(SCENES).query("data == @name")
        labels, scenes = (np.unique(table[column], return_inverse=True)[1] for column in ("label", "scene"))
        images = table["images"].to_numpy()
    weights = images / np.bincount(labels, images)[labels]
    begin = np.concatenate([[0], np.cumsum(images)[:-1]])  # the first image of each cell
    of_images, in_scenes = (np.repeat(column, images).astype(str).tolist() for column in (labels, scenes))
    shares = [1 / FOLDS] * FOLDS
    divisions = np.stack([draw_grouped(of_images, in_scenes, shares, seed)[begin] for seed in range(DIVISIONS)])
    return Layout(name, Cells(labels, scenes, weights), divisions)


@cache
def _scale(name: str, number: int) -> tuple[float, float, float]:
    """Return the effects of a block, of one on a class and of one on a scene that spread its contribution by 1."""
    layout = lay_out(name)
    folds = layout.divisions if number > 1 else np.zeros_like(layout.divisions[:1])
    weights = layout.cells.weights / layout.cells.count * number
    own = np.stack([layout.cells.sum_by_class((folds == fold) * weights) for fold in range(number)])
    parts = (own.sum(axis=2) ** 2).mean(), (own**2).sum(axis=2).mean(), (weights**2).sum() / number
    whole, by_class, by_scene = (float(np.sqrt(share / part)) for share, part in zip(SHARES, parts, strict=True))
    return whole, by_class, by_scene


def draw_study(
    layout: Layout,
    noise: Noise,
    effects: np.ndarray,
    margin: float,
    repetitions: Repetitions,
    rng: np.random.Generator,
) -> list[Drawn]:
    """Draw all blocks of a study of arms with these true `effects`, which share their reference."""
    arms, number, rounds = len(effects), repetitions.folds, repetitions.looks[-1]
    cells = layout.cells
    folds = np.zeros((rounds, len(cells.classes)), dtype=int)
    if number > 1:
        folds = layout.divisions[rng.choice(len(layout.divisions), rounds, replace=False)]
    trained = _draw_trainings(layout, noise, arms, folds, number, rng)
    own = trained[1:] - trained[0]
    if noise.unequal:
        own *= np.linspace(0.6, 2.0, arms)[:, None, None]
    changed = _draw_scenes(noise, arms + 1, cells.scenes.max() + 1, rng)
    own += (changed[1:] - changed[0])[:, None, cells.scenes]
    own += (effects + rng.normal(0, noise.pool, arms))[:, None, None]
    died = rng.random((arms + 1, rounds, number)) < noise.deaths
    pairs = [Pair(f"arm {arm}", "reference", Role.CONFIRMATORY, ("q",), margin) for arm in range(arms)]
    return [
        Drawn(pair, own[arm], folds, cells, number, died[arm + 1], died[0]) for arm, pair in enumerate(pairs)
    ]  # fmt: skip


def _draw_trainings(
    layout: Layout, noise: Noise, arms: int, folds: np.ndarray, number: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw what each training adds to each cell (1 + arms, R, C), each of half the variance of a difference."""
    cells, rounds = layout.cells, len(folds)
    sizes = [scale * noise.spread / np.sqrt(2) for scale in _scale(layout.name, number)]
    of_block = sizes[0] * rng.standard_normal((arms + 1, rounds, number, 1))
    if noise.first == "skewed":
        of_block[1] = noise.spread * (1 - rng.exponential(size=of_block[1].shape))
    elif noise.first == "collapsed":
        of_block[1] += FALL * (FALLS - (rng.random(of_block[1].shape) < FALLS))
    of_class = of_block + sizes[1] * rng.standard_normal((arms + 1, rounds, number, cells.count))
    where = folds * cells.count + cells.classes
    every = np.take_along_axis(of_class.reshape(arms + 1, rounds, -1), where[None], axis=2)
    return every + sizes[2] * rng.standard_normal(every.shape)


def _draw_scenes(noise: Noise, trials: int, scenes: int, rng: np.random.Generator) -> np.ndarray:
    """Draw what each arm changes on each scene, (trials, scenes), each of half the variance of a difference."""
    if not noise.sparse:
        return noise.scenes / np.sqrt(2) * rng.standard_normal((trials, scenes))
    high = noise.scenes * np.sqrt((1 - noise.sparse) / noise.sparse)
    changed = np.where(
        rng.random((trials, scenes)) < noise.sparse, high, -high * noise.sparse / (1 - noise.sparse)
    )  # fmt: skip
    changed[0] = 0.0  # the reference changes nothing
    return changed
