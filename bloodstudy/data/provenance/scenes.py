"""Photographs that show the same field, wholly or in part, joined into scenes.

In: pictures of photographs. Out: the overlapping pairs with what was measured of each, and the scene of each
photograph. A microscope stage moves and does not turn or zoom: two photographs of one field differ by a shift, so what
else the features propose is refused. Dust on the camera stays in place from one photograph to the next; it makes
features agree on no shift at all, and the grey levels refuse that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bloodstudy.data.provenance.align import align
from bloodstudy.data.provenance.features import RICH, Picture, describe
from bloodstudy.data.provenance.search import Gallery
from bloodstudy.data.provenance.threads import in_threads
from bloodstudy.data.screening.listing import Progress, show_nothing

LEAST_CORRELATION = 0.8  # in the area of both; tests/data/provenance/test_scenes.py has pairs of either kind
LEAST_COVER = 0.1  # of the frame: below it, a few cells alone decide
LEAST_INLIERS = 6
_STRETCH = (0.95, 1.05)
_CANDIDATES = 8


class Overlap(NamedTuple):
    """Two photographs of one field."""

    first: int
    second: int
    correlation: float  # in the area of both
    cover: float  # share of the first that the second shows too


def find_overlaps(pictures: Sequence[Picture], progress: Progress = show_nothing) -> list[Overlap]:
    """Return the pairs of `pictures` that overlap, by position."""
    pictures = list(in_threads(lambda picture: describe(picture.grey, RICH), pictures))
    gallery = Gallery([picture.descriptors for picture in pictures])

    def compare(position: int) -> list[Overlap]:
        others = gallery.candidates(pictures[position].descriptors, _CANDIDATES, itself=position)
        overlaps = [_compare(pictures, position, other) for other in others]
        return [overlap for overlap in overlaps if overlap is not None]

    widest: dict[tuple[int, int], Overlap] = {}
    for done, overlaps in enumerate(in_threads(compare, range(len(pictures))), start=1):
        for overlap in overlaps:
            pair = min(overlap[:2]), max(overlap[:2])
            if pair not in widest or overlap.cover > widest[pair].cover:
                widest[pair] = Overlap(*pair, *overlap[2:])
        progress("comparing", done, len(pictures))
    return [widest[pair] for pair in sorted(widest)]


def _compare(pictures: Sequence[Picture], first: int, second: int) -> Overlap | None:
    match = align(pictures[first], pictures[second])
    if match is None or match.inliers < LEAST_INLIERS:
        return None
    largest, smallest = match.stretch
    rigid = _STRETCH[0] <= smallest and largest <= _STRETCH[1]
    if not rigid or match.correlation < LEAST_CORRELATION or match.cover < LEAST_COVER:
        return None
    return Overlap(first, second, match.correlation, match.cover)


def join_copies(scenes: Sequence[str], contents: Sequence[str]) -> list[str]:
    """Return the scene of each file, with one scene for all files of the same content: the first one names it.

    A file without a scene, '', takes that of a copy; two copies without one stay without.
    """
    codes, names = pd.factorize(np.asarray(scenes, dtype=object))
    numbers: list[int] = codes.tolist()
    first: dict[str, int] = {}  # the scene of each content
    placed = [(number, content) for number, content in zip(numbers, contents, strict=True) if names[number]]
    groups = join([(first.setdefault(content, number), number) for number, content in placed], len(names)).tolist()
    leaders: dict[int, str] = {}
    for group, name in zip(groups, names, strict=True):
        leaders.setdefault(group, name)
    return [leaders[groups[first.get(content, number)]] for number, content in zip(numbers, contents, strict=True)]


def join(pairs: Sequence[tuple[int, int]], count: int) -> np.ndarray:
    """Return one group number for each of `count` things; those that a chain of `pairs` connects share one."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ends = np.array(pairs, int).reshape(-1, 2)
    links = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    return connected_components(links, directed=False)[1]
