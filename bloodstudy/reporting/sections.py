"""What a study's answers rest on: the data, the arms themselves, how it was done, each planned trial.

In: a judged study, and how its numbers are told. Out: Markdown by the names that the template has for it.
"""

from __future__ import annotations

from typing import Any

from bloodstudy.analysis import Judged, list_leaks
from bloodstudy.reporting import calibration, cautions, evidence, facts, layers, methods, panels, paragraph, sources
from bloodstudy.reporting.effects import PERCENT, RESPONSES, Told
from bloodstudy.reporting.markdown import code, embed, fence, plain, table
from bloodstudy.reporting.measured import Measured

CLEAN = "official_clean"


def group_arms(judged: Judged) -> list[tuple[str, list[str]]]:
    """Return the arms of each question, its reference first."""
    return [
        (question["name"].replace("_", " "), list(dict.fromkeys([question["reference"], *question["arms"]])))
        for question in judged.sweep.plan["questions"]
    ]


def tell_data(judged: Judged, told: Told, measured: Measured, drawn: list[str]) -> dict[str, Any]:
    """Return what the answers rest on."""
    sweep = judged.sweep
    matrices = panels.choose_matrices(sweep, sweep.plan["questions"][0]["reference"])
    missed = evidence.look_for_missed(judged)
    texts = {
        "classes": "Images of each class in the training and the test set; the table holds the numbers",
        "training": f"Accuracy and loss while fitting against the epoch, one line an arm ({len(sweep.arms)} in all)",
        "confusion": "Confusion matrices of the test set: share and count of predicted classes for each true class",
        "calibration": "How often each arm is right against how sure it is, one panel a question",
    }
    return {
        "data": [facts.tell_data(measured, place, own) for place, own in enumerate(facts.list_data(sweep), start=1)],
        "judged": [cautions.tell_shared(measured, leak) for leak in list_leaks(sweep.trials) if leak.judged == CLEAN],
        "photographs": evidence.tabulate_photographs(judged, told),
        "weighed": evidence.name_weighed(judged),
        "unit": judged.unit,
        "networks": layers.list_networks(sweep, told),
        "arms": evidence.tabulate_arms(judged, told),
        "at_chance": evidence.tell_chance(judged, told),
        "official": evidence.tell_official(judged),
        "figures": {name: embed(name, text, drawn) for name, text in texts.items()},
        "matrices": len(matrices),
        "hidden": len(panels.list_tested(sweep)) - len(matrices),
        "calibration": calibration.tabulate_calibration(calibration.weigh_arms(judged), told),
        "missed": evidence.tell_missed(missed, told),
        "missed_images": evidence.tabulate_missed(missed, told),
        "sources": sources.list_sources(sweep, told.ledger),
    }


def tell_methods(judged: Judged, told: Told, measured: Measured) -> dict[str, Any]:
    """Return how the study was done, and each planned trial."""
    sweep = judged.sweep
    return {
        "command": fence(sweep.plan["command"]),
        "fixed": methods.list_fixed(judged),
        "changes": methods.list_changes(judged),
        "amended": bool(sweep.plan.get("amendments")),
        "excluded": methods.list_excluded(judged, told),
        "limits": methods.list_limits(judged, told),
        "origin": facts.list_origin(sweep),
        "levels": facts.tabulate_reference(sweep, sweep.plan["questions"][0]["reference"]),
        "brought": facts.tell_brought(sweep, sweep.plan["questions"][0]["reference"]),
        "paragraph": paragraph.write_paragraph(judged),
        "trials": _tabulate_trials(measured),
    }


def _tabulate_trials(measured: Measured) -> str:
    rows = []
    for row in measured.sweep.trials.to_dict("records"):
        keys, path = [row["key"]], f"trial/{row['key']}/{row['judged']}"
        cells = [code(row["arm"]), str(row["seed"]), f"`{row['key']}`"]
        for name in RESPONSES.values():
            value = float("nan") if row[name] is None else 100 * float(row[name])
            form = PERCENT if name != "accuracy_gap" else "+z.1f"
            formula = f"100 * {name}"
            cells.append(measured.ledger.tell(value, form, name=f"{path}/{name}", formula=formula, trials=keys))
        outcome = plain(str(row["outcome"]).replace("_", " "))
        reason = plain(row["reason"]) if isinstance(row["reason"], str) else ""
        rows.append([*cells, f"{outcome}: {reason}" if reason else outcome])
    return table(["arm", "seed", "trial", *RESPONSES, "outcome"], rows, right=["seed", *RESPONSES])
