"""The levels and versions that the trials of a study were computed with.

In: a sweep. Out: Markdown tables and lines; what differs between trials is shown as several values, never as one.
"""

from __future__ import annotations

from typing import Any

from bloodstudy.analysis import StudyResults
from bloodstudy.config.extension.extension import Extension
from bloodstudy.config.extension.known import is_read
from bloodstudy.config.factors import FACTORS, level_in
from bloodstudy.reporting.render.markdown import code, plain, table
from bloodstudy.study.arms import BLOCK_KEYS, spell


def tabulate_reference(sweep: StudyResults, arm: str) -> str:
    """Return a table of the model and all factor levels of an arm, and which of them other arms change."""
    rows = [[code(key), code(level), "yes" if changed else ""] for key, level, changed in list_levels(sweep, arm)]
    return table(["factor", "level", "other arms change it"], rows) if rows else ""


def list_levels(sweep: StudyResults, arm: str) -> list[tuple[str, str, bool]]:
    """Return the model and all factor levels of an arm that it reads, and whether other arms change them."""
    result = sweep.result_of(arm)
    if result is None:
        return []
    every, rows = [{"model": other.model, **other.factors} for other in sweep.results.values()], []
    networks = {network.name: network for one in sweep.plan.own for network in one.networks}
    own, neutral = {"model": result.model, **result.factors}, sweep.plan.neutral
    for key in dict.fromkeys([*own, *(key for levels in every for key in levels)]):
        level = level_in(own, key, neutral)
        levels = {spell(level_in(other, key, neutral)) for other in every}
        if key != "seed" and (key not in FACTORS or is_read(result.model, key, networks)):
            rows.append((key, spell(level), len(levels) > 1))
    return rows


def list_brought(sweep: StudyResults, arm: str, reference: str) -> dict[str, Any]:
    """Return the levels that set an arm of another model apart from the reference, and that nobody named."""
    result, usual = sweep.result_of(arm), sweep.result_of(reference)
    if result is None or usual is None or result.model == usual.model:
        return {}
    named, neutral = {*sweep.levels_of(arm), *BLOCK_KEYS}, sweep.plan.neutral
    keys = [key for key in {**result.factors, **usual.factors} if key not in named]
    levels = {key: (level_in(result.factors, key, neutral), level_in(usual.factors, key, neutral)) for key in keys}
    return {key: own for key, (own, theirs) in levels.items() if spell(own) != spell(theirs)}


def describe_brought(sweep: StudyResults, reference: str) -> str:
    """Say what arms with another model than the reference's change besides: a model brings levels of its own."""
    levels_by_arm = {arm: list_brought(sweep, arm, reference) for arm in sweep.arms}
    return " ".join(
        f"The model of {code(arm)} brings {', '.join(code(f'{key}={spell(level)}') for key, level in levels.items())}."
        for arm, levels in levels_by_arm.items()
        if levels
    )


def _describe_extension(extension: Extension) -> str:
    brought = [f"{code(factor.name)} ({plain(factor.doc)})" for factor in extension.factors]
    brought += [f"the network {code(network.name)}" for network in extension.networks]
    brought += [f"the images {code(source.name)}" for source in extension.data_sources]
    brought += [f"the metric {code(metric.name)}" for metric in extension.metrics]
    name, digest = code(extension.source.name), code(extension.digest)
    return f"extension {name}, whose text the plan holds, digest {digest}: {', '.join(brought)}"


def list_origin(sweep: StudyResults) -> list[str]:
    """Return lines on versions, commit and precision."""
    results = list(sweep.results.values())
    if not results:
        return []
    names = dict.fromkeys(name for result in results for name in result.versions)
    versions = ", ".join(f"{plain(name)} {format_values([r.versions.get(name) for r in results])}" for name in names)
    return [
        *(_describe_extension(one) for one in sweep.plan.own),
        f"versions: {versions}",
        f"commit: {format_values([result.git_commit for result in results])}",
        f"precision: {format_values([result.factors['precision'] for result in results])}",
    ]


def format_values(values: list[Any]) -> str:
    """Return the different values, as code; several are said to be mixed."""
    different = list(dict.fromkeys("unknown" if value is None else str(value) for value in values))
    return code(different[0]) if len(different) == 1 else f"{', '.join(map(code, different))} (mixed)"
