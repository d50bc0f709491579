"""What a study may declare as its response: what its verdicts are about.

In: the names that were declared, and the design. Out: a sentence for each reason why no verdict could be about them.
"""

from __future__ import annotations

from collections.abc import Sequence

from bloodstudy.config.extension.known import METRICS
from bloodstudy.errors import nearest
from bloodstudy.study.design import DesignName


def list_unfit(responses: Sequence[str | None], design: DesignName) -> list[str]:
    """Return why these cannot be the response of one study; None stands for test accuracy."""
    name = next(filter(None, responses), None)
    if name is None:
        return []
    if len(set(responses)) > 1:
        return [f"response: the questions do not all declare {name!r}; ask them one at a time"]
    if name not in METRICS:
        known = f"one of {', '.join(METRICS)}" if METRICS else "a metric of an extension, which extend=FILE brings"
        hint = nearest(name, METRICS)
        return [f"response: expected {known}, or no such line, for test accuracy; received {name!r}.{hint}"]
    if not METRICS[name].higher_is_better:
        return [
            f"response: {name} is better if it is lower, and a verdict takes higher for better; expected a metric that "
            "is turned round, such as 1 - x, with higher_is_better=True"
        ]
    if design == DesignName.FOLDS:
        return [
            f"response: {name} is one number a trial, and design=folds weighs each image by its scene; expected "
            "design=fixed, or test accuracy"
        ]
    return []
