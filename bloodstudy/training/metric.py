"""A metric of an extension, computed in the worker.

In: its name, probabilities and labels. Out: its number; or what is wrong, in words that follow the name of the metric.
"""

from __future__ import annotations

import math
from numbers import Real

from bloodstudy.config.extension import source
from bloodstudy.config.extension.known import METRICS, become, joined
from bloodstudy.errors import summarise
from bloodstudy.training import shared_code
from bloodstudy.training.assignment import MetricAssignment
from bloodstudy.training.events import MetricBegun, MetricEnded, Report

EXPECTED = "expected a number from -1 to 1"


def compute(metric: MetricAssignment, report: Report) -> MetricEnded:
    """Return the number that a metric gives."""
    become(metric.extensions)
    source.forget_loaded()
    source.allow_installed_alone()
    shared_code.note()
    (extension,) = (one for one in joined() if one.digest == METRICS[metric.name].extension)
    with source.silence() as heard:
        try:
            function = source.load(extension.source).metrics[metric.name].compute
            report(MetricBegun())
            value = function(metric.probabilities, metric.labels)
        except (Exception, SystemExit) as error:
            return MetricEnded(problem=f"raised {summarise(error)}; {EXPECTED}")
    if printed := heard():
        return MetricEnded(problem=f"printed {printed!r}; expected silence")
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if not -1 <= number <= 1:
        return MetricEnded(problem=f"returned {value!r:.80}; {EXPECTED}")
    return MetricEnded(number)
