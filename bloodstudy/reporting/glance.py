"""The answers at a glance: every tested arm of a study in one figure, question by question, with its word.

In: a judged study and the styles of its arms. Out: a figure of three panels (train accuracy, test accuracy, gap), one
row an arm: mean effect and 95 % interval, the margin as a band.
"""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from bloodstudy.analysis import Comparison, Judged
from bloodstudy.analysis.verdict import PENDING
from bloodstudy.reporting.estimation import PANELS, add_legend, draw_panel, find_limit
from bloodstudy.reporting.style import INK, Style, fold, label, new_figure

ROW_IN = 0.235


def list_answers(judged: Judged) -> dict[str, list[Comparison]]:
    """Return the tested arms by the name of the question that is the first to ask for them."""
    found: dict[str, list[Comparison]] = {}
    for question in judged.sweep.plan["questions"]:
        known = [comparison for own in found.values() for comparison in own]
        new = [c for c in judged.of(question["name"]) if c.pair.tested and c not in known]
        if new:
            found[question["name"]] = new
    return found


def draw_answers(judged: Judged, styles: Mapping[str, Style]) -> Figure:
    """Return the figure; a question's name stands above its arms, an arm's word to the right of its row."""
    answers, rows, names = list_answers(judged), {}, []
    for question, comparisons in answers.items():
        names.append(label(question.replace("_", " ")))
        for comparison in comparisons:
            rows[len(names)] = comparison
            names.append(fold(comparison.pair.arm, 40))
    figure = new_figure(9.6, 1.15 + ROW_IN * len(names))
    panels = figure.subplots(1, len(PANELS), sharey=True, squeeze=False)[0]
    limit = find_limit([100 * c.points[name].to_numpy(dtype=float) for c in rows.values() for name in PANELS])
    for axes, (response, words) in zip(panels, PANELS.items(), strict=True):
        draw_panel(axes, rows, response, styles, limit, seeds=False)
        axes.set_title(words)
        axes.set_xlabel("difference (points)")
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    for row, tick in enumerate(panels[0].get_yticklabels()):
        tick.set_fontweight("normal" if row in rows else "bold")
    for row, comparison in rows.items():
        across = panels[-1].get_yaxis_transform()
        panels[-1].text(1.03, row, tell_word(comparison), transform=across, va="center", color=INK, fontsize=8.5)
    add_legend(figure, list(rows.values()), seeds=False)
    return figure


def tell_word(comparison: Comparison) -> str:
    """Return the word of an arm, with what it adds: how far a pending one is, or that an undecided one is not worse."""
    verdict = comparison.verdict
    if verdict.word == PENDING:
        return f"{verdict.word} {verdict.reason}"
    return f"{verdict.word}, not worse" if verdict.word == "inconclusive" and verdict.not_worse else verdict.word
