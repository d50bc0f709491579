"""The tables of a question: effects, decisions, classes, interactions of two factors, strips of learning rates.

In: comparisons, interactions and tuned arms, and the claims of their study. Out: Markdown tables, tested arms first as
planned, and sentences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bloodstudy.analysis import Comparison, Interaction, Tuned
from bloodstudy.analysis.comparisons.verdict import Word
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.claims.pair_claims import BALANCED, PairClaims
from bloodstudy.reporting.claims.study_claims import PERCENT, StudyClaims, form_points
from bloodstudy.reporting.render.markdown import as_list, code, plain, plural, rows_of, table
from bloodstudy.reporting.sections.verdicts import AFTERWARDS, name_verdict
from bloodstudy.study.arms import spell
from bloodstudy.study.outcome import Outcome

RECALL = "test_recall_"
SIDES = ("arm", "reference")
FORMULAS = {
    "validation_accuracy": "100 * mean over seeds of validation_accuracy",
    "at_chance_looked_at": "number of finished trials of the arm that stayed at chance, of the seeds looked at",
    "finished_looked_at": "number of trials of the arm that finished, of the seeds looked at",
}


def tabulate_effects(comparisons: Sequence[Comparison], claims: StudyClaims, tested: bool = True) -> str:
    """Return effects with intervals on train, test and gap, and the narrower and wider intervals on test.

    `tested`: whether arms that are not tested are to be marked, since others are.
    """
    numbers = [f"{claims.block}s", *claims.responses]
    more = {}  # columns that some arm has
    titles = {name: title for title, name in claims.responses.items()}
    for response in dict.fromkeys(c.response for c in comparisons if not math.isnan(c.these[0])):
        more[f"{titles[response]}, these photographs"] = PairClaims.these
    if any(not math.isnan(c.scenes.low) for c in comparisons):
        more[f"test, {claims.analysis.unit}s random too"] = PairClaims.scenes
    rows = []
    for comparison in comparisons:
        pair = PairClaims(claims, comparison)
        effects = [_describe_effect(comparison, response, claims) for response in claims.responses.values()]
        name = _name(comparison) if tested else code(comparison.pair.arm)
        rows.append([name, pair.blocks(), *effects, *(write(pair) for write in more.values())])
    return table(["arm", *numbers, *more], rows, right=[*numbers, *more])


def tabulate_verdicts(comparisons: Sequence[Comparison], claims: StudyClaims) -> str:
    """Return the verdicts with one-sided bounds and dead trials; empty if no arm is tested."""
    tested = [comparison for comparison in comparisons if comparison.pair.tested]
    bounds, dead = ["at least", "at most"], ["dead [95 %]", "dead, reference [95 %]"]
    several = len(claims.analysis.looks) > 1
    rows = []
    for comparison in tested:
        pair, verdict = PairClaims(claims, comparison), comparison.verdict
        word = name_verdict(verdict, partial=bool(comparison.seeds))
        look = [_name_look(verdict.look if verdict.final else None, claims)] if several else []
        flag = NONE if not verdict.tested and verdict.word != Word.OPEN else "yes" if verdict.not_worse else "not shown"
        if several and verdict.not_worse and verdict.not_worse_look:
            flag += f", {_name_look(verdict.not_worse_look, claims)}"
        ends = [pair.bound(part) for part in ("at_least", "at_most")]
        rows.append([code(comparison.pair.arm), *ends, word, *look, flag, *(pair.dead_share(of) for of in SIDES)])
    title = f"verdict, {AFTERWARDS}" if claims.analysis.afterwards else "verdict"
    header = ["arm", *bounds, title, *(["look"] if several else []), "not worse", *dead]
    return table(header, rows, right=[*bounds, *dead]) if rows else ""


def _name_look(look: int | None, claims: StudyClaims) -> str:
    """Return a look with its repetitions; a dash if there is none."""
    return f"look {look} ({plural(claims.analysis.looks[look - 1], claims.repetition)})" if look else NONE


def tabulate_classes(comparisons: Sequence[Comparison], claims: StudyClaims) -> str:
    """Return the effects on macro F1 and on the recall of each class; empty if nothing is paired."""
    names = next((list(c.points.columns) for c in comparisons if c.seeds), [])
    titles = {name: plain(name.removeprefix(RECALL)) for name in names if name.startswith(RECALL)}
    if "test_macro_f1" in names:
        titles = {"test_macro_f1": "macro F1"} | titles
    if not titles:
        return ""
    rows = [[_name(c), *(_describe_effect(c, name, claims) for name in titles)] for c in comparisons]
    return table(["arm", *titles.values()], rows, right=titles.values())


def describe_reference(comparisons: Sequence[Comparison], claims: StudyClaims) -> str:
    """Return what the reference itself reaches, over the blocks of the comparison that has most."""
    comparison = max(comparisons, key=lambda c: len(c.seeds))
    if not comparison.seeds:
        return ""
    pair = PairClaims(claims, comparison)
    train, test, gap, *own = map(pair.reference_mean, claims.responses.values())
    others = "".join(f", {title} {mean} %" for title, mean in zip([*claims.responses][3:], own, strict=True))
    who = "The reference" if comparison.pair.reference == "reference" else code(comparison.pair.reference)
    trainings = f"training{'' if len(comparison.seeds) == 1 else 's'}"
    every = claims.sweep.of(comparison.pair.reference, Outcome.FINISHED)["seed"].tolist()
    if len(comparison.seeds) < sum(seed in claims.analysis.seeds for seed in every):
        verb = "counts" if len(comparison.seeds) == 1 else "count"
        trainings += f" that {verb} for {code(comparison.pair.arm)}"
    weighed = "in train, test and gap each class weighs alike" if own else "each class weighing alike"
    return (
        f"{who}: train {train} %, test {test} %, gap {gap} points{others} "
        f"(mean of {pair.blocks()} {trainings}, {weighed})."
    )


def _name(comparison: Comparison) -> str:
    return code(comparison.pair.arm) + ("" if comparison.pair.tested else " (exploratory)")


def _describe_effect(comparison: Comparison, response: str, claims: StudyClaims) -> str:
    known = comparison.seeds and response in comparison.effects
    return PairClaims(claims, comparison).interval(response) if known else NONE


def tabulate_interactions(interactions: Sequence[Interaction], claims: StudyClaims) -> str:
    """Return the differences of differences, in points with 95 % intervals; empty where no product was planned."""
    rows = []
    for interaction in interactions:
        both = [code(f"{key}={spell(level)}") for key, _, level in (interaction.first, interaction.second)]
        keys = [key for arm in interaction.arms for key in claims.keys(arm, list(interaction.points.index))]
        cells = [_describe_interaction(interaction, response, keys, claims) for response in claims.responses.values()]
        name = f"block/{'/'.join(interaction.arms)}/seeds"
        seeds = claims.number(len(interaction.points), name, f"{claims.block}s with all four cells", keys, "d")
        rows.append([" and ".join(both), seeds, *cells])
    numbers = [f"{claims.block}s", *claims.responses]
    return table(["both", *numbers], rows, right=numbers) if rows else ""


def _describe_interaction(interaction: Interaction, response: str, keys: list[str], claims: StudyClaims) -> str:
    effect = interaction.effects[response]
    weighed = ", each class weighing alike" if response in BALANCED else ""
    difference = f"of ({response}[both] - {response}[second]) - ({response}[first] - {response}[neither]){weighed}"
    over = f"over {claims.block}s {difference}"
    formulas = {"mean": f"100 * mean {over}"}
    formulas |= {end: f"100 * {end} end of the 95 % t interval {over}" for end in ("lower", "upper")}
    write = claims.numbers_of(f"block/{'/'.join(interaction.arms)}/{response}", formulas, keys)
    form = form_points(effect.low, effect.high)
    mean = write("mean", 100 * effect.mean, form)
    if math.isnan(effect.low):
        return mean
    return f"{mean} [{write('lower', 100 * effect.low, form)}, {write('upper', 100 * effect.high, form)}]"


def tabulate_strips(strips: Sequence[Tuned], claims: StudyClaims) -> str:
    """Return the validation accuracy of each arm at each learning rate, its best in bold; empty without a strip.

    A rate at which fewer trials finished than at others says how many, and one at which trials stayed at chance too.
    """
    rates = sorted({float(lr) for strip in strips for lr in strip.rates["lr"].dropna()})
    rows = []
    for strip in strips:
        known = rows_of(strip.rates.dropna(subset=["lr"]))
        cells = {float(row["lr"]): _describe_rate(row, strip, claims) for row in known}
        rows.append([code(strip.arm), *(cells.get(rate, NONE) for rate in rates)])
    names = [f"lr={spell(rate)}" for rate in rates]
    return table(["arm", *names], rows, right=names) if rows and rates else ""


def _describe_rate(row: Mapping[str, Any], strip: Tuned, claims: StudyClaims) -> str:
    if not row["seeds"]:
        return "none finished"
    write = claims.numbers_of(f"arm/{row['arm']}", FORMULAS, claims.keys(row["arm"]))
    text = write("validation_accuracy", 100 * float(row["validation_accuracy"]), PERCENT)
    notes = []
    if row["seeds"] < strip.rates["seeds"].max():
        notes.append(f"{write('finished_looked_at', row['seeds'], 'd')} seed{'' if row['seeds'] == 1 else 's'}")
    if row["at_chance"]:
        notes.append(f"{write('at_chance_looked_at', row['at_chance'], 'd')} at chance")
    text += f" ({', '.join(notes)})" if notes else ""
    return f"**{text}**" if strip.best is not None and float(row["lr"]) == strip.best else text


def describe_strips(strips: Sequence[Tuned]) -> str:
    """Say which arms are best at another rate than the reference."""
    if not strips:
        return ""
    reference, *others = strips
    if not any(strip.rates["seeds"].sum() for strip in strips):
        return "No rate is chosen yet: no seed is finished in all arms."
    if reference.best is None and len(reference.rates["validation_accuracy"].dropna()):
        return "No rate is chosen: where most seeds of the reference finished, they stayed at chance."
    if reference.best is None:
        return "No rate is chosen: the strip needs validation images (`data.validation_share`), never the test."
    tuned, lost = ([s for s in others if (s.best is None) == none] for none in (False, True))
    told = [f"The reference is best at {code(f'lr={spell(reference.best)}')} on the validation images"]
    if differing := [strip for strip in tuned if strip.best != reference.best]:
        rates = ", ".join(f"{code(strip.arm)} at {code(f'lr={spell(strip.best)}')}" for strip in differing)
        told[0] += f"; others are not: {rates}"
        told.append("Their effects at the reference's rate may partly be those of the rate")
    elif tuned:
        told[0] += ", and so are the others that have a best rate" if lost else ", and so is each arm that was tried"
    for some, why in ((True, "where most seeds finished, they stayed at chance"), (False, "no trial finished")):
        if who := [code(strip.arm) for strip in lost if any(strip.rates["seeds"].to_list()) == some]:
            told.append(f"For {as_list(who)} no rate is chosen: {why}")
    return ". ".join(told) + "."
