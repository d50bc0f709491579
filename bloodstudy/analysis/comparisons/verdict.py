"""The word for each arm: tests on test accuracy, each kind adjusted over the whole family by Holm's method.

In: the effects of the tested arms with their margins, the size of the planned family and alpha. Out: a `Verdict` each.
Which arms can be tested at all is decided before, in `guards`; an arm that cannot counts with p = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from bloodstudy.analysis.statistics.paired import Effect, p_beyond, p_difference, p_equivalence, p_not_worse

ALPHA = 0.05
FEW_SEEDS = 6  # under it the only word is pilot
FEW_CLUSTERS = 10  # photographs of a class, under which nothing is said about new ones
KINDS = ("difference", "equivalence", "not_worse", "beyond")


class Word(StrEnum):
    """The verdict on an arm, as people read it."""

    INVALID = "invalid"
    FAILS = "fails to train"
    EQUIVALENT = "equivalent"
    IMPROVES = "improves"
    HARMS = "harms"
    INCONCLUSIVE = "inconclusive"
    PILOT = "pilot"
    PENDING = "pending"
    EXPLORATORY = "exploratory"
    UNPAIRED = "not paired"


class Remark(StrEnum):
    """Whether the same decision passes for new photographs."""

    HOLDS = "holds"
    NOT_SHOWN = "not shown"
    CANNOT = "cannot be told"


TESTED = (Word.EQUIVALENT, Word.IMPROVES, Word.HARMS, Word.INCONCLUSIVE)  # verdicts that rest on a test


@dataclass(frozen=True)
class Verdict:
    """The conclusion on one arm."""

    word: Word
    reason: str = ""  # of invalid, pending, not paired
    p: dict[str, float] | None = None  # by KINDS, raw
    adjusted: dict[str, float] | None = None
    not_worse: bool | None = None  # the flag; None if nothing was tested
    detectable: bool = False  # equivalent, and yet a difference is shown: smaller than the margin
    beyond: bool = False  # improves or harms by more than the margin
    normality: bool = False  # improves or harms, which the exact sign-flip test does not say
    flipped: float | None = None  # its adjusted p; None if so few seeds and so many arms leave none under alpha
    second: Remark | None = None  # does the word hold for new photographs: holds, not shown, cannot be told
    not_worse_second: Remark | None = None  # the same for the flag

    @property
    def tested(self) -> bool:
        return self.word in TESTED


def test_family(effects: Sequence[Effect | None], margins: Sequence[float], family: int, alpha: float) -> list[Verdict]:
    """Return the verdict on each effect; None cannot be tested, and has p = 1 in the family of `family` arms.

    Each kind of test has its own family and its own alpha: the error is 5 % for each kind of statement, not over all.
    """
    raw = [_test(effect, margin) for effect, margin in zip(effects, margins, strict=True)]
    adjusted = {kind: _adjust([p[kind] for p in raw], family) for kind in KINDS}
    found = []
    for position, (effect, p) in enumerate(zip(effects, raw, strict=True)):
        own = {kind: adjusted[kind][position] for kind in KINDS}
        passed = {kind for kind in KINDS if own[kind] < alpha}
        verdict = Verdict(Word.INCONCLUSIVE, p=p, adjusted=own, not_worse="not_worse" in passed)
        if effect is not None and "equivalence" in passed:
            verdict = replace(verdict, word=Word.EQUIVALENT, detectable="difference" in passed)
        elif effect is not None and "difference" in passed:
            normality = sign_flip_floor(effect.n, family) > alpha
            word = Word.IMPROVES if effect.mean > 0 else Word.HARMS
            verdict = replace(verdict, word=word, beyond="beyond" in passed, normality=normality)
        found.append(verdict)
    return found


def add_second_words(verdicts: Sequence[Verdict], wider: Sequence[Verdict], tellable: Sequence[bool]) -> list[Verdict]:
    """Return `verdicts` with the second word: whether `wider`, of the effects on new photographs, decides the same.

    `tellable`: whether an arm's test images show enough of each class to say anything about new ones.
    """
    told = []
    for verdict, other, enough in zip(verdicts, wider, tellable, strict=True):
        second = flag = None
        if verdict.word in (Word.EQUIVALENT, Word.IMPROVES, Word.HARMS):
            second = (Remark.HOLDS if _passes(verdict.word, other) else Remark.NOT_SHOWN) if enough else Remark.CANNOT
        if verdict.tested and verdict.not_worse:
            flag = (Remark.HOLDS if other.not_worse else Remark.NOT_SHOWN) if enough else Remark.CANNOT
        told.append(replace(verdict, second=second, not_worse_second=flag))
    return told


def add_flips(verdicts: Sequence[Verdict], p: Sequence[float], family: int, alpha: float) -> list[Verdict]:
    """Return `verdicts`, those which improve or harm with the exact sign-flip test's adjusted p, of its raw `p`.

    If it is not below alpha, the word rests on the normality of the differences.
    """
    return [
        replace(verdict, flipped=own, normality=own >= alpha)
        if verdict.word in (Word.IMPROVES, Word.HARMS) and not verdict.normality
        else verdict
        for verdict, own in zip(verdicts, _adjust(p, family), strict=True)
    ]


def sign_flip_floor(seeds: int, family: int) -> float:
    """Return the smallest adjusted p-value that an exact sign-flip test over `seeds` could reach."""
    return min(1.0, family * 2 / 2**seeds)


def _passes(word: Word, other: Verdict) -> bool:
    # An effect may be equivalent and detectable at once, so the word alone would hide that a difference is shown too.
    return other.word == word or (word in (Word.IMPROVES, Word.HARMS) and other.detectable)


def _test(effect: Effect | None, margin: float) -> dict[str, float]:
    if effect is None:
        return dict.fromkeys(KINDS, 1.0)
    return {
        "difference": p_difference(effect),
        "equivalence": p_equivalence(effect, margin),
        "not_worse": p_not_worse(effect, margin),
        "beyond": p_beyond(effect, margin),
    }


def _adjust(p: Sequence[float], family: int) -> list[float]:
    """Return Holm's adjusted p-values of `p`, filled up with ones to `family`.

    Four lines of our own: statsmodels' multipletests is slow to import and collects garbage at every call.
    """
    order = np.argsort(p, kind="stable")
    steps = np.array(p, dtype=float)[order] * (family - np.arange(len(p)))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted.tolist()
