"""The sentences on verdicts, each from its verdict object alone, so that prose never contradicts its table.

In: a comparison or the comparisons of a question, and the claims of their study. Out: Markdown. "No difference shown"
is what an inconclusive arm gets; that there is none is never said.
"""

from __future__ import annotations

from collections.abc import Sequence

from bloodstudy.analysis import Comparison, StudyAnalysis
from bloodstudy.analysis.comparisons.mechanism import direction
from bloodstudy.analysis.comparisons.study import PUBLISHED
from bloodstudy.analysis.comparisons.verdict import FEW_SEEDS, Word
from bloodstudy.reporting.claims.study_claims import RESPONSES, StudyClaims
from bloodstudy.reporting.render.markdown import as_list, code, plain, plural

PHRASES = {  # of one arm and of several, in the order in which a question is summed up
    Word.IMPROVES: ("{} improves test accuracy", "{} improve test accuracy"),
    Word.HARMS: ("{} harms it", "{} harm it"),
    Word.EQUIVALENT: ("{} is equivalent to the reference", "{} are equivalent to the reference"),
    Word.INCONCLUSIVE: ("no difference shown for {} (inconclusive)", "no difference shown for {} (inconclusive)"),
    Word.FAILS: ("{} fails to train", "{} fail to train"),
    Word.INVALID: ("{} is invalid", "{} are invalid"),
    Word.UNPAIRED: ("{} stands on other splits and is not paired", "{} stand on other splits and are not paired"),
}
MECHANISMS = {"test only": "only the test effect is shown", "train only": "only the train effect is shown"}


def margin_of(comparison: Comparison) -> str:
    """Return the margin in points, as it was declared."""
    return f"{100 * comparison.pair.margin:g} points"


def describe_arm(comparison: Comparison, claims: StudyClaims) -> str:
    """Return the conclusion on one arm: its verdict, the three effects, how it works, the new photographs."""
    parts = [
        f"{code(comparison.pair.arm)} {_describe_word(comparison, claims)}{_describe_effects(comparison, claims)}.",
        _describe_failing(comparison, claims),
        _describe_chance_of(comparison, claims),
        _describe_mechanism(comparison),
        _describe_flag(comparison),
        f"For new photographs: {comparison.verdict.second}." if comparison.verdict.second else "",
    ]
    return " ".join(filter(None, parts))


def _describe_word(comparison: Comparison, claims: StudyClaims) -> str:
    verdict, margin = comparison.verdict, margin_of(comparison)
    far = f" by more than the margin of {margin}" if verdict.beyond else ""
    reference = "the reference" if comparison.pair.reference == "reference" else code(comparison.pair.reference)
    if verdict.word == Word.FAILS:
        failing, others = claims.failing(comparison), claims.failing(comparison, "reference")
        rest = "; of the others, conditional on their training" if comparison.conditional else ""
        return f"**fails to train**: {failing} trials diverged or stayed at chance ({reference}: {others}){rest}"
    words = {
        Word.IMPROVES: f"**improves** test accuracy{far}",
        Word.HARMS: f"**harms** test accuracy{far}",
        Word.EQUIVALENT: f"is **equivalent** to {reference} within {margin}"
        + (", with a difference that is detectable but smaller than the margin" if verdict.detectable else ""),
        Word.INCONCLUSIVE: f"is **inconclusive**: no difference shown, nor equivalence within {margin}",
        Word.INVALID: f"is **invalid**, nothing is concluded: {plain(verdict.reason)}",
        Word.PENDING: f"is **pending {plain(verdict.reason)}**",
        Word.PILOT: f"is a **pilot** of fewer than {FEW_SEEDS} seeds, from which nothing is concluded",
        Word.EXPLORATORY: "is **exploratory**, shown and not tested",
        Word.UNPAIRED: "is **not paired**: it stands on another split",
    }
    return words[verdict.word]


def _describe_effects(comparison: Comparison, claims: StudyClaims) -> str:
    if not comparison.seeds:
        return ""
    train, test, gap = (f"{side} {claims.interval(comparison, name)}" for side, name in RESPONSES.items())
    seeds = f"{claims.seeds(comparison)} seed{'s' if len(comparison.seeds) > 1 else ''}"
    return f": {test.replace(' [', ' points [')} ({train}, {gap}; {seeds})"


def _describe_failing(comparison: Comparison, claims: StudyClaims) -> str:
    """Say which trials the effects leave out, or that all did, if the verdict itself does not."""
    if not comparison.training.failing or comparison.verdict.word in (Word.FAILS, Word.INVALID, Word.UNPAIRED):
        return ""
    rest = " and are not in these effects" if comparison.seeds else ""
    return f"{claims.failing(comparison)} trials diverged or stayed at chance{rest}."


