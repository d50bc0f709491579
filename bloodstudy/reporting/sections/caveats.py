"""What a reader must know before believing a report: leaks, mixed code and precisions, arms that do nothing.

In: a sweep or a judged study whose numbers are told as claims. Out: Markdown sentences, marked.
"""

from __future__ import annotations

import math

from bloodstudy.analysis import ArmSummary, Leak, StudyAnalysis, StudyResults, flag_no_ops, list_leaks, summarise_arms
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.claims.sweep_claims import SweepClaims
from bloodstudy.reporting.render.markdown import as_list, code
from bloodstudy.study.plan import PlannedQuestion

MAX_FIT_EXCESS = 0.2  # how far the accuracy that fit reports may lie above the measured one: it usually lies below


def warn_of_sweep(claims: SweepClaims) -> list[str]:
    """Return what a reader must know before believing the numbers."""
    sweep, warnings = claims.sweep, []
    if any(data["split"] == "random" for data in sweep.data):
        warnings.append(_describe_leak(claims))
    warnings += [describe_shared(claims, leak) for leak in list_leaks(sweep.trials)]
    if unsettled := [arm for arm in summarise_arms(sweep) if _fits_better(sweep, arm)]:
        warnings.append(
            f"{as_list([code(arm.name) for arm in unsettled])}: `fit` ended at a much higher accuracy than inference "
            "measures on the same training images, as when batch normalisation's moving averages have not settled."
        )
    precisions = {result.factors["precision"] for result in sweep.results.values()}
    if "precision" not in sweep.factors and len(precisions) > 1:
        warnings.append("The trials were computed in different precisions.")
    return [*warnings, *_warn_of_code(sweep)]


def warn_of_study(analysis: StudyAnalysis, claims: SweepClaims) -> list[str]:
    """Return what a reader must know before believing the answers."""
    sweep, warnings = analysis.sweep, []
    for leak in list_leaks(sweep.trials):
        if leak.judged == "official":
            warnings.append(
                f"**Qualified:** {claims.leak(leak, 'left_out')} of {claims.leak(leak, 'all')} test images show a "
                "scene that is in training, which flatters the arms that are judged on all of them."
            )
    if any(data["split"] == "random" for data in sweep.data):
        warnings.append("**Qualified:** split=random ignores photographs: copies of one cell stand on both sides.")
    warnings += _warn_of_code(sweep)
    if no_ops := flag_no_ops(sweep.trials):
        arms_named = as_list([code(arm) for arm in sorted(no_ops)])
        warnings.append(
            f"The predictions of {arms_named} equal the reference's on every seed: the change may do nothing."
        )
    return warnings


def _warn_of_code(sweep: StudyResults) -> list[str]:
    commits = {result.git_commit for result in sweep.results.values()}
    if len(commits) > 1:
        return ["The trials come from different commits of bloodstudy."]
    changed = any("+changes" in (commit or "") for commit in commits)
    return ["The code held changes that are in no commit."] if changed else []


def _fits_better(sweep: StudyResults, arm: ArmSummary) -> bool:
    keys = [key for key in sweep.of(arm.name, "finished")["key"] if key in sweep.histories]
    fitted = [float(sweep.histories[key]["fit_accuracy"].iloc[-1]) for key in keys]
    return bool(fitted) and sum(fitted) / len(fitted) > arm.train + MAX_FIT_EXCESS


def _describe_leak(claims: SweepClaims) -> str:
    sweep, known = claims.sweep, {}
    for key, result in sweep.results.items():
        if result.data.split != "random" or key not in sweep.predictions:
            continue
        tested = sweep.examine(key, "random")
        if tested.shared is not None:
            known.setdefault((tested.shared, tested.photographs), []).append(key)
    if not known:
        return "split=random ignores photographs: copies of one cell stand on both sides, which flatters a model."
    counts = ", ".join(_describe_photographs(claims, pair, keys) for pair, keys in sorted(known.items()))
    flatters = ": copies of one cell on both sides flatter a model" if any(shared for shared, _ in known) else ""
    return f"split=random ignores photographs; {counts} test photographs have a copy in training{flatters}."


def _describe_photographs(claims: SweepClaims, pair: tuple[int, int], keys: list[str]) -> str:
    formulas = {
        "shared": "number of different photographs of the test images that train images have too",
        "photographs": "number of different photographs of the test images",
    }
    write = claims.of(f"leak/random/{pair[0]} of {pair[1]}", formulas, keys)
    return f"{write('shared', pair[0], 'd')} of {write('photographs', pair[1], 'd')}"


def describe_shared(claims: SweepClaims, leak: Leak) -> str:
    """Say on which test images of an official split the trials are judged."""
    every = claims.leak(leak, "all")
    if leak.judged == "official_clean":
        clean = claims.leak(leak, "clean")
        return f"split=official_clean is judged on the {clean} of {every} test images whose scene is not in training."
    return (
        f"split=official: {claims.leak(leak, 'left_out')} of {every} test images show a scene that is in training, "
        "which flatters a model; split=official_clean judges the same trials without them."
    )


LAST_SHARE = 0.25  # of the epochs, over which the rise is measured
FORMULA = "100 * mean over the finished seeds of fit_accuracy[last epoch] - fit_accuracy[at three quarters of them]"


def describe_still_learning(question: PlannedQuestion, analysis: StudyAnalysis, claims: StudyClaims) -> str:
    """Say which arms' accuracy while fitting rose by more than the margin over the last quarter of the epochs.

    The reference stands beside them; empty where there is no such arm.
    """
    reference = question.reference
    rises = {arm: measure_rise(arm, analysis) for arm in dict.fromkeys([reference, *question.arms])}
    late = [arm for arm, rise in rises.items() if rise > question.margin]
    if not late:
        return ""
    shown = [f"{_describe(arm, rises[arm], claims)} points for {code(arm)}" for arm in late if arm != reference]
    if not math.isnan(rises[reference]):
        shown.append(f"{_describe(reference, rises[reference], claims)} for the reference")
    return (
        "Not all had learnt what they could: over the last quarter of the epochs the accuracy that `fit` prints still "
        f"rose by {as_list(shown)}. With more epochs the effects may be others."
    )


def measure_rise(arm: str, analysis: StudyAnalysis) -> float:
    """Return by how much the accuracy while fitting rose at the end, mean over the finished seeds; NaN of none."""
    sweep = analysis.sweep
    curves = [
        sweep.histories[key]["fit_accuracy"].to_numpy(dtype=float)
        for key in sweep.of(arm, "finished")["key"]
        if key in sweep.histories
    ]
    rises = [curve[-1] - curve[-1 - math.ceil(LAST_SHARE * len(curve))] for curve in curves if len(curve) > 1]
    return sum(rises) / len(rises) if rises else math.nan


def _describe(arm: str, rise: float, claims: StudyClaims) -> str:
    keys = list(claims.analysis.sweep.of(arm, "finished")["key"])
    return claims.count(100 * rise, f"arm/{arm}/rise", FORMULA, keys, "+z.1f")
