"""The answers of a study's report: what a reader must know first, each question with its arms, the simplest model.

In: a judged study, and how its numbers are told. Out: Markdown by the names that the template has for it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from bloodstudy.analysis import Comparison, StudyAnalysis, list_interactions, summarise_arms
from bloodstudy.analysis.comparisons.lr_sensitivity import tune
from bloodstudy.analysis.comparisons.smallest_model import Simplest
from bloodstudy.analysis.comparisons.verdict import PILOT
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.claims.sweep_claims import SweepClaims
from bloodstudy.reporting.render.markdown import embed, fence, plain
from bloodstudy.reporting.sections import (
    caveats,
    dose_response,
    effect_tables,
    factorial,
    open_issues,
    smallest_model,
    splits,
    summary_figure,
    verdicts,
)
from bloodstudy.reporting.sections.caveats import warn_of_study

MOST_SPELT = 8  # arms whose numbers stand in an alternative text; more would be a recital


def describe_answers(
    judged: StudyAnalysis, told: StudyClaims, measured: SweepClaims, simplest: Simplest | None, drawn: list[str]
) -> dict[str, Any]:
    """Return progress, questions with their answers, and the section on simplification."""
    asked = smallest_model.find_question(judged.sweep.plan)
    answer = smallest_model.describe_smallest(simplest, asked, judged, told) if simplest and asked else ""
    questions = [
        _describe_question(question, judged, told, measured, drawn) for question in judged.sweep.plan["questions"]
    ]
    for question, own in zip(judged.sweep.plan["questions"], questions, strict=True):
        own["summary"] = " ".join(filter(None, [answer if question is asked else "", own["summary"]]))
    return {
        "progress": verdicts.describe_progress(judged, told),
        "warnings": warn_of_study(judged, measured),
        "paired": any(not comparison.unpaired for comparison in judged.comparisons),
        "figure": embed("answers", _describe_answers(judged), drawn),
        "questions": questions,
        "simplest": {
            "answer": answer,
            "margins": smallest_model.tabulate_margins(simplest, judged, told) if simplest else "",
            "figure": embed("parameters", _describe_models(simplest, judged), drawn),
        },
    }


def _describe_answers(judged: StudyAnalysis) -> str:
    """Return the alternative text of the answers at a glance: how many arms have which word."""
    words = Counter(
        summary_figure.describe_word(comparison)
        for own in summary_figure.list_answers(judged).values()
        for comparison in own
    )
    counts = "; ".join(f"{word}: {count}" for word, count in words.items())
    return f"The effect of every tested arm on train accuracy, test accuracy and gap. Arms by their word: {counts}"


def _describe_question(
    question: dict[str, Any], judged: StudyAnalysis, told: StudyClaims, measured: SweepClaims, drawn: list[str]
) -> dict[str, Any]:
    name, everything = question["name"], judged.of(question["name"])
    comparisons = [comparison for comparison in everything if not comparison.unpaired]
    unpaired = [comparison for comparison in everything if comparison.unpaired]
    divided = _describe_splits(question, judged, measured, drawn)
    apart = divided["each_split"] or [verdicts.describe_arm(comparison, told) for comparison in unpaired]
    tested = [comparison for comparison in comparisons if comparison.pair.tested]
    dose = dose_response.find_dose(question, judged)
    opened, command = open_issues.describe_open(question, judged, told), open_issues.settle(tested, judged)
    interactions = list_interactions(judged.sweep, judged.seeds)
    strips = [own for own in tune(judged.sweep, judged.seeds) if own.question == name]
    pilot = any(comparison.verdict.word == PILOT for comparison in tested)
    return {
        "sentence": plain(question["sentence"]),
        "summary": verdicts.describe_question(everything, judged),
        "answers": [verdicts.describe_arm(c, told) for c in tested] + apart,
        "exploratory": [verdicts.describe_arm(c, told) for c in comparisons if not c.pair.tested],
        "figure": embed(f"effects_{name}", describe_effects(comparisons), drawn),
        "reference": effect_tables.describe_reference(comparisons, told) if comparisons else "",
        "effects": effect_tables.tabulate_effects(comparisons, told) if comparisons else "",
        "verdicts": effect_tables.tabulate_verdicts(comparisons, told) if comparisons else "",
        "classes": effect_tables.tabulate_classes(comparisons, told),
        "dose": embed(f"dose_{name}", f"Train and test accuracy against {dose.factor}" if dose else "", drawn),
        **divided,
        "interactions": factorial.tabulate_interactions([i for i in interactions if i.question == name], told),
        "strips": factorial.tabulate_strips(strips, told),
        "about_strips": factorial.describe_strips(strips),
        "named": open_issues.describe_named(question, judged),
        "still_learning": caveats.describe_still_learning(question, judged, told),
        "untuned": open_issues.describe_untuned(question, judged),
        "open": opened,
        "command": fence(command) if command else "",
        "extension": open_issues.describe_extension(judged, command) if opened or pilot else "",
    }


def _describe_splits(
    question: dict[str, Any], judged: StudyAnalysis, measured: SweepClaims, drawn: list[str]
) -> dict[str, Any]:
    """Return the section on the splits that a question compares, and its figure as `divisions`."""
    part, name = splits.find_divided(question, judged), question["name"]
    if part is None:
        return splits.NOTHING | {"divisions": ""}
    section = splits.describe_section(replace(measured, sweep=part), f"split/{name}")
    return section | {"divisions": embed(f"splits_{name}", splits.DESCRIBED, drawn)}


def describe_effects(comparisons: list[Comparison]) -> str:
    """Return the alternative text of an estimation figure, with its numbers."""
    shown = [comparison for comparison in comparisons if comparison.seeds]
    numbers = "; ".join(
        f"{c.pair.arm} {100 * c.test.mean:+z.2f}"
        + (f" ({100 * c.test.low:+z.2f} to {100 * c.test.high:+z.2f})" if c.test.testable else "")
        for c in shown[:MOST_SPELT]
    )
    more = f"; {len(shown) - MOST_SPELT} more in the table" if len(shown) > MOST_SPELT else ""
    return f"Differences to the reference in train accuracy, test accuracy and gap. Test, in points: {numbers}{more}"


def _describe_models(simplest: Simplest | None, judged: StudyAnalysis) -> str:
    """Return the alternative text of accuracy against parameters, with its numbers."""
    means = {arm.name: 100 * arm.test for arm in summarise_arms(judged.sweep) if arm.finished}
    rows = simplest.models.dropna(subset=["parameters"]).to_dict("records") if simplest else []
    rows = [row for row in rows if row["arm"] in means]
    numbers = "; ".join(f"{row['arm']} {row['parameters']:,.0f}: {means[row['arm']]:.1f} %" for row in rows)
    return f"Test accuracy against the number of parameters. {numbers}"
