"""What a reader must know beside a question's table: what was never tuned, what is open and how it would be settled.

In: a question with its comparisons. Out: Markdown sentences, and the command that trains the seeds that are missing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from bloodstudy.analysis import Comparison, Needed, StudyAnalysis
from bloodstudy.analysis.comparisons.verdict import FEW_SEEDS, Word
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.render.markdown import as_list, code
from bloodstudy.reporting.sections.levels import list_brought
from bloodstudy.reporting.sections.verdicts import margin_of
from bloodstudy.study.arms import name_arm, spell
from bloodstudy.study.plan import PlannedQuestion


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
    return (
        f"{who} has the reference's learning rate{rate}, whether or not that suits it, so an effect is "
        "that of the change at this rate. A question that declares `lr_grid` shows it at others."
        + (f" {brought}" if brought else "")
    )


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
    """Return a line for each inconclusive arm: how many seeds in all would settle it, for which of two truths."""
    comparisons = claims.analysis.of(question.name)
    return [_describe_needed(comparison, comparison.needed, claims) for comparison in comparisons if comparison.needed]


def _describe_needed(comparison: Comparison, needed: Needed, claims: StudyClaims) -> str:
    truths = {
        "equivalence": (needed.equivalence, "to show equivalence if there is no effect"),
        "difference": (needed.difference, f"to show a difference if the effect is {margin_of(comparison)}"),
    }
    parts = []
    for name, (seeds, truth) in truths.items():
        if seeds is None:
            parts.append(f"more seeds than anybody trains {truth}")
        else:
            given = "at alpha / arms, given the spread of the paired differences"
            formula = f"fewest seeds with power 0.8 {truth}, {given}"
            count = claims.effect(comparison, "test_accuracy", f"needed_{name}", seeds, formula, "d")
            had = " (no more than this study had)" if seeds <= comparison.test.n else ""
            parts.append(f"{count} seeds{had} {truth}")
    return f"{code(comparison.pair.arm)} takes {' and '.join(parts)}, each with a chance of 80 %."


def settle(comparisons: Sequence[Comparison], analysis: StudyAnalysis) -> str:
    """Return the command that would settle the open arms among `comparisons`; empty if none is open."""
    plan = analysis.sweep.plan
    if any(c.verdict.word == Word.PENDING for c in comparisons):
        return _with_seeds(plan.command, max(analysis.look.next, len(analysis.sweep.seeds)))
    wanted = [
        seeds
        for comparison in comparisons
        if comparison.needed
        for seeds in (comparison.needed.equivalence, comparison.needed.difference)
        if seeds is not None and seeds > analysis.look.done
    ]
    return _with_seeds(plan.command, max(wanted)) if wanted else ""


def describe_extension(analysis: StudyAnalysis, command: str) -> str:
    """Say what more seeds than were declared are worth; `command` is the one that would train them, or empty."""
    looks = as_list(analysis.look.looks)
    if analysis.look.used < FEW_SEEDS and analysis.look.decides:
        return (
            f"The decision was declared for {looks} seeds, so this study stays a pilot, however many are added. For a "
            f"statement, declare `seeds: {FEW_SEEDS}` or more in a study of its own."
        )
    if not command:
        return ""
    return (
        f"That is the largest of these numbers. The decision was declared for {looks} seeds, so in this study further "
        "ones are exploratory; to conclude from them, declare them before: a study of its own, with `looks` at that "
        "number."
    )


def _with_seeds(command: str, seeds: int) -> str:
    """Return a command with `seeds=N`, in place of the number that it names."""
    first = command.splitlines()[0]  # of a study put together from several commands, one a line
    words = [word for word in shlex.split(first) if not re.fullmatch(r"seeds=.*", word)]
    return shlex.join([*words, f"seeds={seeds}"])
