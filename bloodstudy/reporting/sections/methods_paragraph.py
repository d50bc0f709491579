"""The methods paragraph for a paper, ready to paste. Generated, never typed.

In: an analysed study. Out: plain text.
"""

from __future__ import annotations

from bloodstudy.analysis import Comparison, StudyAnalysis, list_leaks
from bloodstudy.analysis.comparisons.verdict import ALPHA, Word
from bloodstudy.reporting.render.markdown import as_list, plain, plural
from bloodstudy.reporting.sections.verdicts import describe_validation
from bloodstudy.study.arms import spell
from bloodstudy.study.plan import DROPPED, LATE

KEPT = "; a verdict, once given, was kept"
TOLD = ("epochs", "optimizer", "lr", "batch_size", "image_size", "colour", "precision", "seed", "early_stopping")


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
    named = [name for name in ("bloodstudy", "keras", "jax") if name in versions]
    tools = ", ".join(f"{plain(name)} {plain(versions[name])}" for name in named)
    precisions = as_list(sorted({result.factors["precision"] for result in sweep.results.values()}))
    unpaired, paired = ([c for c in analysis.comparisons if c.unpaired is there] for there in (True, False))
    start = (
        f"We compared {_count_arms(analysis)} on {plain(data)} ({split}{'s' if several else ''}), "
        f"{_describe_blocks(analysis)} ({plain(tools)}, {plain(precisions)}). {_describe_training(analysis)}"
        "Accuracy was measured after training, in inference mode and without augmentation, on training and test "
        f"images alike{_describe_measured(analysis)}. "
    )
    if unpaired:
        start += (
            "Arms on different splits were not paired: each split has its mean test accuracy with a 95 % t interval, "
            "differences to the first split are Welch's, and no test was made. "
        )
    if not paired:
        return start.rstrip()
    start += f"Effects are mean differences within {_block(analysis)}s, each class weighing alike. "
    if untested := _describe_untested(paired, analysis):
        return start + untested
    return (start + _describe_decision(analysis, margins) + _describe_left_out(paired)).rstrip()


def _count_arms(analysis: StudyAnalysis) -> str:
    """Return how many arms are tested, and against what, in words."""
    pairs = [comparison.pair for comparison in analysis.comparisons if comparison.pair.tested]
    arms, references = len({pair.arm for pair in pairs}), len({pair.reference for pair in pairs})
    if references < 2:
        return f"{plural(arms, 'arm')} with a reference"
    return f"{plural(arms, 'arm')} with {references} references, in {plural(len(pairs), 'comparison')},"


def _block(analysis: StudyAnalysis) -> str:
    return "block" if analysis.by_folds else "seed"


def _describe_blocks(analysis: StudyAnalysis) -> str:
    repetitions = analysis.repetitions
    if not analysis.by_folds:
        return f"each trained from up to {plural(repetitions.looks[-1], 'random seed')} that all arms share"
    return (
        f"in up to {plural(repetitions.looks[-1], 'repetition')} of a {repetitions.folds}-fold division of all images, "
        "stratified by class with scenes kept whole, each fold with a random seed of its own, in blocks that all arms "
        "share"
    )


