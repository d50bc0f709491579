"""What a question declared beside its arms: whole products of two factors, and strips of learning rates.

In: the interactions and the tuned arms of a question, and how their numbers are told. Out: Markdown tables and remarks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bloodstudy.analysis import Interaction
from bloodstudy.analysis.comparisons.lr_sensitivity import Tuned
from bloodstudy.reporting.claims.ledger import NONE
from bloodstudy.reporting.claims.study_claims import PERCENT, POINTS, RESPONSES, StudyClaims
from bloodstudy.reporting.render.markdown import code, table
from bloodstudy.study.arms import spell

VALIDATION = "100 * mean over seeds of validation_accuracy"


def tabulate_interactions(interactions: Sequence[Interaction], claims: StudyClaims) -> str:
    """Return the differences of differences, in points with 95 % intervals; empty where no product was planned."""
    rows = []
    for interaction in interactions:
        changes = " and ".join(
            code(f"{key}={spell(level)}") for key, _, level in (interaction.first, interaction.second)
        )
        keys = [key for arm in interaction.arms for key in claims.keys(arm, list(interaction.points.index))]
        cells = [_describe_effect(interaction, response, keys, claims) for response in RESPONSES.values()]
        seeds = claims.count(
            len(interaction.points), f"block/{'/'.join(interaction.arms)}/seeds", "seeds with all four cells", keys, "d"
        )
        rows.append([changes, seeds, *cells])
    return table(["both", "seeds", *RESPONSES], rows, right=["seeds", *RESPONSES]) if rows else ""


def _describe_effect(interaction: Interaction, response: str, keys: list[str], claims: StudyClaims) -> str:
    effect, path = interaction.effects[response], f"block/{'/'.join(interaction.arms)}/{response}"
    formula = f"of ({response}[both] - {response}[second]) - ({response}[first] - {response}[neither])"
    mean = claims.count(100 * effect.mean, f"{path}/mean", f"100 * mean over seeds {formula}", keys, POINTS)
    if math.isnan(effect.low):
        return mean
    low, high = (
        claims.count(
            100 * value, f"{path}/{end}", f"100 * {end} end of the 95 % t interval over seeds {formula}", keys, POINTS
        )
        for end, value in (("lower", effect.low), ("upper", effect.high))
    )
    return f"{mean} [{low}, {high}]"


def tabulate_strips(strips: Sequence[Tuned], claims: StudyClaims) -> str:
    """Return the validation accuracy of each arm at each learning rate, its best in bold; empty without a strip.

    A rate at which fewer trials finished than at others says how many.
    """
    rates = sorted({float(lr) for strip in strips for lr in strip.rates["lr"].dropna()})
    rows = []
    for strip in strips:
        cells = {
            float(row["lr"]): _describe_rate(row, strip, claims)
            for row in strip.rates.dropna(subset=["lr"]).to_dict("records")
        }
        rows.append([code(strip.arm), *(cells.get(rate, NONE) for rate in rates)])
    names = [f"lr={spell(rate)}" for rate in rates]
    return table(["arm", *names], rows, right=names) if rows and rates else ""


def _describe_rate(row: dict, strip: Tuned, claims: StudyClaims) -> str:
    keys = claims.keys(row["arm"])
    value = 100 * float(row["validation_accuracy"])
    text = claims.count(value, f"arm/{row['arm']}/validation_accuracy", VALIDATION, keys, PERCENT)
    if row["seeds"] < strip.rates["seeds"].max():
        finished = "number of trials of the arm that finished, of the seeds looked at"
        count = claims.count(row["seeds"], f"arm/{row['arm']}/finished_looked_at", finished, keys, "d")
        text += f" ({count} seed{'' if row['seeds'] == 1 else 's'})"
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
