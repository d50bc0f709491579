"""The networks of a study, layer by layer, as their trials published them.

In: a sweep. Out: a Markdown table for the reference, and for the first arm of each other network.
"""

from __future__ import annotations

from bloodstudy.analysis import StudyResults
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.render.markdown import code, plain, table
from bloodstudy.study.result import Result


def list_networks(sweep: StudyResults, claims: StudyClaims) -> list[dict[str, str]]:
    """Return arm, model and table of each different model; nothing for results of an older version, without layers."""
    shown: dict[str, dict[str, str]] = {}
    for arm in sweep.arms:
        known = [sweep.results[key] for key in sweep.of(arm)["key"] if key in sweep.results]
        result = next((network for network in known if network.layers), None)
        if result is not None and result.model not in shown:
            network = {"arm": code(arm), "model": code(result.model), "table": _tabulate(result, arm, claims)}
            shown[result.model] = network
    return list(shown.values())


def _tabulate(result: Result, arm: str, claims: StudyClaims) -> str:
    rows, keys = [], claims.keys(arm)
    for place, layer in enumerate(result.layers or (), start=1):
        shape = " × ".join(map(str, layer["output"] or ())) or "–"
        formula = "number of weights of the layer, trainable or not"
        parameters = claims.count(layer["parameters"], f"arm/{arm}/layer/{place}/parameters", formula, keys)
        rows.append([str(place), plain(layer["kind"]), shape, parameters])
    rows.append(["", "all", "", claims.parameters(arm)])
    return table(["", "layer", "output", "parameters"], rows, right=["output", "parameters"])
