"""Which images train, which test and which validate: the official division, or a drawn one.

In: labels, sides and scenes of the images in their fixed order. Out: 'train', 'test', 'validation' or '' (left out) for
each. A grouped draw never cuts a scene; what cannot be drawn is refused with counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.screening.listing import Listing, table_of_counts
from bloodstudy.errors import UserError

NEED_SCENES = ("official_clean", "grouped", "grouped_kfold")
TRAINING = ("train", "validation")  # every side that a network, or a choice between networks, sees
WHOLE = ("grouped", "grouped_kfold")  # what one scene shows stands on one side
OFFICIAL = ("official", "official_clean")  # one division, judged on all its test images or on the clean ones


def resolve_split(split: str, listing: Listing) -> str:
    """Return `split`, or for auto official or random. Raises UserError if there is no official split."""
    if split == "auto":
        return "official" if listing.official else "random"
    if split in OFFICIAL and not listing.official:
        folders = f"{listing.root} has no train and test folders"
        reason = "the photographs come without one" if listing.name == "bccd" else folders
        raise UserError(
            f"data.split={split}: data={listing.name} has no official split, {reason}. "
            "Use data.split=grouped, random or auto."
        )
    return split


def divide(
    split: str, sides: Sequence[str], labels: Sequence[str], scenes: Sequence[str], choice: DataChoice
) -> np.ndarray:
    """Return (N,) of 'train', 'test', 'validation' and '' for the resolved `split`.

    Args:
        split: official, official_clean, grouped, grouped_kfold or random.
        sides: of the official division, train or test; heeded there alone.
        labels: class of each image as found.
        scenes: scene of each image; '' if it is in none that is known.
        choice: shares, folds and seed.

    Raises:
        UserError: a class has too few scenes or images to stand on every side; with counts.
    """
    if split in OFFICIAL:
        divided = np.asarray(sides, dtype=object)
    elif split == "random":
        divided = draw_split(labels, choice.test_share, choice.split_seed)
    else:
        shares, test = [1 - choice.test_share, choice.test_share], 1
        advice = "Add photographs, or use data.split=random, which ignores scenes."
        if split == "grouped_kfold":
            shares, test = [1 / choice.folds] * choice.folds, choice.fold
            advice = (
                "Add photographs, ask for fewer data.folds (of a study by folds: `folds` in a study file of your own), "
                "or use data.split=random, which ignores scenes (of a study: with design=fixed)."
            )
        parts = draw_grouped(labels, scenes, shares, choice.split_seed, f"data.split={split}", advice)
        divided = np.where(parts == test, "test", "train").astype(object)
        divided[parts < 0] = ""
    if choice.validation_share:
        _set_validation(divided, split, labels, scenes, choice)
    return divided


def validates_by_scene(split: str, scenes: Sequence[str]) -> bool:
    """Tell whether a validation split of `split` keeps scenes whole: if they are known, but for random."""
    return split != "random" and any(scenes)


def _set_validation(
    divided: np.ndarray, split: str, labels: Sequence[str], scenes: Sequence[str], choice: DataChoice
) -> None:
    """Turn a share of the training images into validation images, in place."""
    rows = np.flatnonzero(divided == "train")
    within = [labels[row] for row in rows.tolist()]
    what, share = f"data.validation_share={choice.validation_share:g}", choice.validation_share
    seed = [choice.split_seed, 1]  # another stream than that of the test set
    if validates_by_scene(split, scenes):
        advice = "Add photographs, or leave data.validation_share at 0."
        parts = draw_grouped(within, [scenes[row] for row in rows.tolist()], [1 - share, share], seed, what, advice)
        divided[rows[parts == 1]] = "validation"
        return
    if thin := sorted(name for name in set(within) if within.count(name) < 2):
        raise UserError(
            f"{what}: {_quoted(thin)} would have no training image left; training images: "
            f"{table_of_counts(sorted(set(within)), within)}. "
            "Expected at least 2 of each class. Add images, or leave data.validation_share at 0."
        )
    divided[rows[draw_split(within, share, seed) == "test"]] = "validation"


def draw_split(labels: Sequence[str], test_share: float, seed: int | list[int]) -> np.ndarray:
    """Draw a test set from each class: (N,) of 'train' and 'test', the same for the same labels, share and seed.

    A class of n images gives round(n * test_share) of them to the test, at least one to each side; n must be 2 or more.
    Photographs are ignored: copies of one cell may stand on both sides.
    """
    rng = np.random.default_rng(seed)
    names = np.asarray(labels, dtype=object)
    sides = np.full(len(names), "train", dtype=object)
    for name in sorted(set(labels)):
        rows = np.flatnonzero(names == name)
        tested = count_drawn(len(rows), test_share)
        sides[rng.permutation(rows)[:tested]] = "test"
    return sides


def count_drawn(images: int, share: float) -> int:
    """Return how many of a class's images are drawn: at least one, and not all."""
    return min(max(round(images * share), 1), images - 1)


