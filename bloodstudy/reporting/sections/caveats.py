"""What a reader must know before believing a report: leaks, mixed code and precisions, arms that do nothing.

In: an analysed study with its claims. Out: Markdown sentences, marked.
"""

from __future__ import annotations

import math

from bloodstudy.analysis import Leak, StudyResults, TakenBack, flag_no_ops, list_leaks, list_pairs, summarise_arms
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.render.markdown import as_list, code, plain
from bloodstudy.study.plan import DROPPED, LATE
from bloodstudy.study.planned import PlannedQuestion

MAX_FIT_EXCESS = 0.2  # how far the accuracy that fit reports may lie above the measured one: it usually lies below
LAST_SHARE = 0.25  # of the epochs, over which the rise is measured


def warn_of_sweep(claims: StudyClaims) -> list[str]:
    """Return what a reader must know before believing the numbers of a plain sweep."""
    sweep, warnings = claims.sweep, []
    if any(data["split"] == "random" for data in sweep.data):
        warnings.append(_describe_random(claims))
    warnings += [describe_leak(claims, leak) for leak in list_leaks(sweep.trials)]
    unsettled = []
    for arm in summarise_arms(sweep):
        fitted = [curve[-1] for curve in _list_curves(sweep, arm.name)]
        if fitted and sum(fitted) / len(fitted) > arm.train + MAX_FIT_EXCESS:
            unsettled.append(code(arm.name))
    if unsettled:
        warnings.append(
            f"{as_list(unsettled)}: `fit` ended at a much higher accuracy than inference measures on the same training "
            "images, as when batch normalisation's moving averages have not settled."
        )
    precisions = {result.factors["precision"] for result in sweep.results.values()}
    if "precision" not in sweep.factors and len(precisions) > 1:
        warnings.append("The trials were computed in different precisions.")
    return [*warnings, *_warn_of_code(sweep)]


def warn_of_study(claims: StudyClaims) -> list[str]:
    """Return what a reader must know before believing the answers of a study."""
    sweep, warnings = claims.sweep, []
    for leak in list_leaks(sweep.trials):
        if leak.judged == "official":
            warnings.append(
                f"**Qualified:** {_count(claims, leak, 'left_out')} of {_count(claims, leak, 'all')} test images show "
                "a scene that is in training, which flatters the arms that are judged on all of them."
            )
    late = [text for text in sweep.plan.amendments or [] if text.startswith(LATE)]
    warnings += [f"**Qualified:** nothing shows that this was decided before it was seen. {plain(x)}." for x in late]
    dropped = [text for text in sweep.plan.amendments or [] if text.startswith(f"{DROPPED}:")]
    warnings += [f"**Qualified:** this was changed after there were results. {plain(x)}." for x in dropped]
    warnings += [_describe_taken_back(one) for one in claims.analysis.taken_back]
    if any(data["split"] == "random" for data in sweep.data):
        warnings.append(f"**Qualified:** {_describe_random(claims)}")
    warnings += _warn_of_code(sweep)
    no_ops = flag_no_ops(sweep.trials, list_pairs(sweep.plan))
    for reference in dict.fromkeys(pair.reference for pair in no_ops):
        arms = as_list([code(pair.arm) for pair in no_ops if pair.reference == reference])
        same = f"equal those of {code(reference)} on every seed"
        warnings.append(f"The predictions of {arms} {same}: the change may do nothing.")
    return warnings


def _describe_taken_back(one: TakenBack) -> str:
    said = f"Look {one.said.look} said of {code(one.said.arm)}: {plain(one.said.told)}."
    return (
        f"**Qualified:** a verdict was taken back. {said} "
        f"Now it is: {plain(one.now)}. Trials, images or settings were changed after that look, so no error rate holds."
    )


def _warn_of_code(sweep: StudyResults) -> list[str]:
    """Say whether code, Keras, its backend, card and threads differ among the trials, as far as is known."""
    results, warnings = sweep.results.values(), []
    commits = {result.git_commit for result in results}
    if len(commits) > 1:
        alike = len({result.code or key for key, result in sweep.results.items()}) == 1
        same = ", with the same code for training and measuring" if alike else ""
        warnings.append(f"The trials come from different commits of bloodstudy{same}.")
    elif any("+changes" in (commit or "") for commit in commits):
        warnings.append("The code held changes that are in no commit.")
    different = {"code of bloodstudy": {result.code for result in results}}
    for name, called in {"keras": "Keras", "tensorflow": "TensorFlow", "jax": "JAX"}.items():
        different[f"versions of {called}"] = {result.versions.get(name) for result in results}
    cards: set[str | None] = {result.versions.get("gpu") for result in results if "jax" in result.versions}
    different["graphics cards"] = cards
    if len(cards) == 2 and None in cards:
        card = code(next(filter(None, cards)))
        warnings.append(f"Some trials were trained on a graphics card ({card}), others without one.")
    decoded: dict[str, set[str]] = {}
    for result in results:
        form = f"{result.data.fingerprint} {result.factors.get('image_size')} {result.factors.get('colour')}"
        decoded.setdefault(form, set()).add(result.data.pixels)
    if any(len(found - {""}) > 1 for found in decoded.values()):
        warnings.append(
            "The same images were decoded to different pixels for some of the trials: by another version of Pillow, "
            "or on another kind of machine. These trials were not trained on the same."
        )
    sizes: dict[str, set[int | None]] = {}
    for result in results:
        sizes.setdefault(result.arm, set()).add(result.parameters)
    if mixed := [code(arm) for arm, found in sorted(sizes.items()) if len(found - {None}) > 1]:
        warnings.append(
            f"The trials of {as_list(mixed)} are of different networks: their numbers of parameters differ."
        )
    different["numbers of threads"] = {str(result.cost.threads or "") for result in results}
    for what, found in different.items():
        if len(known := sorted(value for value in found if value)) > 1:
            warnings.append(f"The trials were trained with different {what}: {as_list([code(v) for v in known])}.")
    return warnings


