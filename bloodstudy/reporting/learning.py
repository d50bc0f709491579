"""Whether arms were still learning when their training ended: then an effect is one of so many epochs.

In: a question of a judged study, and how its numbers are told. Out: a sentence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bloodstudy.analysis import Judged
from bloodstudy.reporting.effects import Told
from bloodstudy.reporting.markdown import as_list, code

LAST_SHARE = 0.25  # of the epochs, over which the rise is measured
FORMULA = "100 * mean over the finished seeds of fit_accuracy[last epoch] - fit_accuracy[at three quarters of them]"


def tell_still_learning(question: Mapping[str, Any], judged: Judged, told: Told) -> str:
    """Say which arms' accuracy while fitting rose by more than the margin over the last quarter of the epochs.

    The reference stands beside them; empty where there is no such arm.
    """
    reference = question["reference"]
    rises = {arm: measure_rise(arm, judged) for arm in dict.fromkeys([reference, *question["arms"]])}
    late = [arm for arm, rise in rises.items() if rise > question["margin"]]
    if not late:
        return ""
    shown = [f"{_tell(arm, rises[arm], told)} points for {code(arm)}" for arm in late if arm != reference]
    if not math.isnan(rises[reference]):
        shown.append(f"{_tell(reference, rises[reference], told)} for the reference")
    return (
        "Not all had learnt what they could: over the last quarter of the epochs the accuracy that `fit` prints still "
        f"rose by {as_list(shown)}. With more epochs the effects may be others."
    )


def measure_rise(arm: str, judged: Judged) -> float:
    """Return by how much the accuracy while fitting rose at the end, mean over the finished seeds; NaN of none."""
    sweep = judged.sweep
    curves = [
        sweep.histories[key]["fit_accuracy"].to_numpy(dtype=float)
        for key in sweep.of(arm, "finished")["key"]
        if key in sweep.histories
    ]
    rises = [curve[-1] - curve[-1 - math.ceil(LAST_SHARE * len(curve))] for curve in curves if len(curve) > 1]
    return sum(rises) / len(rises) if rises else math.nan


def _tell(arm: str, rise: float, told: Told) -> str:
    keys = list(told.judged.sweep.of(arm, "finished")["key"])
    return told.count(100 * rise, f"arm/{arm}/rise", FORMULA, keys, "+z.1f")
