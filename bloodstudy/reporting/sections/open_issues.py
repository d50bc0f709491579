"""What a reader must know beside a question's table: what was never tuned, what is open and how it would be settled.

In: a question with its comparisons. Out: Markdown sentences, and the command that goes on with what is open.
"""

from __future__ import annotations

from collections.abc import Sequence

from bloodstudy.analysis import Comparison, StudyAnalysis
from bloodstudy.analysis.comparisons.verdict import Word
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.render.markdown import as_list, code, plural
from bloodstudy.reporting.sections.levels import list_brought
from bloodstudy.reporting.sections.progress import describe_next_look
from bloodstudy.reporting.sections.verdicts import describe_waiting
from bloodstudy.study.arms import name_arm, spell
from bloodstudy.study.planned import PlannedQuestion

UNDECIDED = {  # what is said of one arm, and of several
    Word.OPEN: ("{} is open.", "{} are open."),
    Word.PILOT: ("Of {} there is a pilot only.", "Of {} there is a pilot only."),
    Word.INCONCLUSIVE: ("{} stays inconclusive.", "{} stay inconclusive."),
}


def describe_untuned(question: PlannedQuestion, analysis: StudyAnalysis) -> str:
    """Say which arms were trained at a learning rate that nobody chose for them; empty if a strip was declared."""
    if question.lr_grid or question.factor == "lr":
        return ""
    sweep, reference = analysis.sweep, question.reference
    arms = [c.pair.arm for c in analysis.of(question.name) if "lr" not in sweep.levels_of(c.pair.arm)]
    rates = {arm: list_brought(sweep, arm, reference).get("lr") for arm in arms}
    brought = " ".join(
        f"{code(arm)} has the learning rate that its model brings ({code('lr=' + spell(lr))}), so its effect is that "
        "of both."
        for arm, lr in rates.items()
        if lr is not None
    )
    arms = [arm for arm in arms if rates[arm] is None]
    if not arms:
        return brought
    known = sweep.result_of(reference)
    rate = f" ({code('lr=' + spell(known.factors['lr']))})" if known else ""
    who = "None of these arms was tuned: each" if len(arms) > 1 else f"{code(arms[0])} was never tuned: it"
    return f"{who} has the reference's learning rate{rate}, whether or not that suits it." + (
        f" {brought}" if brought else ""
    )


def describe_sizes(question: PlannedQuestion, claims: StudyClaims) -> str:
    """Say which arms have more or fewer parameters than the reference, where the question is not about that."""
    sweep, reference = claims.sweep, question.reference
    known = sweep.result_of(reference)
    if question.simplify or known is None:
        return ""
    results = {c.pair.arm: sweep.result_of(c.pair.arm) for c in claims.analysis.of(question.name)}
    other = [arm for arm, own in results.items() if own is not None and own.parameters != known.parameters]
    sizes = [f"{code(arm)} has {claims.parameters(arm)} parameters" for arm in other]
    so = "its effect is" if len(other) == 1 else "their effects are"
    return f"{as_list(sizes)}, the reference {claims.parameters(reference)}: {so} that of both." if sizes else ""


def describe_named(question: PlannedQuestion, analysis: StudyAnalysis) -> str:
    """Say what an arm that has a name of its own sets; empty if each is called by what it sets."""
    arms = {arm: analysis.sweep.levels_of(arm) for arm in question.arms if arm != question.reference}
    settings = [
        f"{code(arm)} is {code(' '.join(f'{key}={spell(level)}' for key, level in levels.items()))}"
        for arm, levels in arms.items()
        if levels and arm != name_arm(levels)
    ]
    return f"{'; '.join(settings)}." if settings else ""


def describe_open(question: PlannedQuestion, claims: StudyClaims) -> list[str]:
    """Return a line for each tested arm that is not decided: how far it is, and what it waits for."""
    tested = [c for c in claims.analysis.of(question.name) if c.pair.tested]
    lines = {word: [c for c in tested if c.verdict.word == word] for word in (Word.OPEN, Word.PILOT, Word.INCONCLUSIVE)}
    texts = []
    for word, (one, several) in UNDECIDED.items():
        if arms := [code(c.pair.arm) for c in lines[word]]:
            texts.append((one if len(arms) == 1 else several).format(as_list(arms)))
    waiting = [f"{code(c.pair.arm)}: {text}" for c in tested if (text := describe_waiting(c))]
    going = any(c.course.open for c in tested)
    return [*texts, *waiting, *filter(None, [describe_next_look(claims) if going else ""])]


def settle(comparisons: Sequence[Comparison], analysis: StudyAnalysis) -> str:
    """Return the command that goes on with the open arms among `comparisons`; empty if none is open."""
    return analysis.sweep.plan.command if any(c.pair.tested and c.course.open for c in comparisons) else ""


def describe_extension(comparisons: Sequence[Comparison], claims: StudyClaims) -> str:
    """Say what a verdict would take where this study can give none any more; empty if it still can."""
    analysis, noun = claims.analysis, claims.repetition
    words = {c.verdict.word for c in comparisons if c.pair.tested and c.verdict.final}
    least = analysis.repetitions.least
    if Word.PILOT in words:
        return (
            f"Under {plural(least, noun)} a study stays a pilot, however many are added later. For a verdict, declare "
            f"looks from {plural(least, noun)} on in a study of its own, on fresh {claims.block}s."
        )
    if Word.INCONCLUSIVE not in words:
        return ""
    fresh = "with `first_repetition` after those that were seen here" if analysis.by_folds else "on fresh seeds"
    return (
        f"More {claims.block}s of this study would be exploratory: a further verdict on these arms takes a study of "
        f"its own, with looks declared before its first trial, {fresh}."
    )
