"""How much a number of seeds can show: power, detectable effects and needed seeds, never from an observed effect.

In: the spread of paired differences over seeds, a margin and an alpha (already divided by arms and looks). Out: power
of the two-sided paired t-test and of equivalence by two one-sided tests; what they detect; how many seeds they take.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

WANTED = 0.80
MOST_SEEDS = 1000  # more than anybody trains: "not within reach"
UPPER = 0.80  # confidence of the upper limit of a pilot's spread


def power_difference(n: int, sd: float, effect: float, alpha: float) -> float:
    """Return the chance that the paired t-test over `n` seeds rejects "no difference" when the truth is `effect`."""
    if n < 2:
        return 0.0
    if sd == 0:
        return 1.0 if effect else 0.0
    from scipy import stats

    df, shift = n - 1, abs(effect) / sd * math.sqrt(n)
    bound = stats.t.ppf(1 - alpha / 2, df)
    # The lower tail as the upper one of the mirrored truth: scipy's nct.cdf is NaN for some shifts from 7 on.
    return float(min(1.0, stats.nct.sf(bound, df, shift) + stats.nct.sf(bound, df, -shift)))


def power_equivalence(n: int, sd: float, margin: float, alpha: float, truth: float = 0.0) -> float:
    """Return the chance that two one-sided tests over `n` seeds show equivalence when the truth is `truth`.

    Exact (Phillips 1990): the mean given the estimated spread is normal, so the chance is integrated over the spread's
    chi-square distribution, up to where no mean would pass.
    """
    if n < 2:
        return 0.0
    if sd == 0:
        return 1.0 if abs(truth) < margin else 0.0
    from scipy import stats

    df, se = n - 1, sd / math.sqrt(n)
    bound = stats.t.ppf(1 - alpha, df)
    most = margin / (bound * se)  # of estimated / true spread
    nodes, weights = _nodes()
    ratio = most * (nodes + 1) / 2
    density = stats.chi2.pdf(df * ratio**2, df) * 2 * df * ratio
    room = margin - bound * ratio * se
    passing = stats.norm.cdf((room - truth) / se) - stats.norm.cdf((-room - truth) / se)
    return float(np.clip(np.sum(weights * density * passing) * most / 2, 0.0, 1.0))


@cache
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(200)


def detectable(n: int, sd: float, alpha: float) -> float:
    """Return the effect that `n` seeds detect with a chance of 80 %; infinite under two seeds."""
    if n < 2:
        return math.inf
    if sd == 0:
        return 0.0
    from scipy import optimize

    high = 1.0
    while power_difference(n, 1.0, high, alpha) < WANTED:
        high *= 2
    root = optimize.brentq(lambda d: power_difference(n, 1.0, d, alpha) - WANTED, 1e-9, high)
    return sd * float(root)  # pyright: ignore[reportArgumentType]


def seeds_for_difference(sd: float, effect: float, alpha: float) -> int | None:
    """Return how many seeds show a true `effect` with a chance of 80 %; None beyond MOST_SEEDS."""
    return _fewest(lambda n: power_difference(n, sd, effect, alpha))


def seeds_for_equivalence(sd: float, margin: float, alpha: float) -> int | None:
    """Return how many seeds show equivalence with a chance of 80 % when there is no effect; None beyond MOST_SEEDS."""
    return _fewest(lambda n: power_equivalence(n, sd, margin, alpha))


def _fewest(power: Callable[[int], float]) -> int | None:
    low, high = 2, 2
    while power(high) < WANTED:
        low, high = high, high * 2
        if low >= MOST_SEEDS:
            return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= WANTED else (middle + 1, high)
    return high if high <= MOST_SEEDS else None


def upper_spread(sd: float, df: float) -> float:
    """Return the upper 80 % limit of the true spread, of which the estimate `sd` has `df` degrees of freedom."""
    if df <= 0:
        return math.nan
    from scipy import stats

    return sd * math.sqrt(df / float(stats.chi2.ppf(1 - UPPER, df)))


def equivalence_ratio(n: int, alpha: float) -> float:
    """Return the margin, in spreads, within which `n` seeds show equivalence with a chance of 80 %; no effect is."""
    if n < 2:
        return math.inf
    from scipy import optimize

    high = 1.0
    while power_equivalence(n, 1.0, high, alpha) < WANTED:
        high *= 2
    root = optimize.brentq(lambda margin: power_equivalence(n, 1.0, margin, alpha) - WANTED, 1e-9, high)
    return float(root)  # pyright: ignore[reportArgumentType]
