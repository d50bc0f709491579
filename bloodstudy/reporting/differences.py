"""The differences to the reference of a plain sweep: estimates and intervals, no word, since nothing was declared.

In: a sweep and its ledger. Out: a Markdown table and the sentence about it; nothing for a single arm or seed.
"""

from __future__ import annotations

from bloodstudy.analysis import judge_sweep
from bloodstudy.reporting.arms import tabulate_effects
from bloodstudy.reporting.effects import Told
from bloodstudy.reporting.markdown import code
from bloodstudy.reporting.measured import Measured


def tell_differences(measured: Measured) -> dict[str, str]:
    """Return table and words on the arms that can be paired with the first one; empty where there is none."""
    judged = judge_sweep(measured.sweep)
    shown = [c for c in judged.comparisons if len(c.seeds) > 1 and not c.unpaired]
    if not shown:
        return {}
    words = (
        f"Points of accuracy, each arm less {code(shown[0].pair.reference)} on the same seed, means over seeds with "
        "95 % intervals. Nothing was declared before, so nothing is tested and no arm gets a word: a question in "
        "conf/question declares arms, margin and seeds."
    )
    return {"words": words, "table": tabulate_effects(shown, Told(judged, measured.ledger), tested=False)}