def draw_measured(split: str, sides: np.ndarray, labels: np.ndarray, traced: bool, choice: DataChoice) -> np.ndarray:
    """Tell which images a trained network is measured on: all, or of the training images a share of each class.

    Raises UserError for a share of a `split` that may cut what images show, if that is known (`traced`): what is
    measured is all that a trial keeps of its images, and a copy of a test image may stand among the others.
    """
    measured = np.ones(len(sides), dtype=bool)
    if choice.measured_share < 1:
        if traced and split not in WHOLE:
            raise UserError(
                f"data.measured_share={choice.measured_share:g}: with data.split={split} training may show photographs "
                "of the test, and which ones can be told of a trial only if all its training images are measured. "
                f"Leave it at 1, or use data.split={' or '.join(WHOLE)}."
            )
        rows = np.flatnonzero(sides == "train")
        drawn = draw_split(labels[rows].tolist(), choice.measured_share, [choice.split_seed, 2])
        measured[rows] = drawn == "test"
        measured &= sides != ""
    return measured


def draw_grouped(
    labels: Sequence[str],
    scenes: Sequence[str],
    shares: Sequence[float],
    seed: int | list[int],
    what: str = "a grouped split",
    advice: str = "Add photographs.",
) -> np.ndarray:
    """Draw parts that cut no scene, each near its share of every class: (N,) of part indices, -1 without a scene.

    Class by class, the one with the fewest scenes first, its scenes not yet assigned are shuffled and laid end to end;
    each goes to the part in which its middle falls, so a part is within one scene of its share of the class. A scene
    with images of several classes goes whole with the first of them. A part without a scene of the class takes one.

    Raises:
        UserError: a class has fewer scenes than there are parts; `what` and `advice` are for the message.
    """
    rng = np.random.default_rng(seed)
    names, label_of = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    groups, scene_of = np.unique(np.asarray(scenes, dtype=str), return_inverse=True)
    counts = np.zeros((len(groups), len(names)), dtype=int)  # images of each scene and class
    np.add.at(counts, (scene_of, label_of), 1)
    placed = groups != ""
    counts[~placed] = 0
    _refuse_few_scenes(dict(zip(names, (counts > 0).sum(axis=0), strict=True)), len(shares), what, advice)
    parts = np.full(len(groups), -1)
    for k in np.lexsort((counts.sum(axis=0), (counts > 0).sum(axis=0))):
        unassigned = np.flatnonzero((counts[:, k] > 0) & (parts < 0))
        order = rng.permutation(unassigned)
        parts = _lay_out(order, counts[:, k], parts, np.asarray(shares, dtype=float))
        lacking = set(range(len(shares))) - set(parts[counts[:, k] > 0])
        if lacking:
            raise UserError(
                f"{what}: the scenes of class {str(names[k])!r} show other classes too, in such a way that one side "
                f"would have none of them. Try another data.split_seed. {advice}"
            )
    return parts[scene_of]


def _lay_out(order: np.ndarray, images: np.ndarray, parts: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return `parts` with the scenes in `order` assigned; `images` are those of one class in each scene."""
    parts, given = parts.copy(), np.zeros(len(shares))
    np.add.at(given, parts[parts >= 0], images[parts >= 0])
    missing = np.maximum(shares / shares.sum() * images.sum() - given, 0)
    if not len(order):
        return parts
    ends = np.cumsum(images[order])
    bounds = np.cumsum(missing)[:-1] / missing.sum() * ends[-1]
    parts[order] = np.searchsorted(bounds, ends - images[order] / 2, side="right")
    for empty in sorted(set(range(len(shares))) - set(parts[(images > 0) & (parts >= 0)])):
        held = np.bincount(parts[order], minlength=len(shares))
        if held.max() < 2:
            break
        donor = held.argmax()
        parts[next(scene for scene in order[::-1] if parts[scene] == donor)] = empty
    return parts


def _refuse_few_scenes(scenes: dict[str, int], parts: int, what: str, advice: str) -> None:
    if thin := [str(name) for name, n in scenes.items() if n < parts]:
        counts = "; ".join(f"{name}: {n}" for name, n in scenes.items())
        raise UserError(
            f"{what} keeps each scene on one side, but there are too few of {_quoted(thin)} for {parts} sides; scenes: "
            f"{counts}. Expected at least {parts} of each class. {advice}"
        )


def _quoted(names: Sequence[str]) -> str:
    return ("class " if len(names) == 1 else "classes ") + ", ".join(repr(name) for name in names)


def find_clean(split: np.ndarray, scenes: np.ndarray) -> np.ndarray:
    """Return (N,) bool: the test images whose scene is known and not among those of training and validation."""
    trained = np.unique(scenes[np.isin(split, TRAINING)])
    return (split == "test") & (scenes != "") & ~np.isin(scenes, trained)