def _describe_chance_of(comparison: Comparison, claims: StudyClaims) -> str:
    """Explain an interval that seems to say more than the verdict."""
    verdict, clear = comparison.verdict, direction(comparison.test) != "unclear"
    if clear and (verdict.word == Word.INCONCLUSIVE or (verdict.word == Word.EQUIVALENT and not verdict.detectable)):
        several = {"arms tested": claims.analysis.family > 1, "looks": len(claims.analysis.look.looks) > 1}
        counted = " and the number of ".join(name for name, there in several.items() if there)
        return f"Its interval leaves out 0, but not once the number of {counted} is allowed for."
    if verdict.normality and verdict.flipped is not None:
        p = claims.p(comparison, "sign_flip")
        return f"That rests on normality: an exact sign-flip test over the seeds does not say so (adjusted p = {p})."
    if verdict.normality:
        return "That rests on normality: with so few seeds an exact sign-flip test could not say so."
    return ""


def _describe_mechanism(comparison: Comparison) -> str:
    if comparison.mechanism is None:
        return ""
    train, test = (direction(comparison.effects[RESPONSES[side]]) for side in ("train", "test"))
    phrase = MECHANISMS.get(comparison.mechanism, f"it {comparison.mechanism}")
    return f"Train {train}, test {test}: {phrase}."


def _describe_flag(comparison: Comparison) -> str:
    verdict = comparison.verdict
    if not verdict.tested or not verdict.not_worse or verdict.word in (Word.IMPROVES, Word.EQUIVALENT):
        return ""
    return f"It is not worse by more than {margin_of(comparison)}."


def describe_question(comparisons: Sequence[Comparison], analysis: StudyAnalysis) -> str:
    """Return the line that sums up a question: its tested arms by verdict."""
    tested, look = [comparison for comparison in comparisons if comparison.pair.tested], analysis.look
    if not tested:
        return "No arm of this question is tested; what it shows is exploratory."
    words = [comparison.verdict.word for comparison in tested]
    pending, invalid = words.count(Word.PENDING), words.count(Word.INVALID)
    if pending:
        rest = f" {plural(invalid, 'arm')} invalid." if invalid else ""
        return f"Not decided yet: {plural(pending, 'arm')} pending at {look.done} of {look.next} seeds.{rest}"
    if Word.PILOT in words:
        return f"Not decided: {look.used} of the {FEW_SEEDS} seeds that a statement takes; estimates alone."
    if len(tested) == 1:
        return ""
    phrases = []
    for word, (of_one, of_several) in PHRASES.items():
        if arms := [code(comparison.pair.arm) for comparison in tested if comparison.verdict.word == word]:
            phrases.append((of_one if len(arms) == 1 else of_several).format(as_list(arms)))
    if Word.IMPROVES not in words and any(c.verdict.tested for c in tested):
        phrases.insert(0, "none is shown to improve test accuracy")
    return f"Of {plural(len(tested), 'tested arm')}, {'; '.join(phrases)}."


def describe_progress(claims: StudyClaims) -> str:
    """Return how far the study has come, and what is missing."""
    analysis, look = claims.analysis, claims.analysis.look
    trials = claims.sweep.trials.drop_duplicates("key")
    published = trials["outcome"].isin(PUBLISHED)
    done, missing = trials["key"][published], trials["key"][~published]
    with_result = claims.number(len(done), "study/published", "number of trials that have a result", done)
    planned = claims.number(len(trials), "study/planned", "number of planned trials", trials["key"])
    text = f"{with_result} of {planned} planned trials have a result"
    if len(missing):
        without = claims.number(len(missing), "study/missing", "number of planned trials without a result", missing)
        verb, them = ("is", "it") if len(missing) == 1 else ("are", "them")
        text += f"; {without} {verb} missing, and the same command goes on with {them}"
    text += f". All tested arms have the first {look.done} of {len(analysis.sweep.seeds)} seeds"
    if not look.decides:
        invalid = any(comparison.verdict.word == Word.INVALID for comparison in analysis.comparisons)
        word = f"pending {look.done}/{look.next}{' or invalid' if invalid else ''}"
        return f"{text}; the study decides at {look.next}, so until then every verdict is {word}."
    if look.used < FEW_SEEDS:
        return f"{text}: a pilot, since under {FEW_SEEDS} seeds nothing is decided."
    looks = f" (looks declared at {', '.join(map(str, look.looks))})" if len(look.looks) > 1 else ""
    if look.beyond:
        return f"{text}; it decided at {look.used}{looks}, and the {look.beyond} beyond are exploratory."
    return f"{text}, and it decides at {look.used}{looks}."
