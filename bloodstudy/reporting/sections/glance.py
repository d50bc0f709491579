"""The questions at a glance: each with its answer in a sentence, the level shown to be best, and the highest mean.

In: an analysed study with its claims. Out: a Markdown table of one row a question, and the sentences alone, each from
the verdicts of its arms, so that a sentence never says more than they do.
"""

from __future__ import annotations

from collections.abc import Sequence

from bloodstudy.analysis import Comparison, find_simplest
from bloodstudy.analysis.comparisons.verdict import Word
from bloodstudy.config.factors import level_in
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.claims.pair_claims import PairClaims
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.render.markdown import as_list, code, plain, plural, table
from bloodstudy.reporting.sections.smallest_model import answer_question
from bloodstudy.reporting.sections.verdicts import describe_verdict, margin_of
from bloodstudy.study.arms import spell
from bloodstudy.study.planned import PlannedQuestion

HEADER = (
    "question",
    "answer {scope}",
    "shown to be best",
    "highest mean change of {response}, points [interval]",
    "its verdict",
)
UNDECIDED = (Word.OPEN, Word.PILOT)
CHANGES = {Word.IMPROVES: "gains", Word.HARMS: "costs"}


def tabulate_glance(claims: StudyClaims) -> str:
    """Return the table; empty if no arm of the study is tested."""
    questions = [q for q in claims.analysis.sweep.plan.questions if list_tested(q, claims)]
    rows = [[f"**{plain(question.sentence)}**", *_fill_row(question, claims)] for question in questions]
    return table([title.format(scope=claims.scope, response=claims.response) for title in HEADER], rows) if rows else ""


def list_tested(question: PlannedQuestion, claims: StudyClaims) -> list[Comparison]:
    """Return the arms of a question that get a verdict, the highest effect first."""
    tested = [c for c in claims.analysis.of(question.name) if c.pair.tested and not c.unpaired]
    return sorted(tested, key=lambda c: -c.test.mean if c.seeds else float("inf"))


def _fill_row(question: PlannedQuestion, claims: StudyClaims) -> list[str]:
    tested = list_tested(question, claims)
    useless = (Word.FAILS, Word.INVALID)
    shown = [comparison for comparison in tested if comparison.seeds and comparison.verdict.word not in useless]
    smallest = _find_smallest(question, claims)
    sentence = " ".join(filter(None, [answer(question, claims), _describe_moves(shown, claims, smallest)]))
    if not shown:
        return [sentence, NONE, NONE, NONE]
    best = shown[0]
    if smallest:
        best = next((comparison for comparison in shown if comparison.pair.arm == smallest), best)
        level = code(smallest) + (", the smallest that is not worse" if smallest != question.reference else "")
    elif better := [code(comparison.pair.arm) for comparison in shown if comparison.verdict.word == Word.IMPROVES]:
        level = as_list(better)
    elif all(comparison.verdict.word in UNDECIDED for comparison in tested):
        level = NONE
    else:
        level = f"none is shown to be better than {_name_reference(question, claims)}"
    pair = PairClaims(claims, best)
    partial = f" (diverged or learnt nothing and left out: {pair.dead()} trials)" if best.training.failing else ""
    verdict = plain(describe_verdict(best, claims.analysis))
    if best.verdict.word == Word.OPEN:  # open 1/4 reads as a share
        looks = best.verdict.text.removeprefix("open ").replace("/", " of ")
        verdict = verdict.replace(best.verdict.text, f"open after {looks} looks")
    change = f"{code(best.pair.arm)}: {pair.interval(best.response)}"
    if best.verdict.not_worse or best.verdict.word == Word.EQUIVALENT:  # it rests on these, and not on the interval
        change += f"; bounds {pair.bound('at_least')}, {pair.bound('at_most')}"
    return [sentence, level, change, verdict + partial]


def _describe_moves(comparisons: Sequence[Comparison], claims: StudyClaims, smallest: str | None) -> str:
    """Say by how much the arms that learnt move train accuracy: the lowest mean and the highest.

    While nothing is decided, what decides stands before it.
    """
    if not comparisons:
        return ""
    train = _list_ends(comparisons, "train_accuracy", claims)
    if any(comparison.verdict.word not in UNDECIDED for comparison in comparisons):
        own = next((comparison for comparison in comparisons if comparison.pair.arm == smallest), None)
        if own is None:
            return f"Train accuracy changes by {train} points."
        mean = PairClaims(claims, own).mean("train_accuracy", "+z.1f")
        return f"Its train accuracy changes by {mean} points, that of all arms by {train}."
    ends = _list_ends(comparisons, comparisons[0].response, claims)
    return f"So far its changes move {claims.response} by {ends} points, train accuracy by {train}."


