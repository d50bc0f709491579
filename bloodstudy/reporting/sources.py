"""Our figures beside those of the two systems that the networks come from, and why they may differ.

In: a judged study of the Kaggle images. Out: a table with intervals over seeds, and reasons generated from what differs
between their settings and ours. Nothing for other data or other networks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from bloodstudy.analysis import Judged
from bloodstudy.analysis.effect import estimate
from bloodstudy.design import spell
from bloodstudy.reporting.claims import NONE
from bloodstudy.reporting.effects import PERCENT, Told
from bloodstudy.reporting.markdown import code, table


@dataclass(frozen=True)
class Source:
    """What the author of a network reports of it."""

    train: str
    test: str
    note: str
    factors: dict[str, Any]  # the settings that led to it
    split: str  # how it was tested, in words


SOURCES = {
    "reference": Source(
        "100 %", "about 65 % (grey)", "its author later noted about 90 % on colour images",
        {"image_size": (120, 160), "colour": "gray", "epochs": 600, "lr": 5e-4, "batch_size": 100, "norm": "lrn",
         "width": 1.0},
        "the official split",
    ),
    "compact": Source(
        "80 %", "79 %", "after 20 epochs",
        {"image_size": (200, 200), "colour": "rgb", "epochs": 20, "padding": "valid", "width": 1.0},
        "a split that is not said",
    ),
}  # fmt: skip


def list_sources(judged: Judged, told: Told) -> dict[str, Any] | None:
    """Return table and reasons, or None where there is nothing to compare with."""
    rows, reasons = [], []
    for name, source in SOURCES.items():
        arm = _find_arm(judged, name)
        if arm is None:
            continue
        rows.append([f"`{name}`, its author", "1", source.train, source.test, source.note])
        rows.append([f"`{name}`, here ({code(arm)})", *_measure(arm, judged, told)])
        reasons += [f"`{name}`: {reason}" for reason in _list_reasons(arm, source, judged)]
    header = ["network", "trials", "train", "test", "remark"]
    return {"table": table(header, rows, right=["trials"]), "reasons": reasons} if rows else None


def _find_arm(judged: Judged, model: str) -> str | None:
    """Return the first arm with this network on Kaggle images that has a finished trial; the reference stands first."""
    for arm in judged.sweep.arms:
        known = [judged.sweep.results[k] for k in judged.sweep.of(arm, "finished")["key"] if k in judged.sweep.results]
        if known and known[0]["model"] == model and known[0]["data"]["name"] == "kaggle":
            return arm
    return None


def _measure(arm: str, judged: Judged, told: Told) -> list[str]:
    done = judged.sweep.of(arm, "finished")
    keys, cells = list(done["key"]), []
    for name in ("train_accuracy", "test_accuracy"):
        found = estimate(done[name].to_numpy(dtype=float))
        path = f"arm/{arm}/{name}"
        mean = told.count(
            100 * found.mean, f"{path}/percent", f"100 * mean over the finished seeds of {name}", keys, PERCENT
        )
        ends = [
            told.count(
                100 * value,
                f"{path}/{end}",
                f"100 * {end} end of the 95 % t interval of the mean of {name}",
                keys,
                PERCENT,
            )
            for end, value in (("lower", found.low), ("upper", found.high))
        ]
        cells.append(f"{mean} % " + (f"[{ends[0]}, {ends[1]}]" if not math.isnan(found.low) else NONE))
    seeds = told.count(len(keys), f"arm/{arm}/finished", "number of trials of the arm that finished", keys, "d")
    return [seeds, *cells, "mean and 95 % interval over seeds"]


def _list_reasons(arm: str, source: Source, judged: Judged) -> list[str]:
    """Return what differs between the source's settings and those of `arm`."""
    result = judged.sweep.results[next(iter(judged.sweep.of(arm, "finished")["key"]))]
    factors, split = result["factors"], str(judged.sweep.of(arm)["judged"].iloc[0])
    reasons = [
        f"{code(f'{key}={spell(factors[key])}')} here, {code(spell(theirs))} there"
        for key, theirs in source.factors.items()
        if spell(factors[key]) != spell(theirs)
    ]
    if split != "official":
        leaks = ", without the test images whose scene is in training" if split == "official_clean" else ""
        reasons.append(f"judged by {code(f'data.split={split}')}{leaks}; there by {source.split}")
    return [*reasons, "several seeds here, a single run there, so that the source has no interval"]
