"""How much of its error a study may spend at each look, so that all of its looks together keep to it.

In: the shares of the information at which a study looks, and its error. Out: for each look the nominal p-value that a
statistic has to go below there. One tail at a time; nobody stops for want of hope, so nothing is won back.
Lan and DeMets (1983), "Discrete sequential boundaries for clinical trials", with a function of the kind of O'Brien and
Fleming; the integration is that of Armitage, McPherson and Rowe (1969).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import optimize, stats

NODES = 400  # of the integration: twice as many change no digit that is used
HIGHEST, LEAST = 37.0, 1e-300  # a z beyond which no probability is a number, and such a probability
FAR = 9.0  # standard deviations below which nothing lies


def spent(error: float, share: float) -> float:
    """Return how much of a tail's `error` may be spent once `share` of the information is there."""
    return float(2 * stats.norm.sf(stats.norm.isf(error / 2) / np.sqrt(share)))


def nominal_levels(error: float, shares: Sequence[float]) -> tuple[float, ...]:
    """Return the one-sided p-value to go below at each look.

    Args:
        error: of one tail over all looks: half of what a two-sided statement may err.
        shares: of the information at each look, rising, the last one 1.
    """
    return _nominal_levels(error, tuple(shares))


@lru_cache(maxsize=256)
def _nominal_levels(error: float, shares: tuple[float, ...]) -> tuple[float, ...]:
    levels: list[float] = []
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    places, density, before = np.zeros(1), np.ones(1), 0.0  # a path begins at 0
    for share in shares:
        step = np.sqrt(share - before)
        wanted = spent(error, share) - (spent(error, before) if before else 0.0)

        bound = _find_bound(wanted, places, density, share, step)
        levels.append(float(stats.norm.sf(bound)))
        low, high = -FAR * np.sqrt(share), bound * np.sqrt(share)
        now = low + (nodes + 1) * (high - low) / 2
        reached = stats.norm.pdf((now[:, None] - places[None, :]) / step) / step @ density
        places, density, before = now, reached * weights * (high - low) / 2, share
    return tuple(levels)


def _find_bound(wanted: float, places: np.ndarray, density: np.ndarray, share: float, step: float) -> float:
    """Return the z above which a path that has not left before leaves with the `wanted` probability."""

    def off(z: float) -> float:
        # The logarithms: at first looks the wanted probabilities are as small as 1e-10.
        leaves = float(density @ stats.norm.sf((z * np.sqrt(share) - places) / step))
        return float(np.log(max(leaves, LEAST)) - np.log(max(wanted, LEAST)))

    if off(HIGHEST) >= 0:  # so little may be spent that nothing would reach it
        return HIGHEST
    found: Any = optimize.brentq(off, -FAR, HIGHEST, xtol=1e-10)
    return float(found)
