"""The answers of a study: all at a glance, then each question with its arms.

In: an analysed study with its claims. Out: Markdown by the names that the template has for it, and its figures. The
answers at a glance are a table and one figure of three panels (train accuracy, test accuracy, gap): question by
question every tested arm, the best on top, its mean effect with its intervals, the margin as a band, and its verdict
with the look at which it fell.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from bloodstudy.analysis import Comparison, Effect, StudyAnalysis, list_interactions
from bloodstudy.analysis.comparisons.lr_sensitivity import tune
from bloodstudy.analysis.comparisons.verdict import Word
from bloodstudy.reporting.claims.study_claims import StudyClaims, form_points
from bloodstudy.reporting.figures.forest import draw_effects, draw_panels
from bloodstudy.reporting.figures.levels import collect_accuracies, draw_levels
from bloodstudy.reporting.figures.style import INK, Drawing, Styles, fold, label, new_figure
from bloodstudy.reporting.render.markdown import as_list, embed, fence, plain
from bloodstudy.reporting.sections import dose_response, effect_tables, glance, looks, open_issues, splits, verdicts
from bloodstudy.reporting.sections.caveats import describe_still_learning
from bloodstudy.reporting.sections.progress import describe_progress
from bloodstudy.reporting.sections.section import Section, has_questions, style_arms
from bloodstudy.reporting.sections.verdicts import AFTERWARDS, describe_scope, describe_verdict
from bloodstudy.study.planned import PlannedQuestion

MAX_SPELT = 8  # arms whose numbers stand in an alternative text; more would be a recital
ROW_IN = 0.235


def describe_questions(claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return the answers at a glance, and each question with its arms."""
    analysis = claims.analysis
    return {
        "glance": glance.tabulate_glance(claims),
        "progress": describe_progress(claims),
        "paired": any(not comparison.unpaired for comparison in analysis.comparisons),
        "block": claims.block,
        "by_folds": analysis.by_folds,
        "scope": describe_scope(claims),
        "response": claims.response,
        "pilot": analysis.looks[-1] < analysis.repetitions.least,
        "together": describe_together(analysis),
        "uneven": len({c.verdict.look for c in analysis.comparisons if c.verdict.final and c.verdict.look}) > 1,
        "afterwards": analysis.afterwards,
        "figure": embed("answers", _describe_answers(analysis), drawn),
        "shrinking": embed("looks", looks.describe_looks(analysis), drawn),
        "questions": [_describe_question(q, claims, drawn) for q in analysis.sweep.plan.questions],
    }


def describe_together(analysis: StudyAnalysis) -> str:
    """Return what the interval that decides allows for; empty for one arm at one look."""
    several = {
        f"all {analysis.family} tested arms": analysis.family > 1,
        f"all {len(analysis.looks)} looks": len(analysis.looks) > 1,
    }
    return as_list(named) if (named := [name for name, there in several.items() if there]) else ""


def draw_questions(analysis: StudyAnalysis) -> dict[str, Drawing]:
    """Return the answers at a glance, and for each question its effects, its dose and response, its splits."""
    drawings: dict[str, Drawing] = {}
    styles, answers = style_arms(analysis), list_answers(analysis)
    if len(answers) > 1 and any(comparison.seeds for shown in answers.values() for comparison in shown):
        drawings["answers"] = partial(draw_answers, analysis, styles)
    if looks.can_shrink(analysis):
        drawings["looks"] = partial(looks.draw_looks, analysis, styles)
    for question in analysis.sweep.plan.questions:
        name, shown = question.name, analysis.of(question.name)
        if any(comparison.seeds for comparison in shown):
            drawings[f"effects_{name}"] = partial(draw_effects, shown, styles, analysis.by_folds)
        if dose := dose_response.find_dose(question, analysis):
            drawings[f"dose_{name}"] = partial(dose_response.draw_dose, dose, analysis, styles)
        elif paired := [comparison for comparison in shown if comparison.seeds and not comparison.unpaired]:
            word = "block" if analysis.by_folds else "seed"
            drawings[f"levels_{name}"] = partial(draw_levels, paired, styles, word)
        if part := splits.find_divided(question, analysis):
            drawings |= splits.list_figures(part, name)
    return drawings


SECTION = Section("answers", has_questions, describe_questions, draw_questions)


def list_answers(analysis: StudyAnalysis) -> dict[str, list[Comparison]]:
    """Return the tested arms by the name of the question that is the first to ask for them."""
    answers: dict[str, list[Comparison]] = {}
    for question in analysis.sweep.plan.questions:
        known = [comparison for comparisons in answers.values() for comparison in comparisons]
        new = [c for c in analysis.of(question.name) if c.pair.tested and c not in known]
        if new:
            answers[question.name] = sorted(new, key=lambda c: -c.test.mean if c.seeds else math.inf)
    return answers


