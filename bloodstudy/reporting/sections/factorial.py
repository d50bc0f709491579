"""What a question declared beside its arms: whole products of two factors, and strips of learning rates.

In: the interactions and the tuned arms of a question, and the claims of its study. Out: Markdown tables and sentences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bloodstudy.analysis import Interaction
from bloodstudy.analysis.comparisons.lr_sensitivity import Tuned
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.claims.study_claims import PERCENT, POINTS, RESPONSES, StudyClaims
from bloodstudy.reporting.render.markdown import code, rows_of, table
from bloodstudy.study.arms import spell

FORMULAS = {
    "validation_accuracy": "100 * mean over seeds of validation_accuracy",
    "finished_looked_at": "number of trials of the arm that finished, of the seeds looked at",
}


def tabulate_interactions(interactions: Sequence[Interaction], claims: StudyClaims) -> str:
    """Return the differences of differences, in points with 95 % intervals; empty where no product was planned."""
    rows = []
    for interaction in interactions:
        both = [code(f"{key}={spell(level)}") for key, _, level in (interaction.first, interaction.second)]
        keys = [key for arm in interaction.arms for key in claims.keys(arm, list(interaction.points.index))]
        cells = [_describe_effect(interaction, response, keys, claims) for response in RESPONSES.values()]
        name = f"block/{'/'.join(interaction.arms)}/seeds"
        seeds = claims.number(len(interaction.points), name, "seeds with all four cells", keys, "d")
        rows.append([" and ".join(both), seeds, *cells])
    return table(["both", "seeds", *RESPONSES], rows, right=["seeds", *RESPONSES]) if rows else ""


def _describe_effect(interaction: Interaction, response: str, keys: list[str], claims: StudyClaims) -> str:
    effect = interaction.effects[response]
    difference = f"of ({response}[both] - {response}[second]) - ({response}[first] - {response}[neither])"
    formulas = {"mean": f"100 * mean over seeds {difference}"}
    formulas |= {end: f"100 * {end} end of the 95 % t interval over seeds {difference}" for end in ("lower", "upper")}
    write = claims.numbers_of(f"block/{'/'.join(interaction.arms)}/{response}", formulas, keys)
    mean = write("mean", 100 * effect.mean, POINTS)
    if math.isnan(effect.low):
        return mean
    return f"{mean} [{write('lower', 100 * effect.low, POINTS)}, {write('upper', 100 * effect.high, POINTS)}]"


def tabulate_strips(strips: Sequence[Tuned], claims: StudyClaims) -> str:
    """Return the validation accuracy of each arm at each learning rate, its best in bold; empty without a strip.

    A rate at which fewer trials finished than at others says how many.
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
    write = claims.numbers_of(f"arm/{row['arm']}", FORMULAS, claims.keys(row["arm"]))
    text = write("validation_accuracy", 100 * float(row["validation_accuracy"]), PERCENT)
    if row["seeds"] < strip.rates["seeds"].max():
        text += f" ({write('finished_looked_at', row['seeds'], 'd')} seed{'' if row['seeds'] == 1 else 's'})"
    return f"**{text}**" if strip.best is not None and float(row["lr"]) == strip.best else text


def describe_strips(strips: Sequence[Tuned]) -> str:
    """Say which arms are best at another rate than the reference."""
    if not strips:
        return ""
    reference, *others = strips
    if not any(strip.rates["seeds"].sum() for strip in strips):
        return "No rate is chosen yet: no seed is finished in all arms."
    if reference.best is None:
        return "No rate is chosen: the strip needs validation images (`data.validation_share`), never the test."
    differing = [strip for strip in others if strip.best is not None and strip.best != reference.best]
    best = f"The reference is best at {code(f'lr={spell(reference.best)}')} on the validation images"
    if not differing:
        return f"{best}, and so is each arm that was tried."
    rates = ", ".join(f"{code(strip.arm)} at {code(f'lr={spell(strip.best)}')}" for strip in differing)
    return f"{best}; others are not: {rates}. Their effects at the reference's rate are partly those of the rate."