def _describe_decision(analysis: StudyAnalysis, margins: str) -> str:
    plan, noun = analysis.sweep.plan, "repetition" if analysis.by_folds else "seed"
    looks = f"{'looks' if len(analysis.looks) > 1 else 'one look'} at {as_list(analysis.looks)} {noun}s"
    planned = "declared before any trial was run"
    if plan.amendments:
        planned = "declared before, though parts of the plan changed after trials had been run"
    changed = any(text.startswith((f"{DROPPED}:", LATE)) for text in plan.amendments or [])
    kept = "" if changed or analysis.taken_back else KEPT
    if analysis.afterwards:
        planned = "set afterwards, since the plan declared none of this kind"
    spent = ", spent by an O'Brien-Fleming type function (Lan and DeMets 1983)" if len(analysis.looks) > 1 else ""
    pairs = f" divided by {plural(analysis.family, 'planned comparison')} (Bonferroni)" if analysis.family > 1 else ""
    scope = (
        f"new trainings and new photographs (variance by training and by {analysis.unit}s, Satterthwaite's degrees of "
        f"freedom), of networks trained on {analysis.repetitions.folds - 1}/{analysis.repetitions.folds} of this pool"
        f"{describe_validation(analysis)}"
        if analysis.by_folds
        else "new trainings on these test images"
    )
    return (
        f"On {plan.response_words} each arm was tested for equivalence (two one-sided tests, margin "
        f"{margins} points), for a difference (two-sided) and for being not worse (one-sided, same margin), with "
        f"{looks} {planned}, at a joint alpha of {ALPHA:g} for all verdicts{pairs}{spent}{kept}. "
        f"Verdicts are about {scope}. "
    )


def _describe_training(analysis: StudyAnalysis) -> str:
    """Return how the reference was trained; nothing if it has no result."""
    sweep = analysis.sweep
    result = sweep.result_of(sweep.plan.questions[0].reference)
    if result is None:
        return ""
    factors, (height, width) = result.factors, result.factors["image_size"]
    stop = factors.get("early_stopping")
    ends = f" at most, until {plural(stop, 'epoch')} brought no lower validation loss," if stop else ""
    levels = [f"{key}={spell(level)}" for key, level in sorted(factors.items()) if key not in TOLD]
    further = f"Its further levels were {plain(as_list(levels))}. " if levels else ""
    return (
        f"The reference (network: {plain(result.model)}) was trained for {factors['epochs']} epochs{ends} with "
        f"{plain(factors['optimizer'])} at a learning rate of {spell(factors['lr'])} and batches of "
        f"{factors['batch_size']} on images of {height} x {width} pixels ({plain(factors['colour'])}). "
        f"{further}"
    )


def _describe_measured(analysis: StudyAnalysis) -> str:
    """Return on how many of the training images, if not on all."""
    shares = {data["measured_share"] for data in analysis.sweep.data if data.get("measured_share")}
    return f", of the training images on a share of {as_list([f'{s:g}' for s in sorted(shares)])}" if shares else ""


def _describe_left_out(paired: list[Comparison]) -> str:
    """Return which tested arms lost trials that learnt nothing, or are invalid."""
    parts, tested = [], [comparison for comparison in paired if comparison.pair.tested]
    if lost := [c for c in tested if c.training.failing and c.verdict.word != Word.INVALID]:
        counts = as_list([f"{plain(c.pair.arm)}: {len(c.training.failing)} of {c.training.trials}" for c in lost])
        parts.append(f"Trials that diverged or learnt nothing are in no effect ({counts}). ")
    if invalid := [plain(comparison.pair.arm) for comparison in tested if comparison.verdict.word == Word.INVALID]:
        parts.append(f"Nothing was concluded on {as_list(invalid)}: the comparison is not valid. ")
    return "".join(parts)


def _describe_untested(paired: list[Comparison], analysis: StudyAnalysis) -> str:
    """Return that no test was made, if none was, and what that leaves."""
    tested = [comparison for comparison in paired if comparison.pair.tested]
    verdicts = [comparison.verdict for comparison in tested or paired]
    if any(verdict.tested or verdict.word == Word.FAILS for verdict in verdicts):
        return ""
    if all(verdict.word == Word.INVALID for verdict in verdicts):
        reasons = "; ".join(dict.fromkeys(plain(verdict.reason) for verdict in verdicts))
        return f"No test was made, for no comparison is valid: {reasons}."
    done = plural(analysis.complete, "repetition" if analysis.by_folds else "seed")
    so_far = "So far, with" if {verdict.word for verdict in verdicts} & {Word.OPEN, Word.PILOT} else "With"
    return f"{so_far} {done}, nothing was decided: all this gives is estimates."
