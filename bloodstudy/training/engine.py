"""Which code trains the epochs of a trial, by its factor `engine`.

In: an assignment. Out: what trains an epoch at a time, or None. JAX is imported only if it is what trains.
"""

from __future__ import annotations

from typing import Any

from bloodstudy.training.assignment import Assignment


def find_trainer(assignment: Assignment, shape: tuple[int, ...], trials: int = 1) -> Any:
    """Return what trains the epochs of so many trials like this one; None for Keras's own `fit`."""
    if assignment.factors.engine == "tensorflow":
        return None
    from bloodstudy.training.group import group_for
    from bloodstudy.training.program import program_for

    height, width, channels = shape
    program = program_for(assignment.model, assignment.factors, (height, width, channels), len(assignment.classes))
    return program if assignment.factors.engine == "jax" else group_for(program, trials)
