"""The answers at a glance: every tested arm of a study in one figure, question by question, with its verdict.

In: a judged study and the styles of its arms. Out: a figure of three panels (train accuracy, test accuracy, gap), one
row an arm: mean effect and 95 % interval, the margin as a band.
"""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from bloodstudy.analysis import Comparison, StudyAnalysis
from bloodstudy.analysis.comparisons.verdict import Word
from bloodstudy.reporting.figures.forest import draw_panels
from bloodstudy.reporting.figures.style import INK, Style, fold, label, new_figure

ROW_IN = 0.235


def list_answers(analysis: StudyAnalysis) -> dict[str, list[Comparison]]:
    """Return the tested arms by the name of the question that is the first to ask for them."""
    answers: dict[str, list[Comparison]] = {}
    for question in analysis.sweep.plan.questions:
        known = [comparison for comparisons in answers.values() for comparison in comparisons]
        new = [c for c in analysis.of(question.name) if c.pair.tested and c not in known]
        if new:
            answers[question.name] = new
    return answers


def draw_answers(analysis: StudyAnalysis, styles: Mapping[str, Style]) -> Figure:
    """Return the figure; a question's name stands above its arms, an arm's verdict to the right of its row."""
    answers, rows, names = list_answers(analysis), {}, []
    for question, comparisons in answers.items():
        names.append(label(question.replace("_", " ")))
        for comparison in comparisons:
            rows[len(names)] = comparison
            names.append(fold(comparison.pair.arm, 40))
    figure = new_figure(9.6, 1.15 + ROW_IN * len(names))
    panels = draw_panels(figure, names, rows, styles, seeds=False)
    for row, tick in enumerate(panels[0].get_yticklabels()):
        tick.set_fontweight("normal" if row in rows else "bold")
    across = panels[-1].get_yaxis_transform()
    panels[-1].text(1.03, -0.85, "verdict on test accuracy", transform=across, va="bottom", color=INK, fontsize=8.5)
    for row, comparison in rows.items():
        drawn_seeds = (
            f" ({len(comparison.seeds)} of {comparison.training.trials} drawn)" if comparison.conditional else ""
        )
        panels[-1].text(
            1.03,
            row,
            f"{describe_verdict(comparison)}{drawn_seeds}",
            transform=across,
            va="center",
            color=INK,
            fontsize=8.5,
        )
    return figure


def describe_verdict(comparison: Comparison) -> str:
    """Return the verdict on an arm: how far a pending one is, and whether an undecided one is not worse."""
    verdict = comparison.verdict
    if verdict.word == Word.PENDING:
        return f"{verdict.word} {verdict.reason}"
    return f"{verdict.word}, not worse" if verdict.word == Word.INCONCLUSIVE and verdict.not_worse else verdict.word
