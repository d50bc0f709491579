"""What an arm did to learning and to generalising, read off the intervals of its train and test effects.

In: two effects. Out: a direction each, and the phrase for the pair.
"""

from __future__ import annotations

from bloodstudy.analysis.effect import Effect

PHRASES = {
    ("down", "up"): "regularises",
    ("down", "down"): "underfits",
    ("up", "up"): "learns better",
    ("up", "down"): "memorises",
    ("down", "unclear"): "narrows the gap without a shown test effect",
    ("up", "unclear"): "widens the gap without a shown test effect",
    ("unclear", "up"): "test only",
    ("unclear", "down"): "test only",
}


def direction(effect: Effect) -> str:
    """Return up, down, or unclear where the 95 % interval contains 0 or there is none."""
    if effect.low > 0:
        return "up"
    return "down" if effect.high < 0 else "unclear"


def name_mechanism(train: Effect, test: Effect) -> str | None:
    """Return the phrase for the directions of both effects; None where neither is clear."""
    return PHRASES.get((direction(train), direction(test)))
