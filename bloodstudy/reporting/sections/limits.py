"""What the verdicts of a study mean, and how far they reach.

In: an analysed study with its claims. Out: what the template needs to say it.
"""

from __future__ import annotations

from typing import Any

from bloodstudy.analysis import StudyAnalysis
from bloodstudy.analysis.comparisons.course import MOST_DEAD, MOST_DROPPED
from bloodstudy.analysis.comparisons.verdict import ALPHA, FEW_CLUSTERS
from bloodstudy.analysis.statistics.sequential import OF_VERDICTS
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.render.markdown import as_list, plural
from bloodstudy.reporting.sections.verdicts import describe_scope


def describe_limits(claims: StudyClaims) -> dict[str, Any]:
    """Return what the template needs to say what the verdicts mean and how far they reach."""
    analysis, keys = claims.analysis, list(claims.sweep.results)
    if all(comparison.unpaired for comparison in analysis.comparisons):
        return {"compared": bool(analysis.comparisons), "paired": False}
    fewest, units = analysis.fewest_clusters, f"{analysis.unit}s"
    alike = len({planned.evaluated_on for planned in analysis.sweep.plan.trials}) == 1
    formula = f"number of {units} of the class that has the fewest among the images that test"
    return {
        "compared": True,
        "paired": True,
        "scope": describe_scope(claims),
        "by_folds": analysis.by_folds,
        "folds": analysis.repetitions.folds,
        "afterwards": analysis.afterwards,
        "looks": len(analysis.looks),
        "at": f"{as_list(analysis.looks)} {claims.repetition}s",
        "nominal": list_nominal(analysis),
        "error": f"{100 * ALPHA:g}",
        "pairs": plural(analysis.family, "planned pair"),
        "verdicts": f"{OF_VERDICTS:g}",
        "failing": f"{1 - OF_VERDICTS:.1f}",
        "block": claims.block,
        "units": units,
        "unit": analysis.unit,
        "least": plural(analysis.repetitions.least, claims.repetition),
        "dropped": f"{100 * MOST_DROPPED:g}",
        "dead": f"{100 * MOST_DEAD:g}",
        "fewest": claims.number(fewest, "test/fewest", formula, keys) if fewest is not None and alike else None,
        "few": fewest is not None and fewest < FEW_CLUSTERS,
        "few_clusters": FEW_CLUSTERS,
    }


def list_nominal(analysis: StudyAnalysis) -> str:
    """Return the p-values to go below at each look, which the plan alone decides."""
    bounds = analysis.rules.bounds
    two = as_list([f"{2 * bound.two_sided:.3g}" for bound in bounds])
    return (
        f"{two} for a difference, and {as_list([f'{bound.one_sided:.3g}' for bound in bounds])} for a one-sided bound"
    )
