"""What an arm did to learning and to generalising, read off the intervals of its effects on train, test and gap.

In: three effects. Out: a direction each, and the phrase for them.
"""

from __future__ import annotations

from bloodstudy.analysis.statistics.paired import Effect

PHRASES = {
    ("down", "up"): "regularises",
    ("down", "down"): "underfits",
    ("up", "up"): "learns better",
    ("up", "down"): "memorises",
    ("unclear", "up"): "test only",
    ("unclear", "down"): "test only",
    ("down", "unclear"): "train only",
    ("up", "unclear"): "train only",
}
# One clear effect beside an unclear one says nothing of the gap, unless the gap's own interval does.
GAPS = {
    ("down", "unclear", "down"): "narrows the gap without a shown test effect",
    ("up", "unclear", "up"): "widens the gap without a shown test effect",
    ("unclear", "up", "down"): "narrows the gap without a shown train effect",
    ("unclear", "down", "up"): "widens the gap without a shown train effect",
}


def direction(effect: Effect) -> str:
    """Return up, down, or unclear if the 95 % interval contains 0 or there is none."""
    if effect.low > 0:
        return "up"
    return "down" if effect.high < 0 else "unclear"


def name_mechanism(train: Effect, test: Effect, gap: Effect) -> str | None:
    """Return the phrase for the directions of the effects; None if neither train nor test is clear."""
    pair = (direction(train), direction(test))
    return GAPS.get((*pair, direction(gap)), PHRASES.get(pair))
