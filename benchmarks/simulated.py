"""Simulated studies whose truth is known: what the statistics take, drawn from stated models.

In: a design (photographs a class, copies of each), spreads, a truth and a generator. Out: what arm and reference got
right, added up by photograph, or accuracy differences over seeds. Truths are those of the whole population of seeds
and photographs; every draw comes from the generator that is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bloodstudy.analysis.statistics.variance_components import Crossed

HEAVY_DF = 3  # of Student's t: the heaviest tails that still have a variance


@dataclass(frozen=True)
class Design:
    """The test images: by class, the number of copies of each photograph."""

    name: str
    copies: tuple[tuple[int, ...], ...]

    @property
    def sizes(self) -> np.ndarray:
        """Copies of each photograph (photographs,), class after class."""
        return np.concatenate([np.array(own) for own in self.copies])

    @property
    def classes(self) -> np.ndarray:
        """Class of each photograph (photographs,)."""
        return np.repeat(np.arange(len(self.copies)), [len(own) for own in self.copies])

    @property
    def weights(self) -> np.ndarray:
        """Share of the images that each photograph has (photographs,)."""
        return self.sizes / self.sizes.sum()


KAGGLE = Design(  # TEST as it is: 2,487 images
    "Kaggle: 13/6/4/48",
    (
        (47, 47, *[48] * 10, 49),
        (102, 103, 103, 104, 104, 104),
        (154, 155, 155, 156),
        (12, *[13] * 46, 14),
    ),
)
EVEN = Design("20 a class, 31 copies each", ((31,) * 20,) * 4)
UNEVEN = Design("20 a class, 15 to 155 copies", (tuple(round(15 * (155 / 15) ** (i / 19)) for i in range(20)),) * 4)


@dataclass(frozen=True)
class Spread:
    """Where accuracy differences come from; standard deviations, in accuracy."""

    seed: float = 0.01
    photograph: float = 0.0
    interaction: float = 0.0  # of seed and photograph
    discord: float = 0.3  # share of images on which arm and reference differ: Bernoulli noise of single images
    sparse: float = 0.0  # share of photographs on which the arm changes anything; 0: on all, normally
    heavy: bool = False  # seed and photograph effects of Student's t with 3 degrees of freedom, of the same spread
    only: int | None = None  # the one class whose photographs the arm touches; None: all


def draw_crossed(design: Design, spread: Spread, seeds: int, rng: np.random.Generator, truth: float = 0.0) -> Crossed:
    """Draw one arm against its reference: seeds x photographs, each image +1, 0 or -1.

    The chance of +1 less that of -1 is truth + seed + photograph + interaction in each cell, cut at +-discord; effects
    are symmetric about 0, or where they are sparse of mean 0, so that `truth` is the effect over the population.
    """
    n = len(design.sizes)
    noise = (lambda size: rng.standard_t(HEAVY_DF, size) / np.sqrt(HEAVY_DF)) if spread.heavy else rng.standard_normal
    photograph = spread.photograph * noise(n)
    if spread.sparse:  # a few photographs change a lot, the others a little the other way
        share = spread.sparse
        high = spread.photograph * np.sqrt((1 - share) / share)
        photograph = np.where(rng.random(n) < share, high, -high * share / (1 - share))
    if spread.only is not None:
        photograph = np.where(design.classes == spread.only, photograph, 0.0)
    chance = truth + photograph + spread.seed * noise((seeds, 1))
    chance = np.clip(chance + rng.normal(0, spread.interaction, (seeds, n)), -spread.discord, spread.discord)
    gained = rng.binomial(design.sizes, (spread.discord + chance) / 2)
    lost = (spread.discord - chance) / 2 / (1 - (spread.discord + chance) / 2)
    lost = rng.binomial(design.sizes - gained, np.clip(lost, 0, 1))
    return Crossed((gained - lost) / design.sizes.sum(), design.weights, design.classes)


def draw_family(
    arms: int, seeds: int, sd: float, truth: float, rng: np.random.Generator, shape: str = "normal"
) -> np.ndarray:
    """Draw paired differences (arms, seeds) about `truth`, of spread `sd`; the arms share one reference.

    `shape` is normal, heavy (Student's t with 3 degrees of freedom), skewed (exponential losses in the arm alone) or
    collapsed (each trial of the arm falls by 0.3 with chance 0.05). Truth is the mean, the collapses included.
    """
    noise = {"heavy": lambda size: rng.standard_t(HEAVY_DF, size) / np.sqrt(HEAVY_DF)}.get(shape, rng.standard_normal)
    reference, own = noise((1, seeds)), noise((arms, seeds))
    if shape == "skewed":
        reference, own = np.zeros((1, seeds)), (1 - rng.exponential(size=(arms, seeds))) * np.sqrt(2)
    differences = truth + sd * (own - reference) / np.sqrt(2)
    if shape == "collapsed":
        differences += 0.3 * (0.05 - (rng.random((arms, seeds)) < 0.05))
    return differences


def draw_trial(
    design: Design, kind: str, skill: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw one trial on the test images: correct, class and cluster of each image.

    `kind` is "one class" (it names one class for every image), "nearly one class" (another one for each fiftieth
    photograph), "guesses" (a class at random for each photograph), or "learnt": right with the chance `skill`, which
    varies between photographs as Beta(4 skill, 4 (1 - skill)).
    """
    classes = np.repeat(design.classes, design.sizes)
    clusters = np.repeat(np.arange(len(design.sizes)), design.sizes)
    kinds, photographs = len(design.copies), len(design.sizes)
    if kind == "learnt":
        likely = rng.beta(4 * skill, 4 * (1 - skill), photographs)
        return rng.random(len(classes)) < likely[clusters], classes, clusters
    guesses = rng.integers(kinds, size=photographs)
    if kind != "guesses":
        guesses = np.where(rng.random(photographs) < (0.02 if kind == "nearly one class" else 0), guesses, guesses[0])
    return (guesses == design.classes)[clusters], classes, clusters