def _describe_random(claims: StudyClaims) -> str:
    """Say how many test photographs of a random split have a copy in training."""
    sweep, keys_by_counts = claims.sweep, {}
    for key, result in sweep.results.items():
        if result.data.split != "random" or key not in sweep.predictions:
            continue
        tested = sweep.examine(key, "random")
        if tested.shared is not None:
            keys_by_counts.setdefault((tested.shared, tested.photographs), []).append(key)
    if not keys_by_counts:
        return "split=random ignores photographs: copies of one cell may stand on both sides, which flatters a model."
    formulas = {
        "shared": "number of different photographs of the test images that train images have too",
        "photographs": "number of different photographs of the test images",
    }
    counts = []
    for (shared, photographs), keys in sorted(keys_by_counts.items()):
        write = claims.numbers_of(f"leak/random/{shared} of {photographs}", formulas, keys)
        counts.append(f"{write('shared', shared, 'd')} of {write('photographs', photographs, 'd')}")
    shares = any(shared for shared, _ in keys_by_counts)
    flatters = ": copies of one cell on both sides flatter a model" if shares else ""
    return f"split=random ignores photographs; {', '.join(counts)} test photographs have a copy in training{flatters}."


def describe_leak(claims: StudyClaims, leak: Leak) -> str:
    """Say on which test images of an official split the trials are judged."""
    every = _count(claims, leak, "all")
    if leak.judged == "official_clean":
        clean = _count(claims, leak, "clean")
        return f"split=official_clean is judged on the {clean} of {every} test images whose scene is not in training."
    clean = "; split=official_clean judges the same trials without them" if leak.clean else ", and no image is left"
    return (
        f"split=official: {_count(claims, leak, 'left_out')} of {every} test images show a scene that is in training, "
        f"which flatters a model{clean}."
    )


def _count(claims: StudyClaims, leak: Leak, what: str) -> str:
    """Return clean, all or left_out of the test images of an official split."""
    formulas = {
        "clean": "number of test images whose scene is known and not in training",
        "all": "number of test images",
        "left_out": "number of test images whose scene is in training, or not known",
    }
    trials = claims.sweep.trials
    judged = (trials["outcome"] == "finished") & (trials["judged"] == leak.judged)
    same = (trials["test_images_clean"] == leak.clean) & (trials["test_images_all"] == leak.all)
    name = f"leak/{leak.judged}/{leak.clean}/{what}"
    return claims.number(getattr(leak, what), name, formulas[what], trials["key"][judged & same])


def describe_still_learning(question: PlannedQuestion, claims: StudyClaims) -> str:
    """Say which arms' accuracy while fitting rose by more than the margin over the last quarter of the epochs.

    The reference stands beside them; empty if there is no such arm.
    """
    reference = question.reference
    rises = {arm: _measure_rise(arm, claims.sweep) for arm in dict.fromkeys([reference, *question.arms])}
    late = [arm for arm, rise in rises.items() if rise > question.margin]
    if not late:
        return ""
    shown = [f"{_describe_rise(arm, rises[arm], claims)} points for {code(arm)}" for arm in late if arm != reference]
    if not math.isnan(rises[reference]):
        shown.append(f"{_describe_rise(reference, rises[reference], claims)} points for the reference")
    return (
        "Not all had learnt what they could: over the last quarter of the epochs the accuracy that `fit` prints still "
        f"rose by {as_list(shown)}. With more epochs the effects may be others."
    )


def _measure_rise(arm: str, sweep: StudyResults) -> float:
    """Return by how much the accuracy while fitting rose at the end, mean over the finished seeds; NaN of none."""
    curves = [curve for curve in _list_curves(sweep, arm) if len(curve) > 1]
    rises = [curve[-1] - curve[-1 - math.ceil(LAST_SHARE * len(curve))] for curve in curves]
    return sum(rises) / len(rises) if rises else math.nan


def _list_curves(sweep: StudyResults, arm: str) -> list[list[float]]:
    """Return the accuracy while fitting by epoch of each finished trial of an arm."""
    keys = [key for key in sweep.of(arm, "finished")["key"] if key in sweep.histories]
    return [sweep.histories[key]["fit_accuracy"].astype(float).tolist() for key in keys]


def _describe_rise(arm: str, rise: float, claims: StudyClaims) -> str:
    formula = "100 * mean over the finished seeds of fit_accuracy[last epoch] - fit_accuracy[at three quarters of them]"
    keys = claims.sweep.of(arm, "finished")["key"]
    return claims.number(100 * rise, f"arm/{arm}/rise", formula, keys, "+z.1f")
