"""The sentences on verdicts, each from its verdict object alone, so that prose never contradicts its table.

In: a comparison or the comparisons of a question, and the claims of their study. Out: Markdown. "No difference shown"
is what an inconclusive arm gets; that there is none is never said.
"""

from __future__ import annotations

from collections.abc import Sequence

from bloodstudy.analysis import Comparison, StudyAnalysis, Verdict
from bloodstudy.analysis.comparisons.mechanism import direction
from bloodstudy.analysis.comparisons.verdict import Word
from bloodstudy.reporting.claims.pair_claims import PairClaims
from bloodstudy.reporting.claims.study_claims import RESPONSES, StudyClaims
from bloodstudy.reporting.render.markdown import as_list, code, plain, plural

MECHANISMS = {"test only": "only the test effect is shown", "train only": "only the train effect is shown"}
AFTERWARDS = "judged afterwards"  # nothing was declared before the first trial of how the study would be judged


def describe_scope(claims: StudyClaims) -> str:
    """Return what the verdicts are about, as a sentence ends."""
    analysis = claims.analysis
    if not analysis.by_folds:
        return "new trainings on these test images, and not about other ones"
    folds = analysis.repetitions.folds
    return (
        f"new trainings and new photographs, of networks that are trained on {plural(folds - 1, 'part')} of {folds} of "
        f"this pool of images{describe_validation(analysis)}; what another pool would give, one pool cannot show"
    )


def describe_validation(analysis: StudyAnalysis) -> str:
    """Return how much less is trained on since it validates, as a sentence goes on; empty if nothing does."""
    shares = {data["validation_share"] for data in analysis.sweep.data if data.get("validation_share")}
    return f", less a share of {as_list([f'{share:g}' for share in sorted(shares)])} for validation" if shares else ""


def margin_of(comparison: Comparison) -> str:
    """Return the margin in points, as it was declared."""
    return f"{100 * comparison.pair.margin:g} points"


def name_verdict(verdict: Verdict, partial: bool = True) -> str:
    """Return the verdict as a table or a figure has it, without its look; `partial`: say so if it is of some trials."""
    word = verdict.text
    if verdict.beyond:
        word += ", beyond the margin"
    if verdict.detectable:
        word += ", detectable"
    if verdict.stopped:
        word += f" (stopped at look {verdict.look})"
    if verdict.not_worse and verdict.word in (Word.INCONCLUSIVE, Word.OPEN):
        word += ", not worse"
    return f"{word}, of those that trained" if partial and verdict.partial and verdict.tested else word


def describe_verdict(comparison: Comparison, analysis: StudyAnalysis) -> str:
    """Return the verdict on an arm, with the look at which it fell if there are several."""
    verdict = comparison.verdict
    closed = verdict.final and verdict.look and len(analysis.looks) > 1 and not verdict.stopped
    return name_verdict(verdict, partial=False) + (f" (look {verdict.look})" if closed else "")


def describe_arm(comparison: Comparison, claims: StudyClaims) -> str:
    """Return the conclusion on one arm: its verdict, the three effects, what they leave out, how it works."""
    parts = [
        f"{code(comparison.pair.arm)} {_describe_word(comparison, claims)}{_describe_effects(comparison, claims)}.",
        _describe_failing(comparison, claims),
        _describe_mechanism(comparison),
        _describe_flag(comparison, claims),
        describe_waiting(comparison),
        _describe_repaired(comparison),
    ]
    return " ".join(filter(None, parts))


def _describe_word(comparison: Comparison, claims: StudyClaims) -> str:
    verdict, margin = comparison.verdict, margin_of(comparison)
    far = f" by more than the margin of {margin}" if verdict.beyond else ""
    reference = "the reference" if comparison.pair.reference == "reference" else code(comparison.pair.reference)
    where = f" {claims.scope}{_describe_look(verdict, claims.analysis)}"
    if verdict.word == Word.FAILS:
        own, others = (PairClaims(claims, comparison).dead(of) for of in ("arm", "reference"))
        rest = "; of the others, conditional on their training" if comparison.conditional else ""
        look = _describe_look(verdict, claims.analysis)
        return f"**fails to train**{look}, {own} trials diverged or learnt nothing ({reference}: {others}){rest}"
    stopped = ", where the budget ended" if verdict.stopped else ""
    words = {
        Word.IMPROVES: f"**improves** {claims.response}{far}{where}",
        Word.HARMS: f"**harms** {claims.response}{far}{where}",
        Word.EQUIVALENT: f"is **equivalent** to {reference} within {margin}{where}"
        + (", with a difference that is detectable but smaller than the margin" if verdict.detectable else ""),
        Word.NOT_WORSE: f"is **not worse** than {reference} by more than {margin}{where}, with "
        "its difference not tested further",
        Word.INCONCLUSIVE: f"is **inconclusive**{where}, {_describe_undecided(comparison, margin)}{stopped}",
        Word.INVALID: f"is **invalid**, nothing is concluded: {plain(verdict.reason)}",
        Word.OPEN: f"is **open {plain(verdict.reason)}**, not decided yet {claims.scope}",
        Word.PILOT: f"is a **pilot** of fewer than {plural(claims.analysis.repetitions.least, claims.repetition)}, "
        "from which nothing is concluded",
        Word.EXPLORATORY: "is **exploratory**, shown and not tested",
        Word.UNPAIRED: "is **not paired**: it stands on another split",
    }
    return words[verdict.word]


