"""How far a study has come: its trials, its looks, and what the next look costs.

In: an analysed study with its claims. Out: Markdown sentences, and the trainings that the next look takes.
"""

from __future__ import annotations

from dataclasses import dataclass

from bloodstudy.analysis import StudyAnalysis
from bloodstudy.analysis.comparisons.blocks import ENDED
from bloodstudy.analysis.comparisons.verdict import Word
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.render.markdown import as_list, code, plural
from bloodstudy.study.outcome import PUBLISHED, Outcome


@dataclass(frozen=True)
class NextLook:
    """What has to be trained before the open arms are looked at again."""

    repetitions: int
    arms: tuple[str, ...]  # the open ones
    references: tuple[str, ...]
    keys: tuple[str, ...]  # of the trials that have not ended


def find_next_look(analysis: StudyAnalysis) -> NextLook | None:
    """Return the next look of a study; None if no tested arm is open.

    Each open arm is looked at next where trials of it or its reference have not ended, at a look that may conclude.
    """
    repetitions, trials = analysis.repetitions, analysis.sweep.trials
    looks = [look for look in analysis.looks if look >= repetitions.least] or list(analysis.looks)
    left = trials.loc[~trials["outcome"].isin(ENDED)]
    arms: dict[str, None] = {}
    references: dict[str, None] = {}
    keys: dict[str, None] = {}
    latest = 0
    for comparison in analysis.comparisons:
        if not comparison.pair.tested or not comparison.course.open:
            continue
        pair, last = comparison.pair, comparison.course.last
        arms[pair.arm], references[pair.reference] = None, None
        for look in (look for look in looks if not last or look > last.repetitions):
            seeds = repetitions.seeds_of(look)
            own = left.loc[left["arm"].isin([pair.arm, pair.reference]) & left["seed"].isin(seeds), "key"]
            if len(own):
                keys |= dict.fromkeys(own)
                latest = max(latest, look)
                break
    return NextLook(latest, tuple(arms), tuple(references), tuple(keys)) if keys else None


def describe_next_look(claims: StudyClaims) -> str:
    """Say what the next look costs; empty if no arm is open."""
    look = find_next_look(claims.analysis)
    if look is None:
        return ""
    formula = "number of trials of open arms and their references, up to the next look, that have not ended"
    count = claims.number(len(look.keys), "study/next_look", formula, ())
    who = f"{plural(len(look.arms), 'open arm')} and {as_list([code(name) for name in look.references])}"
    trainings = f"training{'s' if len(look.keys) > 1 else ''}"
    at = plural(look.repetitions, claims.repetition)
    return f"The next look, at {at}, takes {count} more {trainings}: those of {who} that have not ended."


def describe_state(claims: StudyClaims) -> str:
    """Return how far the study has come in one sentence: its looks, and how many arms they have decided."""
    analysis = claims.analysis
    tested = [c for c in analysis.comparisons if c.pair.tested and not c.unpaired]
    trials = _count_results(claims)
    if spared := claims.sweep.trials.loc[claims.sweep.trials["outcome"] == Outcome.SPARED, "key"].nunique():
        trials += f", {spared} were not needed"
    if not tested:
        return f"{trials}."
    if analysis.looks[-1] < analysis.repetitions.least:
        return f"{trials}. A pilot: nothing is decided."
    if analysis.afterwards:
        return f"{trials}. Judged afterwards, at its last {claims.repetition}."
    decided = sum(c.verdict.decided for c in tested)
    looks = f"{analysis.held} of {plural(len(analysis.looks), 'planned look')} at the results done"
    quote = ""
    if not decided and any(c.verdict.word == Word.OPEN for c in tested):
        quote = " Unfinished: no question is answered yet, and the numbers so far are not to be quoted."
    budget = "; the budget ended the study there" if _is_stopped(claims) else ""
    return f"{trials}; {looks}, {decided} of {len(tested)} changes decided{budget}.{quote}"


