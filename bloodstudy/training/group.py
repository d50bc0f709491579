"""What engine=fused trains with: an epoch of many trials as one program, the program of one trial mapped over them.

In: networks of one shape, with their feeds. Out: the same as if each was trained alone, to rounding. Each has its own
seeds, images in its own order, rate and schedule. No value of one goes into another, so a trial that diverges leaves
its neighbours as they are. The program is made for a number of trials: with fewer, the first one fills the places,
since a trial's last bits could depend on that number, and a program takes long to compile. Imported where JAX is alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bloodstudy.training.epochs import Epoch, Member
from bloodstudy.training.program import Program, summarise
from bloodstudy.training.program_state import assign, placed, state_of


@cache
def group_for(program: Program, size: int) -> Group:
    """Return the group of so many trials of this program, compiled once a process."""
    return Group(program, size)


class Group:
    """Trains up to `size` networks of one shape side by side; half of them at once whenever memory does not suffice."""

    def __init__(self, program: Program, size: int) -> None:
        self.program, self.size = program, size
        self._together = jax.jit(self._train)

    def train(self, members: Sequence[Member]) -> list[Epoch]:
        """Train each network for its epoch."""
        done: list[Epoch] = []
        while len(done) < len(members):
            some = members[len(done) : len(done) + self.size]
            try:
                done += self._train_some(some)
            except jax.errors.JaxRuntimeError as error:
                if "RESOURCE_EXHAUSTED" not in str(error) or self.size == 1:
                    raise
                self.size = (self.size + 1) // 2
        return done

    def _train_some(self, members: Sequence[Member]) -> list[Epoch]:
        plans = [self.program.list_steps(member) for member in members]
        counts = [len(order) for order, _, _ in plans]
        longest = max(counts)
        does = [np.arange(longest) < count for count in counts]
        # A fold may have a batch less than another: what its last steps would do is left out.
        orders, seeds, rates = (
            [np.pad(part, [(0, longest - len(part)), *[(0, 0)] * (part.ndim - 1)], "edge") for part in parts]
            for parts in zip(*plans, strict=True)
        )
        states = [state_of(member.network) for member in members]
        filled = [self._fill(parts) for parts in (states, orders, seeds, rates, does)]
        images, one_hot = placed(members[0].feed)
        states, told = self._together(filled[0], *map(np.stack, filled[1:]), images, one_hot)
        jax.block_until_ready(told)  # before any variable is changed: memory may fail as late as here
        for member, state in zip(members, states, strict=False):
            assign(member.network, state)
        sums = zip(*map(np.asarray, told), strict=True)
        return [summarise(of_one, count) for of_one, count in zip(sums, counts, strict=False)]

    def _fill(self, parts: Sequence[Any]) -> list[Any]:
        return [*parts, *[parts[0]] * (self.size - len(parts))]

    def _train(self, states: Any, orders: Any, seeds: Any, rates: Any, does: Any, images: Any, one_hot: Any) -> Any:
        stacked = jax.tree.map(lambda *of_each: jnp.stack(of_each), *states)
        mapped = jax.vmap(self.program.train_steps, in_axes=(0, 0, 0, 0, None, None, 0))
        stacked, told = mapped(stacked, orders, seeds, rates, images, one_hot, does)
        return [jax.tree.map(lambda values, k=k: values[k], stacked) for k in range(self.size)], told

    def settle(self, network: Any, feed: Any, epoch: int, batches: int) -> None:
        """Set the statistics of batch normalisation as `training.precise_batch_norm` says."""
        self.program.settle(network, feed, epoch, batches)

    def predict(self, network: Any, images: np.ndarray) -> np.ndarray:
        """Return the logits, float32 (N, classes), of uint8 images (N, H, W, C)."""
        return self.program.predict(network, images)