def _describe_undecided(comparison: Comparison, margin: str) -> str:
    last = comparison.course.last
    if last is not None and last.told is None:
        return "since too few of its blocks count for a test"
    return f"with no difference shown, nor equivalence within {margin}"


def _describe_look(verdict: Verdict, analysis: StudyAnalysis) -> str:
    """Return at which look a verdict fell, in brackets; nothing if there was one only, and it was declared."""
    if analysis.afterwards:
        return f" ({AFTERWARDS})"
    return f" (look {verdict.look} of {len(analysis.looks)})" if verdict.look and len(analysis.looks) > 1 else ""


def _describe_effects(comparison: Comparison, claims: StudyClaims) -> str:
    if not comparison.seeds:
        return ""
    pair = PairClaims(claims, comparison)
    shown = {name: side for side, name in RESPONSES.items()}
    shown.setdefault(comparison.response, comparison.response)
    intervals = {name: f"{side} {pair.interval(name)}" for name, side in shown.items()}
    decides = intervals.pop(comparison.response)
    count = f"{pair.blocks()} {claims.block}{'s' if len(comparison.seeds) > 1 else ''}"
    return f": {decides.replace(' [', ' points [')} ({', '.join(intervals.values())}; {count})"


def _describe_failing(comparison: Comparison, claims: StudyClaims) -> str:
    """Say which trials the effects leave out, or that all did, if the verdict itself does not."""
    if not comparison.training.failing or comparison.verdict.word in (Word.FAILS, Word.INVALID, Word.UNPAIRED):
        return ""
    dead = PairClaims(claims, comparison).dead()
    partial = comparison.seeds and comparison.verdict.partial and comparison.verdict.tested
    who = "That is of those that trained: " if partial else ""
    rest = " and are not in these effects" if comparison.seeds else ""
    return f"{who}{dead} trials diverged or learnt nothing{rest}."


def _describe_mechanism(comparison: Comparison) -> str:
    if comparison.mechanism is None:
        return ""
    train, test = (direction(comparison.effects[RESPONSES[side]]) for side in ("train", "test"))
    phrase = MECHANISMS.get(comparison.mechanism, f"it {comparison.mechanism}")
    return f"Train {train}, test {test}: {phrase}."


def _describe_flag(comparison: Comparison, claims: StudyClaims) -> str:
    verdict = comparison.verdict
    if not verdict.not_worse or verdict.word not in (Word.INCONCLUSIVE, Word.HARMS, Word.OPEN):
        return ""
    look = f" (look {verdict.not_worse_look})" if len(claims.analysis.looks) > 1 else ""
    return f"It is not worse by more than {margin_of(comparison)}{look}."


def describe_waiting(comparison: Comparison) -> str:
    """Say for which failed trials the next look of an arm waits; empty if for none."""
    waits = comparison.course.waits
    if not waits:
        return ""
    seeds = f"seed{'s' if len(waits) > 1 else ''} {as_list(waits)}"
    return f"Its next look waits for {seeds}, where a trial failed: `retry=failed` trains {_them(waits)} again."


def _describe_repaired(comparison: Comparison) -> str:
    """Say which of its trials failed before they ended: a look of it may have been held after those of other arms."""
    again = comparison.repaired
    if not again or not comparison.pair.tested:
        return ""
    seeds = f"seed{'s' if len(again) > 1 else ''} {as_list(again)}"
    return f"Its training of {seeds} failed at first and was done again, so it may have been judged after other arms."


def _them(several: Sequence[object]) -> str:
    return "it" if len(several) == 1 else "them"
