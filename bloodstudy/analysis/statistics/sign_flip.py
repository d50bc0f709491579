"""The exact sign-flip test: what of a difference is left where the differences over seeds are not taken to be normal.

In: paired differences, one a seed. Out: a two-sided p-value. Under no effect each difference is as likely to have the
other sign, which is all that this test takes for granted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bloodstudy.analysis.statistics.paired import DECIMALS

MOST_FLIPS = 2**16  # all patterns of up to 16 seeds; of more seeds so many are drawn, which keeps the level


def flip_signs(differences: Sequence[float] | np.ndarray) -> float:
    """Return the two-sided p-value of "the mean difference is not zero"; 1 if there are fewer than two."""
    # Whole numbers, so that sums that are equal on paper are equal here, in whatever order they are added up.
    values = np.rint(np.asarray(differences, dtype=float) * 10**DECIMALS)
    if len(values) < 2:
        return 1.0
    from scipy import stats  # slow to import, and needed where a difference is shown alone

    test = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", vectorized=True, n_resamples=MOST_FLIPS, batch=4096, axis=0,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    return float(test.pvalue)