def draw_answers(analysis: StudyAnalysis, styles: Styles) -> Figure:
    """Return the figure; a question's name stands above its arms, an arm's verdict to the right of its row."""
    rows, names = {}, []
    for question, comparisons in list_answers(analysis).items():
        names.append(label(question.replace("_", " ")))
        for comparison in comparisons:
            rows[len(names)] = comparison
            names.append(fold(comparison.pair.arm, 40))
    figure = new_figure(9.6, 1.15 + ROW_IN * len(names))
    panels = draw_panels(figure, names, rows, styles)
    for row, tick in enumerate(panels[0].get_yticklabels()):
        tick.set_fontweight("normal" if row in rows else "bold")
    style: dict[str, Any] = {"transform": panels[-1].get_yaxis_transform(), "color": INK, "fontsize": 8.5}
    heading = f"verdict on {analysis.sweep.plan.response_words}" + (f",\n{AFTERWARDS}" if analysis.afterwards else "")
    panels[-1].text(1.03, -0.85, heading, va="bottom", **style)
    for row, comparison in rows.items():
        words = describe_verdict(comparison, analysis)
        if comparison.training.failing and comparison.verdict.word != Word.INVALID:
            words += f"; dead {len(comparison.training.failing)} of {comparison.training.trials}"
        panels[-1].text(1.03, row, words, va="center", **style)
    return figure


def _describe_answers(analysis: StudyAnalysis) -> str:
    """Return the alternative text of the answers at a glance: how many arms have which verdict."""
    shown = [comparison for comparisons in list_answers(analysis).values() for comparison in comparisons]
    counts = "; ".join(
        f"{word}: {count}" for word, count in Counter(describe_verdict(c, analysis) for c in shown).items()
    )
    panels = "train accuracy, test accuracy and gap"
    if (own := analysis.sweep.plan.response) is not None:
        panels = f"train accuracy, test accuracy, gap and {own.name}"
    return f"The effect of every tested arm on {panels}. Arms by their verdict: {counts}"


def _describe_question(question: PlannedQuestion, claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    analysis, name = claims.analysis, question.name
    everything = analysis.of(name)
    comparisons = [comparison for comparison in everything if not comparison.unpaired]
    unpaired = [comparison for comparison in everything if comparison.unpaired]
    part = splits.find_divided(question, analysis)
    divided = splits.describe_section(part, claims, drawn, name) if part else splits.NOTHING
    unpaired_answers = divided["each_split"] or [verdicts.describe_arm(comparison, claims) for comparison in unpaired]
    tested = [comparison for comparison in comparisons if comparison.pair.tested]
    dose = dose_response.find_dose(question, analysis)
    opened, command = open_issues.describe_open(question, claims), open_issues.settle(tested, analysis)
    interactions = list_interactions(analysis.sweep, analysis.seeds)
    strips = [strip for strip in tune(analysis.sweep, analysis.seeds) if strip.question == name]
    return {
        "sentence": plain(question.sentence),
        "summary": glance.answer(question, claims),
        "answers": [verdicts.describe_arm(c, claims) for c in tested] + unpaired_answers,
        "exploratory": [verdicts.describe_arm(c, claims) for c in comparisons if not c.pair.tested],
        "figure": embed(f"effects_{name}", describe_effects(comparisons), drawn),
        "reference": effect_tables.describe_reference(comparisons, claims) if comparisons else "",
        "effects": effect_tables.tabulate_effects(comparisons, claims) if comparisons else "",
        "verdicts": effect_tables.tabulate_verdicts(comparisons, claims) if comparisons else "",
        "classes": effect_tables.tabulate_classes(comparisons, claims),
        "levels": embed(f"levels_{name}", describe_levels(comparisons), drawn),
        "dose": embed(f"dose_{name}", f"Train and test accuracy against {dose.factor}" if dose else "", drawn),
        **divided,
        "interactions": effect_tables.tabulate_interactions([i for i in interactions if i.question == name], claims),
        "strips": effect_tables.tabulate_strips(strips, claims),
        "about_strips": effect_tables.describe_strips(strips),
        "named": open_issues.describe_named(question, analysis),
        "sizes": open_issues.describe_sizes(question, claims),
        "still_learning": describe_still_learning(question, claims),
        "untuned": open_issues.describe_untuned(question, analysis),
        "open": opened,
        "command": fence(command) if command else "",
        "extension": open_issues.describe_extension(tested, claims),
    }


def _spell_effect(effect: Effect) -> str:
    mean, low, high = (
        format(100 * value, form_points(effect.low, effect.high)) for value in (effect.mean, effect.low, effect.high)
    )
    return mean if math.isnan(effect.low) else f"{mean} ({low} to {high})"


def describe_levels(comparisons: list[Comparison]) -> str:
    """Return the alternative text of the accuracies of a question, with its numbers."""
    accuracies = collect_accuracies([c for c in comparisons if c.seeds]) if any(c.seeds for c in comparisons) else {}
    texts = []
    for arm, table in list(accuracies.items())[:MAX_SPELT]:
        train, test = (100 * table[f"{side}_accuracy"].mean() for side in ("train", "test"))
        texts.append(f"{arm} {train:.1f} and {test:.1f}")
    return f"Train and test accuracy of each arm, in per cent: {'; '.join(texts)}"


def describe_effects(comparisons: list[Comparison]) -> str:
    """Return the alternative text of an estimation figure, with its numbers."""
    shown = [comparison for comparison in comparisons if comparison.seeds]
    numbers = "; ".join(f"{c.pair.arm} {_spell_effect(c.test)}" for c in shown[:MAX_SPELT])
    more = f"; {len(shown) - MAX_SPELT} more in the table" if len(shown) > MAX_SPELT else ""
    own = [c.response for c in comparisons if c.response != "test_accuracy"][:1]
    panels = f"test accuracy, gap and {own[0]}" if own else "test accuracy and gap"
    decides = own[0] if own else "Test"
    return f"Differences to the reference in train accuracy, {panels}. {decides}, in points: {numbers}{more}"
