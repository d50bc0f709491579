"""The figure and the table of how far the arms' probabilities are what they say.

In: the reliabilities of arms, and the claims of their study. Out: a figure of a panel a question, and Markdown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bloodstudy.analysis import StudyAnalysis
from bloodstudy.analysis.results.reliability import Reliability, weigh_probabilities
from bloodstudy.reporting.claims.study_claims import StudyClaims
from bloodstudy.reporting.figures.style import INK, Groups, Styles, fold, label, new_grid
from bloodstudy.reporting.render.markdown import code, table

COLUMNS = 3
MIN_SHARE = 0.005  # of an arm's test images, under which a bin is chance and is not drawn
FORMULAS = {
    "error": "100 * mean over seeds of sum over ten bins of max(p_*) of share * |accuracy - mean max(p_*)|, test",
    "excess": "100 * mean over seeds of mean max(p_*) - test_accuracy",
}


def weigh_arms(analysis: StudyAnalysis) -> dict[str, Reliability]:
    """Return the calibration of each arm that has test predictions."""
    sweep, reliabilities = analysis.sweep, {}
    for arm in sweep.arms:
        rows = sweep.of(arm, "finished").drop_duplicates(["key", "judged"])
        known = [(k, j) for k, j in zip(rows["key"], rows["judged"], strict=True) if k in sweep.predictions]
        if known:
            predictions = [sweep.predictions[key] for key, _ in known]
            reliabilities[arm] = weigh_probabilities(predictions, [judged for _, judged in known])
    return reliabilities


def tabulate_calibration(reliabilities: Mapping[str, Reliability], claims: StudyClaims) -> str:
    """Return the expected calibration error of each arm, and by how much it is too sure."""
    rows = []
    for arm, reliability in reliabilities.items():
        write = claims.numbers_of(f"arm/{arm}/calibration", FORMULAS, claims.sweep.of(arm, "finished")["key"])
        error, excess = 100 * reliability.error, 100 * reliability.excess
        rows.append([code(arm), write("error", error, ".1f"), write("excess", excess, "+z.1f")])
    numbers = ["calibration error (points)", "surer than right by (points)"]
    return table(["arm", *numbers], rows, right=numbers)


def draw_calibration(groups: Groups, reliabilities: Mapping[str, Reliability], styles: Styles) -> Figure:
    """Return the figure; `groups` are a title and arms a panel, the reference first in each."""
    columns = min(COLUMNS, len(groups))
    longest = max(len(arms) for _, arms in groups)
    figure, panels = new_grid(len(groups), columns, 3.25 * columns, 2.6 + 0.17 * longest, sharex=True, sharey=True)
    for position, (axes, (title, arms)) in enumerate(zip(panels, groups, strict=True)):
        _draw_panel(axes, [arm for arm in arms if arm in reliabilities], reliabilities, styles)
        axes.set_title(label(title, 34))
        axes.set_ylabel("" if position % columns else "share right (%)")
        axes.set_xlabel("largest probability (%)")
        axes.xaxis.set_tick_params(labelbottom=True)
    return figure


def _draw_panel(axes: Axes, arms: Sequence[str], reliabilities: Mapping[str, Reliability], styles: Styles) -> None:
    axes.plot([0, 100], [0, 100], color=INK, linewidth=0.9, linestyle=":", zorder=1)
    handles = []
    for arm in arms:
        curve, style = reliabilities[arm].curve.query("share >= @MIN_SHARE"), styles[arm]
        marks = style.marks | {"markersize": 4, "linestyle": style.line}
        axes.plot(100 * curve["sure"], 100 * curve["right"], linewidth=1.3, **marks)
        words = f"{fold(arm, 30)} ({100 * reliabilities[arm].error:.1f})"
        handles.append(Line2D([], [], linewidth=1.3, label=words, **marks))
    axes.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.19), frameon=False, fontsize=7.5, handlelength=3
    )
    axes.set(xlim=(20, 101), ylim=(0, 102))
