"""Images without originals, grouped among themselves: those that show the same field stand in one group.

In: a way to read the grey pixels of each image. Out: one group number an image. Pairs are proposed by the nearest
features, not by all pairs; one of each pair is laid over the other, in both mirror images, and the grey levels decide.

Two rounds: the first finds the copies of one photograph, which are each other's nearest; the second compares one image
of each group with the others', and finds photographs that overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from bloodstudy.data.provenance.align import Features, Match, agree, align
from bloodstudy.data.provenance.features import Picture, describe, find_valid, mirror, mirror_points
from bloodstudy.data.provenance.search import Gallery
from bloodstudy.data.provenance.threads import in_threads
from bloodstudy.data.screening.listing import Progress

LEAST_CORRELATION = 0.85  # as for a copy on its photograph
LEAST_COVER = 0.25
LEAST_INLIERS = 8
_CANDIDATES = 8
_BLOCK = 32  # images whose candidates are known before their pairs are compared: joined ones need no proof


class _Found(NamedTuple):
    """The features of one image; its pixels are read again where they are compared, since all would fill the memory."""

    points: np.ndarray
    descriptors: np.ndarray
    area: int  # valid pixels
    width: int

    def view(self, mirrored: bool) -> Features:
        """Return the features, or those of the mirror image."""
        if not mirrored:
            return self.points, self.descriptors
        return mirror_points(self.points, self.width), mirror(self.descriptors)


class _Pair(NamedTuple):
    first: int
    second: int
    mirrored: bool


def group_images(read: Callable[[int], np.ndarray], count: int, progress: Progress | None = None) -> np.ndarray:
    """Return one group number (count,) for each image; `read` gives the grey uint8 pixels of one, from any thread."""
    from scipy.cluster.hierarchy import DisjointSet

    def look(image: int) -> _Found:
        picture = describe(read(image))
        return _Found(picture.points, picture.descriptors, int(picture.valid.sum()), picture.grey.shape[1])

    found: list[_Found] = []
    for features in in_threads(look, range(count)):
        found.append(features)
        if progress:
            progress("describing", len(found), count)
    groups = DisjointSet(range(count))

    def join_round(stage: str, images: Sequence[int]) -> None:
        for looked in _join_round(images, found, read, groups):
            if progress:
                progress(stage, looked, len(images))

    join_round("comparing", range(count))
    fullest = (max(sorted(members), key=lambda image: found[image].area) for members in groups.subsets())
    join_round("joining", sorted(fullest))
    return _number(groups, count)


def _join_round(
    images: Sequence[int], found: Sequence[_Found], read: Callable[[int], np.ndarray], groups: Any
) -> Iterator[int]:
    """Merge the groups of those `images` that show the same; yields how many were looked at."""
    gallery = Gallery([found[image].descriptors for image in images])

    def propose(position: int) -> list[_Pair]:
        image = images[position]
        return [
            _Pair(image, images[candidate], mirrored)
            for mirrored in (False, True)
            for candidate in gallery.candidates(found[image].view(mirrored)[1], _CANDIDATES, position)
        ]

    def compare(pair: _Pair) -> bool:
        # Most proposals fail here, on the features alone: only the others are worth reading two files again.
        proposed = agree(found[pair.first].view(pair.mirrored), found[pair.second].view(False))
        if proposed is None or proposed[1] < LEAST_INLIERS:
            return False
        picture, other = _picture(read, found, pair.first), _picture(read, found, pair.second)
        match = align(picture.mirrored() if pair.mirrored else picture, other, enough=LEAST_CORRELATION)
        return match is not None and _same(match)

    for start in range(0, len(images), _BLOCK):
        block = range(start, min(start + _BLOCK, len(images)))
        proposed = [pair for pairs in in_threads(propose, block) for pair in pairs]
        apart = [pair for pair in proposed if not groups.connected(pair.first, pair.second)]
        for pair, same in zip(apart, in_threads(compare, apart), strict=True):
            if same:
                groups.merge(pair.first, pair.second)
        yield block.stop


def _picture(read: Callable[[int], np.ndarray], found: Sequence[_Found], image: int) -> Picture:
    grey = read(image)
    return Picture(grey, find_valid(grey), found[image].points, found[image].descriptors)


def _same(match: Match) -> bool:
    alike = match.correlation >= LEAST_CORRELATION
    return alike and match.cover >= LEAST_COVER and match.inliers >= LEAST_INLIERS


def _number(groups: Any, count: int) -> np.ndarray:
    """Return group numbers in the order of each group's first image."""
    first = np.empty(count, int)
    for members in groups.subsets():
        first[list(members)] = min(members)
    return np.unique(first, return_inverse=True)[1]
