"""Which code trains the epochs of a trial, by its factor `engine`.

In: an assignment. Out: what trains an epoch at a time, or None. JAX is imported only if it is what trains.
"""

from __future__ import annotations

from typing import Any

from bloodstudy.training.assignment import Assignment


def find_trainer(assignment: Assignment, shape: tuple[int, ...]) -> Any:
    """Return what trains the epochs of this trial, None for Keras's own `fit`."""
    if assignment.factors.engine == "tensorflow":
        return None
    from bloodstudy.training.program import program_for

    height, width, channels = shape
    return program_for(assignment.model, assignment.factors, (height, width, channels), len(assignment.classes))