def _list_ends(comparisons: Sequence[Comparison], response: str, claims: StudyClaims) -> str:
    """Return the lowest and the highest mean effect on a response, each with its arm."""
    ranked = sorted(comparisons, key=lambda comparison: comparison.effects[response].mean)
    ends = {PairClaims(claims, c).mean(response, "+z.1f"): code(c.pair.arm) for c in (ranked[:1] + ranked[-1:])}
    return " to ".join(f"{mean} ({arm})" if len(ends) > 1 else mean for mean, arm in ends.items())


def _find_smallest(question: PlannedQuestion, claims: StudyClaims) -> str | None:
    return find_simplest(claims.analysis, question.name).smallest if question.simplify else None


def _name_reference(question: PlannedQuestion, claims: StudyClaims) -> str:
    """Return the reference as it stands in a cell: with its level, if the question is about one factor."""
    name = "the reference" if question.reference == "reference" else code(question.reference)
    result = claims.sweep.result_of(question.reference)
    if question.factor is None or result is None:
        return name
    level = level_in({"model": result.model, **result.factors}, question.factor, claims.sweep.plan.neutral)
    return f"{code(f'{question.factor}={spell(level)}')}, {name}"


def answer(question: PlannedQuestion, claims: StudyClaims) -> str:
    """Return the answer to a question in one plain sentence."""
    tested = list_tested(question, claims)
    words = {comparison.verdict.word for comparison in tested}
    if not tested:
        return _describe_untested(question, claims)
    if Word.PILOT in words:
        return f"Not decided: it takes {plural(claims.analysis.repetitions.least, claims.repetition)} or more."
    if words == {Word.OPEN}:
        return "Not decided yet."
    if sentence := answer_question(question, claims):
        return sentence
    if words == {Word.INCONCLUSIVE} and not any(comparison.verdict.not_worse for comparison in tested):
        return f"Not settled: no influence on {claims.response} is shown, nor that there is none."
    parts = [f"{code(c.pair.arm)} {CHANGES[c.verdict.word]} {_size(c, claims)}" for c in tested if _changes(c)]
    parts += _group(tested, (Word.FAILS,), "{} fails to train", "{} fail to train")
    parts += _group(tested, (Word.EQUIVALENT,), "{} makes no difference", "{} make no difference", "beyond")
    parts += _group(tested, (Word.NOT_WORSE,), "{} is not worse", "{} are not worse", "by more than")
    kept = [c for c in tested if c.verdict.word in (Word.INCONCLUSIVE, Word.OPEN) and c.verdict.not_worse]
    not_worse = _group(kept, (Word.INCONCLUSIVE, Word.OPEN), "{} is not worse", "{} are not worse", "by more than")
    parts += [f"{said}, and no more is settled" for said in not_worse]
    rest = [comparison for comparison in tested if comparison not in kept]
    parts += _group(rest, (Word.INCONCLUSIVE,), "{} is not settled", "{} are not settled")
    parts += _group(rest, (Word.OPEN,), "{} is not decided yet", "{} are not decided yet")
    parts += _group(rest, (Word.INVALID,), "nothing is concluded on {}", "nothing is concluded on {}")
    matters = any(map(_changes, tested)) or Word.FAILS in words
    return f"{f'It matters to {claims.response}: ' if matters else ''}{'; '.join(parts)}."


def _describe_untested(question: PlannedQuestion, claims: StudyClaims) -> str:
    """Say why no arm of a question gets a verdict."""
    unpaired = [code(c.pair.arm) for c in claims.analysis.of(question.name) if c.pair.tested and c.unpaired]
    if not unpaired:
        return "No arm of this question is tested; what it shows is exploratory."
    stand = "stands on other splits and is" if len(unpaired) == 1 else "stand on other splits and are"
    return f"{as_list(unpaired)} {stand} not paired."


def _changes(comparison: Comparison) -> bool:
    return comparison.verdict.word in CHANGES


def _size(comparison: Comparison, claims: StudyClaims) -> str:
    """Return how large an effect is, and at least, without its sign, which the verb tells."""
    pair = PairClaims(claims, comparison)
    return f"{pair.size()} points (at least {pair.size(least=True)})"


def _group(
    comparisons: Sequence[Comparison], words: Sequence[Word], one: str, several: str, limit: str = ""
) -> list[str]:
    """Return what is said of the arms with one of these verdicts, as a list of one phrase or none."""
    of_word = [comparison for comparison in comparisons if comparison.verdict.word in words]
    if not of_word:
        return []
    said = (one if len(of_word) == 1 else several).format(as_list([code(c.pair.arm) for c in of_word]))
    margins = dict.fromkeys(margin_of(comparison) for comparison in of_word)
    return [f"{said} {limit} {as_list(list(margins))}" if limit else said]
