"""The answers of a study: all at a glance, then each question with its arms.

In: an analysed study with its claims. Out: Markdown by the names that the template has for it, and its figures.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

from bloodstudy.analysis import Comparison, StudyAnalysis, compare_splits, list_interactions
from bloodstudy.analysis.comparisons.lr_sensitivity import tune
from bloodstudy.analysis.comparisons.verdict import Word
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.figures import forest
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
from bloodstudy.reporting.sections.section import Drawing, Section, has_questions, list_questions, style_arms
from bloodstudy.study.plan import PlannedQuestion

MAX_SPELT = 8  # arms whose numbers stand in an alternative text; more would be a recital


def describe_questions(claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return the answers at a glance, and each question with its arms."""
    analysis = claims.analysis
    simplifying, answer = smallest_model.find_question(analysis), smallest_model.answer_question(claims)
    questions = [_describe_question(question, claims, drawn) for question in list_questions(analysis)]
    for question, texts in zip(list_questions(analysis), questions, strict=True):
        texts["summary"] = " ".join(filter(None, [answer if question is simplifying else "", texts["summary"]]))
    return {
        "paired": any(not comparison.unpaired for comparison in analysis.comparisons),
        "figure": embed("answers", _describe_answers(analysis), drawn),
        "questions": questions,
    }


def draw_questions(analysis: StudyAnalysis) -> dict[str, Drawing]:
    """Return the answers at a glance, and for each question its effects, its dose and response, its splits."""
    drawings: dict[str, Drawing] = {}
    styles, answers = style_arms(analysis), summary_figure.list_answers(analysis)
    if len(answers) > 1 and any(comparison.seeds for shown in answers.values() for comparison in shown):
        drawings["answers"] = partial(summary_figure.draw_answers, analysis, styles)
    for question in list_questions(analysis):
        name, shown = question.name, analysis.of(question.name)
        if any(comparison.seeds for comparison in shown):
            drawings[f"effects_{name}"] = partial(forest.draw_effects, shown, styles)
        if dose := dose_response.find_dose(question, analysis):
            drawings[f"dose_{name}"] = partial(dose_response.draw_dose, dose, analysis, styles)
        part = splits.find_divided(question, analysis)
        if part is not None and len(points := splits.find_points(part)):
            drawings[f"splits_{name}"] = partial(splits.draw_splits, points, compare_splits(points))
    return drawings


SECTION = Section("answers", has_questions, describe_questions, "answers.md.j2", draw_questions)


def _describe_answers(analysis: StudyAnalysis) -> str:
    """Return the alternative text of the answers at a glance: how many arms have which verdict."""
    words = Counter(
        summary_figure.describe_verdict(comparison)
        for comparisons in summary_figure.list_answers(analysis).values()
        for comparison in comparisons
    )
    counts = "; ".join(f"{word}: {count}" for word, count in words.items())
    return f"The effect of every tested arm on train accuracy, test accuracy and gap. Arms by their verdict: {counts}"


def _describe_question(question: PlannedQuestion, claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    analysis, name = claims.analysis, question.name
    everything = analysis.of(name)
    comparisons = [comparison for comparison in everything if not comparison.unpaired]
    unpaired = [comparison for comparison in everything if comparison.unpaired]
    divided = _describe_splits(question, claims, drawn)
    unpaired_answers = divided["each_split"] or [verdicts.describe_arm(comparison, claims) for comparison in unpaired]
    tested = [comparison for comparison in comparisons if comparison.pair.tested]
    dose = dose_response.find_dose(question, analysis)
    opened, command = open_issues.describe_open(question, analysis, claims), open_issues.settle(tested, analysis)
    interactions = list_interactions(analysis.sweep, analysis.seeds)
    strips = [strip for strip in tune(analysis.sweep, analysis.seeds) if strip.question == name]
    pilot = any(comparison.verdict.word == Word.PILOT for comparison in tested)
    return {
        "sentence": plain(question.sentence),
        "summary": verdicts.describe_question(everything, analysis),
        "answers": [verdicts.describe_arm(c, claims) for c in tested] + unpaired_answers,
        "exploratory": [verdicts.describe_arm(c, claims) for c in comparisons if not c.pair.tested],
        "figure": embed(f"effects_{name}", describe_effects(comparisons), drawn),
        "reference": effect_tables.describe_reference(comparisons, claims) if comparisons else "",
        "effects": effect_tables.tabulate_effects(comparisons, claims) if comparisons else "",
        "verdicts": effect_tables.tabulate_verdicts(comparisons, claims) if comparisons else "",
        "classes": effect_tables.tabulate_classes(comparisons, claims),
        "dose": embed(f"dose_{name}", f"Train and test accuracy against {dose.factor}" if dose else "", drawn),
        **divided,
        "interactions": factorial.tabulate_interactions([i for i in interactions if i.question == name], claims),
        "strips": factorial.tabulate_strips(strips, claims),
        "about_strips": factorial.describe_strips(strips),
        "named": open_issues.describe_named(question, analysis),
        "still_learning": caveats.describe_still_learning(question, analysis, claims),
        "untuned": open_issues.describe_untuned(question, analysis),
        "open": opened,
        "command": fence(command) if command else "",
        "extension": open_issues.describe_extension(analysis, command) if opened or pilot else "",
    }


def _describe_splits(question: PlannedQuestion, claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return the tables, the text and the figure of the splits that a question compares."""
    part, name = splits.find_divided(question, claims.analysis), question.name
    if part is None:
        return splits.NOTHING
    return splits.describe_section(replace(claims.sweep, sweep=part), drawn, f"splits_{name}", f"split/{name}")


def describe_effects(comparisons: list[Comparison]) -> str:
    """Return the alternative text of an estimation figure, with its numbers."""
    shown = [comparison for comparison in comparisons if comparison.seeds]
    numbers = "; ".join(
        f"{c.pair.arm} {100 * c.test.mean:+z.2f}"
        + (f" ({100 * c.test.low:+z.2f} to {100 * c.test.high:+z.2f})" if c.test.testable else "")
        for c in shown[:MAX_SPELT]
    )
    more = f"; {len(shown) - MAX_SPELT} more in the table" if len(shown) > MAX_SPELT else ""
    return f"Differences to the reference in train accuracy, test accuracy and gap. Test, in points: {numbers}{more}"
