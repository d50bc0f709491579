"""Laying one picture over another: features propose a transform, the grey levels decide.

In: two pictures. Out: a `Match`, or None if the features agree on nothing.

The copies of the Kaggle release are sheared as well as turned and shifted (docs/decisions/05_scenes.md), so the
transform is affine, near scale 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bloodstudy.data.provenance.features import Picture

_RATIO = 0.85  # of the distances to the nearest and the second nearest feature (Lowe 2004)
_REACH_PX = 2.0
_LEAST_INLIERS = 4
_STRETCH = (0.75, 1.35)  # singular values of the linear part
SURE = 0.97  # correlation beyond which refining the transform changes no decision
_HOPELESS = 0.4  # correlation below which the features agreed by chance, so refining is lost work
_LEAST_PIXELS = 400


Features = tuple[np.ndarray, np.ndarray]  # points (K, 2) and descriptors (K, 128) of one picture


@dataclass(frozen=True, eq=False)
class Match:
    """How well one picture lies on another."""

    correlation: float  # of the grey levels in the area of both, -1 to 1
    cover: float  # share of the first picture that the second one covers
    inliers: int  # features that agree on the transform
    matrix: np.ndarray  # float (2, 3): the first picture's (x, y, 1) to the second one's (x, y)

    @property
    def score(self) -> float:
        """Return the correlation times the cover: a copy is covered by its photograph wholly, by others in part."""
        return self.correlation * self.cover

    @property
    def stretch(self) -> tuple[float, float]:
        """Return the largest and the smallest scale of the transform."""
        return stretch(self.matrix)


def stretch(matrix: np.ndarray) -> tuple[float, float]:
    """Return the largest and the smallest scale of an affine transform (2, 3)."""
    largest, smallest = np.linalg.svd(matrix[:, :2], compute_uv=False)
    return float(largest), float(smallest)


def align(picture: Picture, other: Picture, enough: float = SURE) -> Match | None:
    """Return how `picture` lies on `other`; below a correlation of `enough`, the grey levels polish the transform."""
    agreed = agree((picture.points, picture.descriptors), (other.points, other.descriptors))
    match = _measure(picture, other, *agreed) if agreed is not None else None
    if match is None or not _HOPELESS < match.correlation < enough:
        return match
    return _refine(picture, other, match)


def agree(features: Features, others: Features) -> tuple[np.ndarray, int] | None:
    """Return the affine transform that most features agree on, and how many they are; None if too few do."""
    import cv2

    (points, descriptors), (other_points, other_descriptors) = features, others
    if min(len(points), len(other_points)) < _LEAST_INLIERS:
        return None
    likeness = descriptors @ other_descriptors.T  # of unit vectors: distance**2 = 2 - 2 * likeness
    rows = np.arange(len(likeness))
    nearest = likeness.argmax(axis=1)
    first = likeness[rows, nearest]
    likeness[rows, nearest] = -1
    distinct = 1 - first < _RATIO**2 * (1 - likeness.max(axis=1))
    if distinct.sum() < _LEAST_INLIERS:
        return None
    matrix, inliers = cv2.estimateAffine2D(
        points[distinct], other_points[nearest[distinct]], method=cv2.RANSAC, ransacReprojThreshold=_REACH_PX
    )
    if matrix is None or inliers.sum() < _LEAST_INLIERS or not np.isfinite(matrix).all():
        return None
    largest, smallest = stretch(matrix)
    likely = _STRETCH[0] <= smallest and largest <= _STRETCH[1] and np.linalg.det(matrix[:, :2]) > 0
    return (matrix, int(inliers.sum())) if likely else None


def _measure(picture: Picture, other: Picture, matrix: np.ndarray, inliers: int) -> Match | None:
    import cv2

    size, onto = picture.grey.shape[::-1], cv2.WARP_INVERSE_MAP
    grey = cv2.warpAffine(other.grey, matrix, size, flags=cv2.INTER_LINEAR | onto)
    inner = cv2.warpAffine(other.inner, matrix, size, flags=cv2.INTER_NEAREST | onto)
    both = (inner & picture.inner).astype(bool)
    pixels = int(both.sum())
    if pixels < _LEAST_PIXELS:
        return None
    a, b = picture.grey[both].astype(np.float32), grey[both].astype(np.float32)
    a -= a.mean()
    b -= b.mean()
    spread = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    return Match(float(np.dot(a, b)) / spread if spread else 0.0, pixels / int(picture.inner.sum()), inliers, matrix)


def _refine(picture: Picture, other: Picture, match: Match) -> Match:
    """Return the better of `match` and its refinement by the enhanced correlation coefficient (Evangelidis 2008)."""
    import cv2

    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    start = match.matrix.astype(np.float32)
    try:
        _, matrix = cv2.findTransformECC(picture.grey, other.grey, start, cv2.MOTION_AFFINE, stop, picture.inner, 5)
    except cv2.error:  # it did not converge: the two are not alike
        return match
    refined = _measure(picture, other, matrix, match.inliers)
    return refined if refined is not None and refined.score > match.score else match
