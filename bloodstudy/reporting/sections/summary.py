"""The head of a report: its title, how far the study has come, and what to know before believing it.

In: an analysed study. Out: Markdown sentences, marked. No arm of a plain sweep is called the best if its accuracy is
not clear of chance level, if seeds of it are missing, or if arms were tested on different images.
"""

from __future__ import annotations

from typing import Any

from bloodstudy.analysis import SPLIT_KEYS, ArmSummary, StudyResults, summarise_arms
from bloodstudy.analysis.comparisons.verdict import ALPHA
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.render.markdown import as_list, code, plain
from bloodstudy.reporting.sections.caveats import warn_of_study, warn_of_sweep
from bloodstudy.reporting.sections.effect_tables import describe_reference
from bloodstudy.reporting.sections.levels import list_levels
from bloodstudy.reporting.sections.progress import describe_state
from bloodstudy.reporting.sections.section import Section, find_reference, has_questions


def describe_head(claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return title, question, progress and warnings."""
    analysis = claims.analysis
    head: dict[str, Any] = {"title": describe_title(analysis.sweep)}
    if has_questions(analysis):
        warnings = warn_of_study(claims)
        first = find_reference(analysis)
        paired = [c for c in analysis.comparisons if c.seeds and not c.unpaired and c.pair.reference == first]
        reached = describe_reference(paired, claims) if paired else ""
        progress = " ".join(filter(None, [describe_state(claims), reached]))
        about = _describe_reference(claims, first)
        return head | {"question": "", "progress": progress, "about": about, "warnings": warnings}
    question = plain(analysis.sweep.plan.question or "")
    return head | {"question": question, "progress": " ".join(summarise(claims)), "about": "", "warnings": []}


MAX_CLASSES = 8  # that are named
SECTION = Section("summary", lambda analysis: True, describe_head)


def _describe_reference(claims: StudyClaims, reference: str) -> str:
    """Say what the reference has of what the arms change, and what a verdict allows for; nothing before any result."""
    analysis = claims.analysis
    levels = [code(f"{key}={level}") for key, level, changed in list_levels(analysis.sweep, reference) if changed]
    if not levels:
        return ""
    margins = sorted({f"{100 * question.margin:g}" for question in analysis.sweep.plan.questions})
    said = f"The reference has {as_list(levels)}; an arm changes one or more of these levels. {_describe_task(claims)}"
    if analysis.looks[-1] < analysis.repetitions.least or analysis.taken_back:
        return said
    points = f"{as_list(margins)} points of {analysis.sweep.plan.response_words}"
    return (
        f"{said} `equivalent` and `not worse` allow for up to {points} (the margin); the chance that even one of all "
        f"verdicts is wrong is at most {100 * ALPHA:g} % ([limits](#methods-and-limits))."
    )


def _describe_task(claims: StudyClaims) -> str:
    """Say what the networks tell apart, and in which images."""
    sweep = claims.sweep
    names = as_list(list(dict.fromkeys(code(data["name"]) for data in sweep.data)))
    result = next(iter(sweep.results.values()), None)
    classes = result.data.classes if result else ()
    kinds = as_list([plain(name) for name in classes]) if 0 < len(classes) <= MAX_CLASSES else "classes"
    return f"The networks tell {kinds} apart in the images of {names}."


def describe_title(sweep: StudyResults) -> str:
    """Return the title of the report."""
    plan, seeds = sweep.plan, f", {len(sweep.seeds)} seeds" if len(sweep.seeds) > 1 else ""
    if plan.questions:
        return plain(plan.title or plan.question or f"Study {plan.study}")
    if len(sweep.trials) == 1:
        return f"One trial: {code(sweep.arms[0])}"
    if plan.title:
        return plain(plan.title) + seeds
    return f"Sweep over {' × '.join(map(code, sweep.factors))}{seeds}" if sweep.factors else code(sweep.arms[0]) + seeds


def describe_nothing(sweep: StudyResults) -> str:
    """Return why there is nothing to report, with the next step."""
    outcomes = sweep.trials["outcome"].value_counts()
    counts = ", ".join(f"{count} {str(name).replace('_', ' ')}" for name, count in outcomes.items())
    waiting = {"missing", "interrupted"} & set(outcomes.index)
    retry = f"{sweep.plan.command} retry=all, once what made them end so is changed"
    return (
        f"no trial of the study {sweep.plan.study!r} is finished ({counts}); a report needs at least one. "
        f"Train it: {sweep.plan.command if waiting else retry}"
    )


def summarise(claims: StudyClaims) -> list[str]:
    """Return the summary of a plain sweep, one sentence an item."""
    sweep = claims.sweep
    arms = summarise_arms(sweep)
    done = [arm for arm in arms if arm.finished]
    sentences = [_progress(claims)]
    if done:
        sentences += [_describe_best(claims, arms), _describe_gaps(claims, done)]
        if dull := [arm for arm in done if not arm.clear]:
            some = len(dull) < len(done) or len(arms) == 1
            who = f"Not clearly above chance level: {_name_arms(dull)}. " if some else ""
            sentences.append(f"{who}At chance the gap says nothing about generalisation.")
        sentences.append(_strength(sweep))
    return [*sentences, *warn_of_sweep(claims)]


def _progress(claims: StudyClaims) -> str:
    sweep = claims.sweep
    trials = sweep.trials.drop_duplicates(["key", "outcome"])  # one trial may be judged in two ways
    outcomes = dict.fromkeys(name for name in trials["outcome"] if name != "finished")
    others = ", ".join(f"{claims.outcomes(name)} {plain(name.replace('_', ' '))}" for name in outcomes)
    data = " and ".join(dict.fromkeys(plain(data["name"]) for data in sweep.data))
    noun = "trial" if len(trials) == 1 else "trials"
    text = f"{claims.outcomes('finished')} of {claims.outcomes(None)} {noun} on {data} finished"
    return text + (f" ({others}, listed below)." if others else ".")


def _describe_best(claims: StudyClaims, arms: list[ArmSummary]) -> str:
    sweep, write = claims.sweep, claims.arm
    mean = "mean " if len(sweep.seeds) > 1 else ""
    if len(arms) == 1:
        arm = arms[0]
        partly = "" if arm.whole else f" ({claims.finished(arm.name)} of {write(arm, 'planned', 'd')} seeds)"
        train, test = (f"accuracy {write(arm, side, '.3f')}" for side in ("train", "test"))
        text = f"{mean}train {train}, {mean}test {test}{partly}; {_chance(claims, arm)}."
        return text[0].upper() + text[1:]
    if len(sweep.data) > 1:
        return "The arms were tested on different images, so none of them is named the best."
    whole = [arm for arm in arms if arm.whole]
    if not whole:
        return "No arm has all its seeds finished, so none is named the best."
    clear = [arm for arm in whole if arm.clear]
    if not clear:
        chance = _chance(claims, whole[0])
        return f"No finished arm is clearly above chance level, so none is named the best; {chance}."
    highest = max(clear, key=lambda arm: arm.test)
    best = [arm for arm in clear if round(arm.test, 3) == round(highest.test, 3)]
    accuracy, chance = write(highest, "test", ".3f"), _chance(claims, best[0])
    if len(whole) == 1:
        return f"{_name_arms(best)} alone finished all its seeds, with {mean}test accuracy {accuracy}; {chance}."
    share = "share the highest" if len(best) > 1 else "has the highest"
    text = f"{_name_arms(best)} {share} {mean}test accuracy, {accuracy}; {chance}."
    rivals = [arm for arm in whole if arm not in best and arm.test_high >= best[0].test_low]
    if len(sweep.seeds) > 1 and len(best) == 1 and rivals:
        text += f" Over the seeds its range overlaps that of {_name_arms(rivals)}."
    return text + _describe_balanced(claims, clear, best)


def _describe_balanced(claims: StudyClaims, clear: list[ArmSummary], best: list[ArmSummary]) -> str:
    """Say which arm is the best if each class weighs alike; nothing if it is the same one."""
    highest = max(clear, key=lambda arm: arm.balanced)
    rest = max(best, key=lambda arm: arm.balanced)
    if round(highest.balanced, 3) == round(rest.balanced, 3):
        return ""
    first, other = (claims.arm(arm, "balanced", ".3f") for arm in (highest, rest))
    mean = "mean " if len(claims.sweep.seeds) > 1 else ""
    return (
        f" Each image weighs alike in these; if each class does, {code(highest.name)} has the highest {mean}test "
        f"accuracy, {first}, and {code(rest.name)} has {other}."
    )


def _chance(claims: StudyClaims, arm: ArmSummary) -> str:
    return f"naming the largest class for every image gives {claims.arm(arm, 'largest', '.3f')}"


def _describe_gaps(claims: StudyClaims, done: list[ArmSummary]) -> str:
    low, high = min(done, key=lambda arm: arm.gap), max(done, key=lambda arm: arm.gap)
    lowest = claims.arm(low, "gap", "+z.3f")
    if len(done) == 1:
        return f"The gap (train − test) is {lowest}."
    if f"{low.gap:+z.3f}" == f"{high.gap:+z.3f}":
        return f"The gap (train − test) is {lowest} in each finished arm."
    highest = claims.arm(high, "gap", "+z.3f")
    return f"The gap (train − test) lies between {lowest} ({code(low.name)}) and {highest} ({code(high.name)})."


def _strength(sweep: StudyResults) -> str:
    seeds, divided = len(sweep.seeds), bool(set(SPLIT_KEYS) & set(sweep.factors))
    if seeds == 1:
        other = "; another seed may turn the order around" if len(sweep.arms) > 1 else ""
        return f"One seed: no interval{' over seeds' if divided else ''}, no verdict{other}."
    pilot = ", a pilot" if seeds < sweep.plan.repetitions.least else ""
    interval = ", an interval for each split below," if divided else ""
    return f"{seeds} seeds{pilot}: means and all points are shown{interval} and no verdict is given."


def _name_arms(arms: list[ArmSummary]) -> str:
    names = [code(arm.name) for arm in arms]
    return as_list(names if len(names) <= 6 else [*names[:5], f"{len(names) - 5} more"])
