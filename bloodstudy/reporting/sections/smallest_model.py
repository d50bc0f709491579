"""Can it be simplified: effects against parameters, the smallest model not worse, and other margins.

In: an analysed study with a question that seeks the smallest model, and its claims. Out: a figure, sentences and the
strip of margins.
"""

from __future__ import annotations

import itertools
import math
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bloodstudy.analysis import Simplest, StudyAnalysis, find_simplest
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.figures.style import INK, SHADE, Drawing, Styles, fold, new_figure
from bloodstudy.reporting.render.markdown import as_list, code, embed, plain, rows_of, table
from bloodstudy.reporting.sections.section import Section, style_arms
from bloodstudy.study.planned import PlannedQuestion

DECADE = 10.0  # times as many parameters


def find_questions(analysis: StudyAnalysis) -> list[PlannedQuestion]:
    """Return the questions that seek the smallest model."""
    return [question for question in analysis.sweep.plan.questions if question.simplify]


def describe_simplest(claims: StudyClaims, drawn: list[str]) -> dict[str, Any]:
    """Return of each such question its answer, figure and strip of margins."""
    told = [_describe(question, claims, drawn) for question in find_questions(claims.analysis)]
    return {"block": claims.block, "questions": told}


def _describe(question: PlannedQuestion, claims: StudyClaims, drawn: list[str]) -> dict[str, str]:
    simplest = find_simplest(claims.analysis, question.name)
    several = len(find_questions(claims.analysis)) > 1
    return {
        "title": plain(question.sentence) if several else "",
        "answer": answer_question(question, claims),
        "figure": embed(_name_figure(question, claims.analysis), _describe_models(simplest, claims.analysis), drawn),
        "margins": tabulate_margins(simplest, claims),
    }


def _name_figure(question: PlannedQuestion, analysis: StudyAnalysis) -> str:
    return "parameters" if len(find_questions(analysis)) == 1 else f"parameters_{question.name}"


def draw_simplest(analysis: StudyAnalysis) -> dict[str, Drawing]:
    """Return the figures of effects against parameters."""
    return {
        _name_figure(question, analysis): partial(
            draw_models, find_simplest(analysis, question.name), analysis, style_arms(analysis)
        )
        for question in find_questions(analysis)
    }


SECTION = Section("smallest_model", lambda analysis: bool(find_questions(analysis)), describe_simplest, draw_simplest)


def answer_question(question: PlannedQuestion, claims: StudyClaims) -> str:
    """Answer `question` in a sentence; empty if it does not seek the smallest model, or is not decided."""
    smallest = find_simplest(claims.analysis, question.name).smallest if question.simplify else None
    if smallest is None:
        return ""
    # An arm of two questions is tested once, with the smaller of their margins.
    tested = {c.pair.arm: f"{100 * c.pair.margin:g}" for c in claims.analysis.of(question.name) if c.pair.tested}
    margin = f"{tested.get(smallest) or as_list(sorted(set(tested.values()), key=float))} points"
    size = claims.parameters(question.reference)
    if smallest == question.reference:
        return (
            f"No smaller model is shown to be not worse by more than {margin}: the reference, with {size} parameters, "
            "stays."
        )
    return (
        f"Yes: {code(smallest)} is the smallest model shown to be not worse by more than {margin} {claims.scope}, with "
        f"{claims.parameters(smallest)} parameters instead of {size}."
    )


def tabulate_margins(simplest: Simplest, claims: StudyClaims) -> str:
    """Return how the answer changes with the margin: one row a stretch of margins; empty if nothing is decided."""
    rows = []
    for smallest, stretch in itertools.groupby(rows_of(simplest.strip), key=lambda row: row["smallest"]):
        margins = [f"{100 * row['margin']:g}" for row in stretch]
        span = f"{margins[0]} to {margins[-1]}" if len(margins) > 1 else margins[0]
        rows.append([span, code(smallest), claims.parameters(smallest)])
    header = ["margin (points)", "smallest model not worse", "parameters"]
    return table(header, rows, right=["parameters"]) if rows else ""


def draw_models(simplest: Simplest, analysis: StudyAnalysis, styles: Styles) -> Figure:
    """Return the effect that decides against parameters: every block, the mean, and the bound that decides."""
    figure = new_figure(7.4, 3.6)
    axes, handles = figure.subplots(), []
    models = simplest.models.dropna(subset=["parameters"])
    sizes = models["parameters"].tolist()
    span = max(sizes, default=1.0) / min(sizes, default=1.0)
    beside = 0.93 if span >= DECADE else span**-0.03
    for row in rows_of(models):
        arm, x, style = row["arm"], row["parameters"], styles[row["arm"]]
        face = style.colour if row["not_worse"] else "white"
        handles.append(Line2D([], [], markersize=7, mfc=face, mew=1.4, label=fold(arm, 30), **style.marks))
        comparison = analysis.find(arm, simplest.models["arm"].iloc[0])
        if comparison is None:  # the reference
            axes.plot([x], [0], markersize=8, zorder=3, **style.marks)
            continue
        points = 100 * comparison.points[comparison.response].to_numpy(dtype=float)
        mean, last = 100 * comparison.test.mean, comparison.course.last
        axes.plot(np.full(len(points), beside * x), points, markersize=3, mfc="none", alpha=0.6, **style.marks)
        if last is not None and last.told is not None:
            axes.vlines(x, 100 * last.told.at_least, mean, color=style.colour, linewidth=2)
            axes.plot([x], [100 * last.told.at_least], marker="_", markersize=10, color=style.colour, linestyle="")
        axes.plot([x], [mean], markersize=8, mew=1.4, mfc=face, zorder=3, **style.marks)
    margin = next((100 * c.pair.margin for c in analysis.of(simplest.question) if c.pair.tested), 0.0)
    axes.axhspan(-margin, 0, color=SHADE, linewidth=0, zorder=0.5)
    axes.axhline(0, color=INK, linewidth=0.9, zorder=1)
    axes.set_xscale("log")
    if span < DECADE:  # within which a log axis has hardly a number
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set(xlabel="parameters (log scale)", ylabel="difference to the reference (points)")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.xaxis.set_minor_formatter("")
    axes.grid(visible=False, axis="x")
    handles += [
        Line2D([], [], color=INK, marker="o", markersize=7, linestyle="", label="filled: not worse"),
        Line2D([], [], color=INK, marker="o", markersize=7, mfc="white", linestyle="", label="hollow: not shown"),
        Patch(color=SHADE, label="worse by no more than the margin"),
    ]
    if any(c.course.last for c in analysis.of(simplest.question)):
        stroke = Line2D([], [], color=INK, marker="_", markersize=10, linestyle="", label="at least this")
        handles.insert(-1, stroke)
    axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return figure


def _describe_models(simplest: Simplest, analysis: StudyAnalysis) -> str:
    """Return the alternative text of the effects against parameters, with its numbers."""
    texts = []
    for row in rows_of(simplest.models.dropna(subset=["parameters"])):
        comparison = analysis.find(row["arm"], simplest.models["arm"].iloc[0])
        effect = 0.0 if comparison is None else 100 * comparison.test.mean
        told = "no effect" if math.isnan(effect) else f"{effect:+z.1f}"
        texts.append(f"{row['arm']} {row['parameters']:,.0f}: {told}")
    response = analysis.sweep.plan.response_words
    return f"Difference to the reference in {response} against the number of parameters. {'; '.join(texts)}"