def _is_stopped(claims: StudyClaims) -> bool:
    """Tell whether the budget ended the study before its last look."""
    return any(comparison.verdict.stopped for comparison in claims.analysis.comparisons)


def _count_results(claims: StudyClaims) -> str:
    trials = claims.sweep.trials.drop_duplicates("key")
    done = trials["key"][trials["outcome"].isin(PUBLISHED)]
    with_result = claims.number(len(done), "study/published", "number of trials that have a result", done)
    planned = claims.number(len(trials), "study/planned", "number of planned trials", trials["key"])
    return f"{with_result} of {planned} planned trials have a result"


def describe_progress(claims: StudyClaims) -> str:
    """Return how far the study has come, and what is missing."""
    return " ".join(filter(None, [_count_trials(claims), _describe_looks(claims), describe_next_look(claims)]))


def _count_trials(claims: StudyClaims) -> str:
    trials = claims.sweep.trials.drop_duplicates("key")
    published = trials["outcome"].isin(PUBLISHED)
    spared_keys = trials["key"][trials["outcome"] == Outcome.SPARED].tolist()
    wanted = trials["key"][~published & (trials["outcome"] != Outcome.SPARED)].tolist()
    text = _count_results(claims)
    if wanted:
        formula = "number of planned trials without a result"
        without = claims.number(len(wanted), "study/missing", f"{formula}, of arms that are not closed", wanted)
        verb, them = ("is", "it") if len(wanted) == 1 else ("are", "them")
        text += f"; {without} {verb} missing, and the same command goes on with {them}"
    if spared_keys:
        formula = "number of trials without a result of arms that are closed, and of references that none else needs"
        spared = claims.number(len(spared_keys), "study/spared", formula, spared_keys)
        text += f"; {spared} {'is' if len(spared_keys) == 1 else 'are'} not needed, since their arms are closed"
        text += " or the budget is spent" if _is_stopped(claims) else ""
    return f"{text}."


def _describe_looks(claims: StudyClaims) -> str:
    analysis, noun = claims.analysis, claims.repetition
    looks, least, complete = analysis.looks, analysis.repetitions.least, analysis.complete
    tested = [c for c in analysis.comparisons if c.pair.tested and not c.unpaired]
    if not tested:
        return ""
    formula = f"{noun}s whose blocks have ended in all arms that were open at them"
    keys = [key for c in tested for arm in (c.pair.arm, c.pair.reference) for key in claims.keys(arm)]
    done = claims.number(complete, "study/complete", formula, keys, "d")
    ended = f"{done} of {plural(looks[-1], noun)} {'has' if complete == 1 else 'have'} ended in every arm that was open"
    if looks[-1] < least:
        return f"{ended}. This is a pilot: under {plural(least, noun)} nothing is decided."
    if analysis.afterwards:
        when = f"at its last {noun}" + ("" if analysis.held else ", which is not complete yet")
        return f"{ended}. No looks were declared, so the study is judged afterwards, once, {when}."
    beyond = analysis.repetitions.count - looks[-1]
    more = f" What lies beyond the last look ({plural(beyond, noun)}) is exploratory." if beyond > 0 else ""
    declared = f"{'Looks are' if len(looks) > 1 else 'The only look is'} at {as_list(looks)} {noun}s"
    if not analysis.held:
        return f"{ended}. {declared}; none was held yet.{more}"
    count = claims.number(analysis.held, "study/held", "number of looks that were held", keys, "d")
    is_open = [c for c in tested if c.verdict.word == Word.OPEN]
    state = f"{plural(len(is_open), 'arm')} of {len(tested)} {'is' if len(is_open) == 1 else 'are'} open"
    state = state if is_open else "no arm is open"
    if _is_stopped(claims):
        state += f": the next look costs more than the budget ({analysis.sweep.plan.budget}), which ended the study"
    return (
        f"{ended}. {declared}; {count} of {len(looks)} {'was' if analysis.held == 1 else 'were'} held, {state}.{more}"
    )
