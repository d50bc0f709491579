"""From which photograph each augmented copy was made, by registration; what cannot be told is not guessed.

In: the photographs with their scenes, and the copies. Out: for each copy its photograph, how sure that is, or nothing.

Features of both mirror images of every photograph stand in one gallery, so a copy finds its few candidates whatever
its class; each is laid over the copy, and the grey levels decide. A copy is placed if it correlates with one
photograph over all of its area, and clearly less with those of any other scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bloodstudy.data.provenance.align import Match, align
from bloodstudy.data.provenance.features import Picture
from bloodstudy.data.provenance.search import Gallery

LEAST_SCORE = 0.85  # every copy of the Kaggle release has more (tests/data/provenance/test_shipped.py) ...
LEAST_MARGIN = 0.08  # ... and by far: this only keeps apart twin scenes, of which one cannot be told from the other
_CANDIDATES = 4
_REFINED = 2


@dataclass(frozen=True)
class Placement:
    """Where one copy belongs."""

    photograph: int | None  # position in the album; None: not placed
    score: float  # correlation over all of the copy's area with its best photograph; 0: none was laid over it
    margin: float  # how much less the best photograph of any other scene has


class Album:
    """The photographs that copies may come from."""

    def __init__(self, pictures: Sequence[Picture], scenes: Sequence[str]) -> None:
        """Index both mirror images of `pictures`; `scenes` names the scene of each."""
        self._views = [view for picture in pictures for view in (picture, picture.mirrored())]
        self._scenes = list(scenes)
        self._gallery = Gallery([view.descriptors for view in self._views])

    def place(self, copy: Picture) -> Placement:
        """Find the photograph of one copy."""
        matches: list[tuple[int, Match]] = []  # view and how the copy lies on it
        for view in self._gallery.candidates(copy.descriptors, _CANDIDATES):
            match = align(copy, self._views[view], enough=0.0)
            if match is not None:
                matches.append((view, match))
        matches.sort(key=lambda pair: -pair[1].score)
        for rank, (view, _) in enumerate(matches[:_REFINED]):
            refined = align(copy, self._views[view])
            if refined is not None:
                matches[rank] = (view, refined)
        scores: dict[int, float] = {}
        for view, match in matches:
            scores[view // 2] = max(match.score, scores.get(view // 2, 0.0))
        return self._decide(scores)

    def _decide(self, scores: dict[int, float]) -> Placement:
        if not scores:
            return Placement(None, 0.0, 0.0)
        best = max(scores, key=lambda photograph: scores[photograph])
        elsewhere = [score for p, score in scores.items() if self._scenes[p] != self._scenes[best]]
        margin = scores[best] - max(elsewhere, default=0.0)
        sure = scores[best] >= LEAST_SCORE and margin >= LEAST_MARGIN
        return Placement(best if sure else None, scores[best], margin)
