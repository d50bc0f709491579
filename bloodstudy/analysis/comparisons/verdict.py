"""The words for what is concluded on an arm, and what goes with them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ALPHA = 0.05  # of a study, over all its verdicts
FEW_CLUSTERS = 10  # scenes of a class in one test, under which its interval for new ones says nothing


class Word(StrEnum):
    """The verdict on an arm, as people read it."""

    INVALID = "invalid"
    FAILS = "fails to train"
    EQUIVALENT = "equivalent"
    IMPROVES = "improves"
    HARMS = "harms"
    NOT_WORSE = "not worse"  # closes an arm whose question asks for no more
    INCONCLUSIVE = "inconclusive"
    OPEN = "open"  # until the last look
    PILOT = "pilot"
    EXPLORATORY = "exploratory"
    UNPAIRED = "not paired"


TESTED = (Word.EQUIVALENT, Word.IMPROVES, Word.HARMS, Word.NOT_WORSE, Word.INCONCLUSIVE)  # that rest on a test


@dataclass(frozen=True)
class Verdict:
    """The conclusion on one arm."""

    word: Word
    reason: str = ""  # of invalid, not paired; of open how many of the looks were held
    look: int | None = None  # at which it fell, or the last one that was held
    final: bool = False  # no further block could change it
    not_worse: bool = False  # the flag, kept like a verdict
    not_worse_look: int | None = None  # at which that was shown
    detectable: bool = False  # equivalent, and yet a difference is shown: smaller than the margin
    beyond: bool = False  # improves or harms by more than the margin
    partial: bool = False  # of those trials that trained
    stopped: bool = False  # inconclusive at a look that was not the last: the budget was spent

    @property
    def tested(self) -> bool:
        return self.word in TESTED

    @property
    def decided(self) -> bool:
        """Whether it is closed with something said of the arm."""
        return self.final and self.word not in (Word.INCONCLUSIVE, Word.INVALID, Word.UNPAIRED)

    @property
    def text(self) -> str:
        """The verdict as a table has it."""
        return f"{self.word} {self.reason}" if self.word == Word.OPEN else str(self.word)
