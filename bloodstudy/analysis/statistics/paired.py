"""An effect: the mean of paired differences with its interval.

In: one difference a block, or a mean with standard error and degrees of freedom. Out: an `Effect`. One formula serves
the effect on these photographs (t over blocks) and that on seeds and scenes together (variance components).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

CONFIDENCE = 0.95
DECIMALS = 12  # differences of shares that are equal on paper are equal here


@dataclass(frozen=True)
class Effect:
    """A mean difference; `low` to `high` is its 95 % interval, NaN if one block leaves none."""

    mean: float
    se: float  # standard error
    df: float  # degrees of freedom
    low: float
    high: float
    n: int  # blocks
    sd: float = math.nan  # of the paired differences
    d_z: float = math.nan  # mean / sd: the standardised paired effect

    @property
    def testable(self) -> bool:
        return self.n > 1 and math.isfinite(self.mean) and math.isfinite(self.se)


def estimate(differences: Sequence[float] | np.ndarray) -> Effect:
    """Return the effect of paired differences, one a block, by the t interval."""
    values = np.round(np.asarray(differences, dtype=float), DECIMALS)
    n = len(values)
    if n == 0:
        return Effect(math.nan, math.nan, 0, math.nan, math.nan, 0)
    if np.ptp(values) == 0:  # no rounding of sums where there is no spread
        spread = 0.0 if n > 1 else math.nan
        return spread_out(float(values[0]), spread, n - 1, n, spread)
    sd = float(values.std(ddof=1))
    return spread_out(float(values.mean()), sd / math.sqrt(n), n - 1, n, sd)


def estimate_share(shares: Sequence[float] | np.ndarray) -> Effect:
    """Return the mean of shares between 0 and 1; its t interval ends where a share does, which costs no coverage."""
    interval = estimate(shares)
    return replace(interval, low=float(np.clip(interval.low, 0, 1)), high=float(np.clip(interval.high, 0, 1)))


def predict_share(shares: Sequence[float] | np.ndarray) -> Effect:
    """Return the mean of shares with the 95 % t prediction interval of one more, which ends where a share does."""
    interval = estimate(shares)
    wider = spread_out(interval.mean, interval.se * math.sqrt(interval.n + 1), interval.df, interval.n, interval.sd)
    return replace(wider, low=float(np.clip(wider.low, 0, 1)), high=float(np.clip(wider.high, 0, 1)))


def spread_out(mean: float, se: float, df: float, n: int, sd: float = math.nan) -> Effect:
    """Return the effect with this mean, standard error and degrees of freedom."""
    half = _quantile(df) * se if df > 0 else math.nan
    d_z = mean / sd if sd > 0 else math.nan
    return Effect(mean, se, df, mean - half, mean + half, n, sd, d_z)


def _quantile(df: float) -> float:
    from scipy import special  # what scipy.stats.t calls, without its slow import and its checks at every call

    return float(special.stdtrit(df, (1 + CONFIDENCE) / 2))
