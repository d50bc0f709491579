"""The methods paragraph for a paper, ready to paste. Generated, never typed.

In: an analysed study. Out: plain text.
"""

from __future__ import annotations

from bloodstudy.analysis import Comparison, StudyAnalysis, list_leaks
from bloodstudy.analysis.comparisons.verdict import FEW_CLUSTERS, Word
from bloodstudy.reporting.render.markdown import as_list, plain, plural
from bloodstudy.study.arms import spell


def write_paragraph(analysis: StudyAnalysis) -> str:
    """Return the methods paragraph, ready to paste."""
    plan, sweep = analysis.sweep.plan, analysis.sweep
    data = as_list(list(dict.fromkeys(identity["name"] for identity in sweep.data)))
    splits = as_list(list(dict.fromkeys(identity["split"] for identity in sweep.data)))
    clean = next((leak for leak in list_leaks(sweep.trials) if leak.judged == "official_clean"), None)
    several = len(set(sweep.trials["judged"])) > 1
    split = f"{plain(as_list(list(dict.fromkeys(sweep.trials['judged']))) if several else splits)} split"
    if clean is not None and not several:
        split = (
            f"official split, without the {clean.left_out:,} of {clean.all:,} test images whose scene is in training"
        )
    margins = as_list(sorted({f"{100 * question.margin:g}" for question in plan.questions}))
    versions = next(iter(sweep.results.values())).versions
    tools = ", ".join(f"{plain(name)} {plain(versions[name])}" for name in ("bloodstudy", "keras") if name in versions)
    looks, arms = as_list(analysis.look.looks), plural(analysis.family, "arm")
    adjusted = f"Holm-adjusted over the {arms} within each kind, " if analysis.family > 1 else ""
    precisions = as_list(sorted({result.factors["precision"] for result in sweep.results.values()}))
    unpaired, paired = ([c for c in analysis.comparisons if c.unpaired is there] for there in (True, False))
    start = (
        f"We compared {arms} with a reference on {plain(data)} ({split}{'s' if several else ''}), each trained "
        f"from {len(plan.seeds)} random seeds that all arms share ({plain(tools)}, {plain(precisions)}). "
        f"{_describe_training(analysis)}"
        "Accuracy was measured after training, in inference mode and without augmentation, on training and test "
        "images alike. "
    )
    if unpaired:
        start += (
            "Arms on different splits were not paired: each split has its mean test accuracy with a 95 % t interval, "
            "differences to the first split are Welch's, and no test was made. "
        )
    if not paired:
        return start.rstrip()
    start += "Effects are mean paired differences over seeds with 95 % t intervals. "
    planned = "before any trial was run"
    if plan.amendments:
        planned = "and parts of the plan changed after trials had been run"
    if untested := _describe_untested(paired, analysis.look.done):
        return start + untested
    return start + (
        "On test accuracy each arm was tested "
        f"for a difference (two-sided paired t-test), for equivalence (two one-sided tests, margin {margins} points) "
        f"and for being not worse (one-sided, same margin), {adjusted}at "
        f"alpha = {analysis.alpha:g}, with the decision planned at {looks} seeds {planned}. "
        f"{_describe_left_out(paired)}{_describe_generalising(analysis)}"
    )


def _describe_training(analysis: StudyAnalysis) -> str:
    """Return how the reference was trained; nothing if it has no result."""
    sweep = analysis.sweep
    result = sweep.result_of(sweep.plan.questions[0].reference)
    if result is None:
        return ""
    factors, (height, width) = result.factors, result.factors["image_size"]
    return (
        f"The reference (network: {plain(result.model)}) was trained for {factors['epochs']} epochs with "
        f"{plain(factors['optimizer'])} at a learning rate of {spell(factors['lr'])} and batches of "
        f"{factors['batch_size']} on images of {height} x {width} pixels ({plain(factors['colour'])}). "
    )


def _describe_generalising(analysis: StudyAnalysis) -> str:
    fewest, units = analysis.fewest_clusters, f"{analysis.unit}s"
    if fewest is not None and fewest >= FEW_CLUSTERS:
        return (
            f"Whether a decision holds for new photographs was judged with seeds and {units} both random (crossed "
            "variance components, Satterthwaite's degrees of freedom)."
        )
    few = "" if fewest is None else f": of one class the test set shows {fewest} {units} only"
    return f"Whether a decision holds for new photographs could not be judged{few}."


def _describe_left_out(paired: list[Comparison]) -> str:
    """Return which tested arms failed to train, or are invalid, and so were not tested after all."""
    parts, tested = [], [comparison for comparison in paired if comparison.pair.tested]
    if failed := [comparison for comparison in tested if comparison.verdict.word == Word.FAILS]:
        counts = as_list([f"{plain(c.pair.arm)}: {len(c.training.failing)} of {c.training.trials}" for c in failed])
        parts.append(
            f"Trials that diverged or stayed at chance are in no effect ({counts}); such an arm was not tested, and "
            "counts with p = 1. "
        )
    if invalid := [plain(comparison.pair.arm) for comparison in tested if comparison.verdict.word == Word.INVALID]:
        parts.append(f"Nothing was tested of {as_list(invalid)}, counted with p = 1: the comparison is not valid. ")
    return "".join(parts)


def _describe_untested(paired: list[Comparison], seeds: int) -> str:
    """Return that no test was made, if none was, and what that leaves."""
    verdicts = [comparison.verdict for comparison in paired]
    if any(verdict.tested for verdict in verdicts):
        return ""
    if all(verdict.word == Word.INVALID for verdict in verdicts):
        reasons = "; ".join(dict.fromkeys(plain(verdict.reason) for verdict in verdicts))
        return f"No test was made, for no comparison is valid: {reasons}."
    if any(verdict.word == Word.FAILS for verdict in verdicts):
        return f"{_describe_left_out(paired)}So no test was made."
    return f"So far, with {plural(seeds, 'seed')}, no test was made: all this gives is estimates."
