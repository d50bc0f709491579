"""The sentences of a report, generated from its numbers and true of them.

In: a sweep whose numbers are told as claims. Out: Markdown sentences, marked. No arm is called the best where its
accuracy is not clear of chance level, where seeds of it are missing, or where arms were tested on different images.
"""

from __future__ import annotations

from bloodstudy.analysis import SPLIT_KEYS, ArmSummary, StudyResults, analyse_study, summarise_arms
from bloodstudy.analysis.comparisons.verdict import FEW_SEEDS
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.claims.sweep_claims import SweepClaims
from bloodstudy.reporting.render.markdown import as_list, code, plain
from bloodstudy.reporting.sections import splits
from bloodstudy.reporting.sections.caveats import warn_of_sweep
from bloodstudy.reporting.sections.effect_tables import tabulate_effects


def title(sweep: StudyResults) -> str:
    """Return the title of the report."""
    if len(sweep.trials) == 1:
        return f"One trial: {code(sweep.arms[0])}"
    seeds = f", {len(sweep.seeds)} seeds" if len(sweep.seeds) > 1 else ""
    if sweep.plan.get("title"):
        return plain(sweep.plan["title"]) + seeds
    return f"Sweep over {' × '.join(map(code, sweep.factors))}{seeds}" if sweep.factors else code(sweep.arms[0]) + seeds


def summarise(measured: SweepClaims) -> list[str]:
    """Return the summary, one sentence an item."""
    sweep = measured.sweep
    arms = summarise_arms(sweep)
    done = [arm for arm in arms if arm.finished]
    sentences = [_progress(measured)]
    if done:
        sentences += [_describe_best(measured, arms), _describe_gaps(measured, done)]
        if dull := [arm for arm in done if not arm.clear]:
            who = f"Not clearly above chance level: {_list(dull)}. " if len(dull) < len(done) or len(arms) == 1 else ""
            sentences.append(f"{who}At chance the gap says nothing about generalisation.")
        sentences.append(_strength(sweep))
    return [*sentences, *warn_of_sweep(measured)]


def _progress(measured: SweepClaims) -> str:
    sweep = measured.sweep
    trials = sweep.trials.drop_duplicates(["key", "outcome"])  # one trial may be judged in two ways
    outcomes = dict.fromkeys(name for name in trials["outcome"] if name != "finished")
    others = ", ".join(f"{measured.outcomes(name)} {plain(name.replace('_', ' '))}" for name in outcomes)
    plural = "" if len(trials) == 1 else "s"
    where = " and ".join(dict.fromkeys(plain(data["name"]) for data in sweep.data))
    text = f"{measured.outcomes('finished')} of {measured.outcomes(None)} trial{plural} on {where} finished"
    return text + (f" ({others}, listed below)." if others else ".")


def _describe_best(measured: SweepClaims, arms: list[ArmSummary]) -> str:
    sweep, write = measured.sweep, measured.arm
    mean = "mean " if len(sweep.seeds) > 1 else ""
    if len(arms) == 1:
        arm = arms[0]
        partly = "" if arm.whole else f" ({write(arm, 'finished', 'd')} of {write(arm, 'planned', 'd')} seeds)"
        train, test = (f"accuracy {write(arm, side, '.3f')}" for side in ("train", "test"))
        text = f"{mean}train {train}, {mean}test {test}{partly}; {_chance(measured, arm)}."
        return text[0].upper() + text[1:]
    if len(sweep.data) > 1:
        return "The arms were tested on different images, so none of them is named the best."
    whole = [arm for arm in arms if arm.whole]
    if not whole:
        return "No arm has all its seeds finished, so none is named the best."
    clear = [arm for arm in whole if arm.clear]
    if not clear:
        chance = _chance(measured, whole[0])
        return f"No finished arm is clearly above chance level, so none is named the best; {chance}."
    highest = max(clear, key=lambda arm: arm.test)
    best = [arm for arm in clear if round(arm.test, 3) == round(highest.test, 3)]
    accuracy, chance = write(highest, "test", ".3f"), _chance(measured, best[0])
    if len(whole) == 1:
        return f"{_list(best)} alone finished all its seeds, with {mean}test accuracy {accuracy}; {chance}."
    share = "share the highest" if len(best) > 1 else "has the highest"
    text = f"{_list(best)} {share} {mean}test accuracy, {accuracy}; {chance}."
    rivals = [arm for arm in whole if arm not in best and arm.test_high >= best[0].test_low]
    if len(sweep.seeds) > 1 and len(best) == 1 and rivals:
        text += f" Over the seeds its range overlaps that of {_list(rivals)}."
    return text


