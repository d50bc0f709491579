"""What a trial came to."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The state of a trial; the first four are published in its result file."""

    FINISHED = "finished"
    DIVERGED = "diverged"
    FAILED = "failed"
    OUT_OF_MEMORY = "out_of_memory"
    INTERRUPTED = "interrupted"  # begun, and nobody works on it
    RUNNING = "running"
    IN_PROGRESS = "in_progress"  # another process works on it: what a job returns
    MISSING = "missing"
    SPARED = "spared"  # a look has closed its arm, and no result is needed


PUBLISHED = (Outcome.FINISHED, Outcome.DIVERGED, Outcome.FAILED, Outcome.OUT_OF_MEMORY)
DEATHS = (Outcome.FAILED, Outcome.OUT_OF_MEMORY)  # if they repeat, something is wrong beyond the trial
UNFINISHED = (Outcome.INTERRUPTED, Outcome.RUNNING, Outcome.MISSING)  # the same command goes on with these
