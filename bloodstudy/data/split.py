"""Which images train and which test: the official division, or a drawn one.

In: the labels and sides of the images in their fixed order. Out: 'train' or 'test' for each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bloodstudy.data.listing import Listing
from bloodstudy.errors import UserError


def resolve_split(split: str, listing: Listing) -> str:
    """Return official or random for auto, official or random. Raises UserError where there is no official split."""
    if split == "auto":
        return "official" if listing.official else "random"
    if split == "official" and not listing.official:
        why = (
            "the photographs come without one"
            if listing.name == "bccd"
            else f"{listing.root} has no train and test folders"
        )
        raise UserError(
            f"data.split=official: data={listing.name} has no official split, {why}. Use data.split=random or auto."
        )
    return split


def draw_split(labels: Sequence[str], test_share: float, seed: int) -> np.ndarray:
    """Draw a test set from each class: (N,) of 'train' and 'test', the same for the same labels, share and seed.

    A class of n images gives round(n * test_share) of them to the test, at least one to each side; n must be 2 or more.
    Photographs are ignored: copies of one cell may stand on both sides.
    """
    rng = np.random.default_rng(seed)
    names = np.asarray(labels, dtype=object)
    sides = np.full(len(names), "train", dtype=object)
    for name in sorted(set(labels)):
        rows = np.flatnonzero(names == name)
        tested = min(max(round(len(rows) * test_share), 1), len(rows) - 1)
        sides[rng.permutation(rows)[:tested]] = "test"
    return sides
