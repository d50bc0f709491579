"""How much the contribution of a block spreads, from trials that have finished: at its upper 80 % limit.

In: the effects of tested arms so far, or else trials of a reference. Out: a `Spread`; None where too little is known.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bloodstudy.analysis.results.scores import Score
from bloodstudy.analysis.statistics.blocks import BlockEffect
from bloodstudy.analysis.statistics.power import upper_spread

SHARED = 0.25  # squared correlation of two arms' differences to one reference, if all three spread alike


@dataclass(frozen=True)
class Spread:
    """How much the contribution of a block spreads, in accuracy."""

    limit: float  # upper 80 % limit of the standard deviation
    values: int  # that it comes from
    scenes: float = 0.0  # standard error of an effect by the scenes alone


def limit_spread(known: Sequence[BlockEffect]) -> Spread | None:
    """Return the upper limit of the pooled spread of a block's contribution, None where too little is known.

    Arms share the trials of their reference, so their spreads err together: m of them are worth as many degrees of
    freedom as 1 / (1 / m + (1 - 1 / m) SHARED) would be on their own. The scenes' part is the mean over arms.
    """
    degrees = sum(effect.blocks - 1 for effect in known)
    if degrees < 2:
        return None
    pooled = math.sqrt(sum(effect.spread * (effect.blocks - 1) for effect in known) / degrees)
    scenes = math.sqrt(sum(effect.scenes for effect in known) / len(known))
    limit = upper_spread(pooled, degrees / (1 + (len(known) - 1) * SHARED))
    return Spread(limit, sum(effect.blocks for effect in known), scenes) if limit else None


def guess_spread(scores: Iterable[Score]) -> Spread | None:
    """Return the upper limit of what two arms without a difference would spread by, from trials of a reference.

    Trials of the same test images differ by their seeds alone; a difference of two arms has twice their variance.
    """
    same: dict[int, list[float]] = defaultdict(list)
    for score in scores:
        same[id(score.cells)].append(score.response)
    groups = [np.array(own) for own in same.values() if len(own) > 1]
    degrees = sum(len(own) - 1 for own in groups)
    if degrees < 2:
        return None
    variance = sum(own.var(ddof=1) * (len(own) - 1) for own in groups) / degrees
    limit = upper_spread(math.sqrt(2 * variance), degrees)
    return Spread(limit, sum(map(len, groups))) if limit else None