def _chance(measured: SweepClaims, arm: ArmSummary) -> str:
    return f"chance level, the share of the largest class of the test set, is {measured.arm(arm, 'chance', '.3f')}"


def _describe_gaps(measured: SweepClaims, done: list[ArmSummary]) -> str:
    low, high = min(done, key=lambda arm: arm.gap), max(done, key=lambda arm: arm.gap)
    lowest = measured.arm(low, "gap", "+.3f")
    if len(done) == 1:
        return f"The gap (train − test) is {lowest}."
    if f"{low.gap:+.3f}" == f"{high.gap:+.3f}":
        return f"The gap (train − test) is {lowest} in each finished arm."
    highest = measured.arm(high, "gap", "+.3f")
    return f"The gap (train − test) lies between {lowest} ({code(low.name)}) and {highest} ({code(high.name)})."


def _strength(sweep: StudyResults) -> str:
    seeds, divided = len(sweep.seeds), bool(set(SPLIT_KEYS) & set(sweep.factors))
    if seeds == 1:
        other = "; another seed may turn the order around" if len(sweep.arms) > 1 else ""
        return f"One seed: no interval{' over seeds' if divided else ''}, no verdict{other}."
    pilot = ", a pilot" if seeds < FEW_SEEDS else ""
    interval = ", an interval for each split below," if divided else ""
    return f"{seeds} seeds{pilot}: means and all points are shown{interval} and no verdict is given."


def describe_no_ops(sweep: StudyResults, no_ops: set[str]) -> str:
    """Explain the flag "no-op?", or return nothing."""
    if not no_ops:
        return ""
    return (
        f"no-op?: the predictions equal those of {code(sweep.arms[0])} on every seed that both finished, so the level "
        "may do nothing here."
    )


def describe(measured: SweepClaims, name: str) -> str:
    """Return the alternative text of a figure, in Markdown: what it shows, for who cannot see it."""
    sweep, values = measured.sweep, ""
    over = plain(" and ".join(sweep.factors) or "the seeds")
    done = [arm for arm in summarise_arms(sweep) if arm.finished]
    if name == "accuracy" and len(done) <= 8:
        pairs = [[measured.arm(arm, side, ".3f") for side in ("train", "test")] for arm in done]
        told = zip(done, pairs, strict=True)
        values = " " + "; ".join(f"{plain(arm.name)}: train {train}, test {test}" for arm, (train, test) in told)
    texts = {
        "accuracy": f"Train and test accuracy against {over}, the gap shaded.{values}",
        "splits": splits.DESCRIBED,
        "training": f"Accuracy and loss while fitting against the epoch, one line an arm ({len(sweep.arms)} in all)",
        "confusion": "Confusion matrices of the test set: share and count of predicted classes for each true class",
        "classes": "Images of each class in the training and the test set; the table below holds the numbers",
    }
    return texts[name]


def _list(arms: list[ArmSummary]) -> str:
    names = [code(arm.name) for arm in arms]
    return as_list(names if len(names) <= 6 else [*names[:5], f"{len(names) - 5} more"])


def describe_differences(measured: SweepClaims) -> dict[str, str]:
    """Return table and words on the arms that can be paired with the first one; empty where there is none."""
    judged = analyse_study(measured.sweep)
    shown = [c for c in judged.comparisons if len(c.seeds) > 1 and not c.unpaired]
    if not shown:
        return {}
    words = (
        f"Points of accuracy, each arm less {code(shown[0].pair.reference)} on the same seed, means over seeds with "
        "95 % intervals. Nothing was declared before, so nothing is tested and no arm gets a word: a question in "
        "conf/question declares arms, margin and seeds."
    )
    return {"words": words, "table": tabulate_effects(shown, StudyClaims(judged, measured.ledger), tested=False)}
