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
import pandas as pd

from bloodstudy.data.provenance.align import Features, Match, agree, align
from bloodstudy.data.provenance.features import Picture, describe, find_valid, mirror, mirror_points
from bloodstudy.data.provenance.search import Gallery
from bloodstudy.data.provenance.threads import in_threads
from bloodstudy.data.screening.listing import Progress, show_nothing

LEAST_CORRELATION = 0.85  # as for a copy on its photograph
LEAST_COVER = 0.25
LEAST_INLIERS = 8
_CANDIDATES = 8
_BLOCK = 32  # images whose candidates are known before their pairs are compared: joined ones need no proof

Reader = Callable[[int], np.ndarray]  # the grey uint8 pixels of one image, from any thread


class _Features(NamedTuple):
    """The features of one image; its pixels are read again to be compared, since all would fill the memory."""

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


def group_images(read: Reader, count: int, progress: Progress = show_nothing) -> np.ndarray:
    """Return one group number (count,) for each image, in the order of the groups' first images."""
    from scipy.cluster.hierarchy import DisjointSet

    def extract(image: int) -> _Features:
        picture = describe(read(image))
        return _Features(picture.points, picture.descriptors, int(picture.valid.sum()), picture.grey.shape[1])

    features: list[_Features] = []
    for extracted in in_threads(extract, range(count)):
        features.append(extracted)
        progress("describing", len(features), count)
    groups = DisjointSet(range(count))
    for done in _join_round(range(count), features, read, groups):
        progress("comparing", done, count)
    fullest = sorted(max(sorted(group), key=lambda image: features[image].area) for group in groups.subsets())
    for done in _join_round(fullest, features, read, groups):
        progress("joining", done, len(fullest))
    return pd.factorize(np.array([groups[image] for image in range(count)], int))[0]


def _join_round(images: Sequence[int], features: Sequence[_Features], read: Reader, groups: Any) -> Iterator[int]:
    """Merge the groups of those `images` that show the same; yields how many have been compared."""
    gallery = Gallery([features[image].descriptors for image in images])

    def propose(position: int) -> list[_Pair]:
        image = images[position]
        return [
            _Pair(image, images[candidate], mirrored)
            for mirrored in (False, True)
            for candidate in gallery.candidates(features[image].view(mirrored)[1], _CANDIDATES, position)
        ]

    def compare(pair: _Pair) -> bool:
        # Most proposals fail here, on the features alone: only the others are worth reading two files again.
        agreed = agree(features[pair.first].view(pair.mirrored), features[pair.second].view(False))
        if agreed is None or agreed[1] < LEAST_INLIERS:
            return False
        picture, other = restore(pair.first), restore(pair.second)
        match = align(picture.mirrored() if pair.mirrored else picture, other, enough=LEAST_CORRELATION)
        return match is not None and _show_the_same(match)

    def restore(image: int) -> Picture:
        grey = read(image)
        return Picture(grey, find_valid(grey), features[image].points, features[image].descriptors)

    for start in range(0, len(images), _BLOCK):
        block = range(start, min(start + _BLOCK, len(images)))
        proposed = [pair for pairs in in_threads(propose, block) for pair in pairs]
        open_pairs = [pair for pair in proposed if not groups.connected(pair.first, pair.second)]
        for pair, show_the_same in zip(open_pairs, in_threads(compare, open_pairs), strict=True):
            if show_the_same:
                groups.merge(pair.first, pair.second)
        yield block.stop


def _show_the_same(match: Match) -> bool:
    alike = match.correlation >= LEAST_CORRELATION
    return alike and match.cover >= LEAST_COVER and match.inliers >= LEAST_INLIERS
