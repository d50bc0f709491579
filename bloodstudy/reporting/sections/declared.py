"""What a plan declared before the first trial, and which trials are in no effect.

In: an analysed study with its claims. Out: Markdown lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bloodstudy.analysis import StudyAnalysis
from bloodstudy.analysis.comparisons.validity import BY_BLOCK
from bloodstudy.analysis.comparisons.verdict import ALPHA
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.render.markdown import as_list, code, plain, plural
from bloodstudy.study.arms import Role, spell
from bloodstudy.study.design import MARGINS, DesignName
from bloodstudy.study.outcome import Outcome

DIED = {Outcome.FAILED: "failed", Outcome.OUT_OF_MEMORY: "ran out of memory"}  # outcomes, and how they are told


def list_declared(analysis: StudyAnalysis) -> list[str]:
    """Return what the plan fixed before the first trial, a line each."""
    plan = analysis.sweep.plan
    drawn = BY_BLOCK if analysis.by_folds else ()
    data = as_list(list(dict.fromkeys(_name_data(identity, drawn) for identity in analysis.sweep.data)))
    setting = ", ".join(code(f"{key}={spell(value)}") for key, value in plan.common.items())
    margins = sorted({question.margin for question in plan.questions}) or [MARGINS[plan.design or DesignName.FIXED]]
    exploratory = [content.role for content in plan.arms.values()].count(Role.EXPLORATORY)
    lines = [
        f"data: {data}",
        f"setting that all arms share, beside the defaults: {setting or 'none'}",
        f"arms: {analysis.family} tested against their reference{f', {exploratory} only shown' if exploratory else ''}",
        _describe_blocks(analysis),
        _describe_decision(analysis),
        f"margin: {as_list([f'{100 * margin:g}' for margin in margins])} points of {plan.response_words}",
        *([f"budget: {plain(plan.budget)}, which ends the study at the last look that fits"] if plan.budget else []),
        f"precision: {code(str(plan.precision))}",
        "plan: hash " + code(plan.hash or "none"),
    ]
    return [*lines, *(f"question {code(q.name)}: {plain(q.sentence)}" for q in plan.questions)]


def _describe_blocks(analysis: StudyAnalysis) -> str:
    repetitions = analysis.repetitions
    seeds = _span(repetitions.seeds)
    fixes = "a seed fixes initial weights, order of images, dropout and augmentation"
    if not analysis.by_folds:
        return f"seeds: {seeds}, the same for every arm; {fixes}, and never the split"
    return (
        f"blocks: {plural(repetitions.count, 'repetition')} of {repetitions.folds} folds, seeds {seeds}, the same for "
        "every arm; each repetition divides all images anew, scenes whole and classes alike, and each fold tests once; "
        f"{fixes}"
    )


def _describe_decision(analysis: StudyAnalysis) -> str:
    noun, least = "repetition" if analysis.by_folds else "seed", analysis.repetitions.least
    if analysis.afterwards:
        text = f"decision: no looks were declared; judged afterwards as one look at {plural(analysis.looks[-1], noun)}"
    else:
        text = f"decision: {plural(len(analysis.looks), 'look')}, at {as_list(analysis.looks)} {noun}s"
    text += f"; alpha {ALPHA:g} for the study over all its verdicts"
    pilot = f"; a pilot, since under {plural(least, noun)} nothing is decided"
    return text + (pilot if analysis.looks[-1] < least else "")


def _name_data(identity: Mapping[str, object], drawn: Sequence[str]) -> str:
    hidden = ("name", "scenes", *drawn)
    known = {key: value for key, value in identity.items() if value is not None and key not in hidden}
    return f"{code(identity['name'])} ({', '.join(f'{key} {code(spell(value))}' for key, value in known.items())})"


def _span(seeds: Sequence[int]) -> str:
    whole = len(seeds) > 1 and list(seeds) == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]} to {seeds[-1]}" if whole else as_list(seeds)


def list_excluded(claims: StudyClaims) -> list[str]:
    """Return which trials with a result are in no effect, and why."""
    analysis, lines = claims.analysis, []
    for comparison in analysis.comparisons:
        arms = {comparison.pair.arm: comparison.training, comparison.pair.reference: comparison.reference_training}
        for arm, training in arms.items():
            so = "in no effect" if arm == comparison.pair.arm else "in no effect of any arm"
            lines += _list_seeds(arm, {"diverged": training.diverged, "learnt nothing": training.chance}, so)
    for arm in analysis.sweep.arms:
        died = {word: analysis.sweep.of(arm, outcome)["seed"].tolist() for outcome, word in DIED.items()}
        lines += _list_seeds(arm, died, "which says nothing of the arm: `retry=failed` trains it again")
    late = set(analysis.sweep.seeds) - set(analysis.seeds)
    tested = dict.fromkeys(arm for c in analysis.comparisons if c.pair.tested for arm in (c.pair.reference, c.pair.arm))
    if beyond := [key for arm in tested for key in claims.keys(arm, late)]:
        formula = "number of trials of tested arms and references with a result, in blocks that are not looked at"
        count = claims.number(len(beyond), "study/beyond", formula, beyond)
        lines.append(
            f"{count} trial{'s' if len(beyond) > 1 else ''} beyond the first "
            f"{plural(analysis.complete, claims.repetition)}: in no effect of a tested arm, but in the accuracies of "
            "the arms themselves"
        )
    return list(dict.fromkeys(lines)) or ["no planned trial that has a result was left out"]


def _list_seeds(arm: str, lost: Mapping[str, Sequence[int]], so: str) -> list[str]:
    return [
        f"{code(arm)}, seed{'s' if len(seeds) > 1 else ''} {as_list(seeds)}: {word}, {so}"
        for word, seeds in lost.items()
        if seeds
    ]
