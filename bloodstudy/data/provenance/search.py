"""Many pictures, searched by what is in them: which of them may show what a given one shows.

In: the descriptors of each picture, in a fixed order. Out: for those of any other, the few positions whose features are
nearest, the likeliest first. The search is FLANN's forest of k-d trees, seeded: same pictures, same answers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_TREES = {"algorithm": 1, "trees": 4}  # FLANN's k-d trees (Muja and Lowe 2009)
_CHECKS = {"checks": 48}
_SEED = 0
_NEIGHBOURS = 8
_OWN = 2  # a feature itself and, if SIFT gives a point two orientations, its twin


class Gallery:
    """An index over the features of pictures."""

    def __init__(self, pictures: Sequence[np.ndarray]) -> None:
        """Index the descriptors of each picture, float32 (K, 128); those without any are never found."""
        import cv2

        self.size = len(pictures)
        self._owner = np.repeat(np.arange(self.size), [len(descriptors) for descriptors in pictures])
        self._all = np.concatenate([np.zeros((0, 128), np.float32), *pictures])
        cv2.setRNGSeed(_SEED)
        self._index = cv2.flann_Index(self._all, _TREES) if len(self._all) else None  # pyright: ignore[reportAttributeAccessIssue]

    def candidates(self, descriptors: np.ndarray, count: int, itself: int = -1) -> list[int]:
        """Return up to `count` positions, the likeliest first.

        Each feature votes for the owners of its nearest features, with the square of how much nearer they are than the
        last of them: a feature that is everywhere says little. `itself` is the picture's own position, if it is one of
        the gallery's: it gets no vote.
        """
        if self._index is None or not len(descriptors):
            return []
        wanted = min(_NEIGHBOURS + (_OWN if itself >= 0 else 0), len(self._all))
        rows, distances = self._index.knnSearch(descriptors, wanted, params=_CHECKS)
        owners = self._owner[rows]
        nearer = 1 - distances / np.maximum(distances[:, -1:], 1e-9)
        # A position that a feature meets twice gets the vote of the nearer: columns come nearest first.
        again = (owners[:, :, None] == owners[:, None, :]) & np.tri(wanted, k=-1, dtype=bool)
        weights = np.where(again.any(axis=2) | (owners == itself), 0.0, nearer**2)
        votes = np.bincount(owners.ravel(), weights.ravel(), minlength=self.size)
        order = np.argsort(-votes, kind="stable")[:count]
        return [int(position) for position in order if votes[position] > 0]
