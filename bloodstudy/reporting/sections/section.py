"""A section of a report, and what all sections share: the reference, the groups of arms, their styles.

In: an analysed study. A plain sweep is a study without questions: its arms stand in groups of eight, and its reference
is the arm that the others are compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bloodstudy.analysis import StudyAnalysis
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.figures.style import DISTINCT, Drawing, Style, style_study


@dataclass(frozen=True)
class Section:
    """One section of a report; the order of `report.SECTIONS` is that of the page."""

    name: str  # of its template
    when: Callable[[StudyAnalysis], bool]
    claims: Callable[[StudyClaims, list[str]], dict[str, Any]]  # the template's variables; given the drawn figures
    figures: Callable[[StudyAnalysis], dict[str, Drawing]] = lambda analysis: {}  # by name, not drawn yet


def has_questions(analysis: StudyAnalysis) -> bool:
    return bool(analysis.sweep.plan.questions)


def has_results(analysis: StudyAnalysis) -> bool:
    return bool(analysis.sweep.results)


def find_reference(analysis: StudyAnalysis) -> str:
    """Return the reference of the first question; of a plain sweep the arm that the others are compared with."""
    references = [question.reference for question in analysis.sweep.plan.questions]
    references += [comparison.pair.reference for comparison in analysis.comparisons]
    return (references or analysis.sweep.arms)[0]


def group_arms(analysis: StudyAnalysis) -> list[tuple[str, list[str]]]:
    """Return title and arms of each question, its reference first; of a plain sweep eight arms each, without title."""
    arms = analysis.sweep.arms
    plain = [("", arms[start : start + DISTINCT]) for start in range(0, len(arms), DISTINCT)]
    return [
        (question.name.replace("_", " "), list(dict.fromkeys([question.reference, *question.arms])))
        for question in analysis.sweep.plan.questions
    ] or plain


def style_arms(analysis: StudyAnalysis) -> dict[str, Style]:
    """Return the style of each arm, the same in all figures of a report."""
    questions = analysis.sweep.plan.questions
    references = [question.reference for question in questions] or [find_reference(analysis)]
    return style_study(analysis.sweep.arms, references, [question.arms for question in questions])
