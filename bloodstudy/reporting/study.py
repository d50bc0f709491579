"""The report of a study: its answers first, then a section a question, the data, and how it was done.

In: a judged study. Out: <reports_dir>/<study>/report.md with its figures, a pure function of the trials there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bloodstudy import files
from bloodstudy.analysis import Comparison, Judged, Sweep, judge_sweep
from bloodstudy.errors import UserError
from bloodstudy.reporting import arms, estimation, sentences, style
from bloodstudy.reporting.effects import Told
from bloodstudy.reporting.markdown import plain, template
from bloodstudy.reporting.measured import Measured

Drawing = Callable[[], Figure]


def render_study(measured: Measured, folder: Path) -> tuple[str, str]:
    """Draw the figures of a study's report into `folder`; return its title and its marked Markdown.

    Raises UserError where no trial is finished.
    """
    sweep = measured.sweep
    if not (sweep.trials["outcome"] == "finished").any():
        raise UserError(tell_nothing(sweep))
    judged = judge_sweep(sweep)
    drawings = list_drawings(judged)
    files.make_folder(folder)
    for old in [*folder.glob("*.png"), *folder.glob("*.svg")]:
        old.unlink()  # one that an earlier report left would not be this one's
    with style.look():
        for name, draw in drawings.items():
            figure = draw()
            for kind in ("png", "svg"):
                style.save(figure, folder / f"{name}.{kind}")
    return tell_title(sweep), render(judged, measured, list(drawings))


def tell_title(sweep: Sweep) -> str:
    """Return the title of the report."""
    return plain(sweep.plan.get("title") or f"Study {sweep.plan['study']}")


def tell_nothing(sweep: Sweep) -> str:
    """Return why there is nothing to report, with the next step."""
    outcomes = sweep.trials["outcome"].value_counts()
    told = ", ".join(f"{count} {str(name).replace('_', ' ')}" for name, count in outcomes.items())
    return (
        f"no trial of the study {sweep.plan['study']!r} is finished ({told}), so there is nothing to report. "
        f"Train it first: {sweep.plan['command']}"
    )


def list_drawings(judged: Judged) -> dict[str, Drawing]:
    """Return the figures of the report by name, not drawn yet."""
    styles = style.style_arms(judged.sweep.arms)
    drawings: dict[str, Drawing] = {}
    for question in judged.sweep.plan["questions"]:
        shown = [comparison for comparison in judged.of(question["name"]) if comparison.seeds]
        if shown:
            drawings[f"effects_{question['name']}"] = lambda shown=shown: estimation.draw_effects(shown, styles)
    return drawings


def render(judged: Judged, measured: Measured, drawn: list[str]) -> str:
    """Return the marked Markdown; `drawn` are the figures that exist."""
    told = Told(judged, measured.ledger)
    plan = judged.sweep.plan
    return template("study.md.j2").render(
        title=tell_title(judged.sweep),
        progress=sentences.tell_progress(judged),
        questions=[_render_question(question, judged, told, drawn) for question in plan["questions"]],
    )


def _render_question(question: dict[str, Any], judged: Judged, told: Told, drawn: list[str]) -> dict[str, Any]:
    comparisons = judged.of(question["name"])
    figure = f"effects_{question['name']}"
    return {
        "sentence": plain(question["sentence"]),
        "summary": sentences.tell_question(comparisons, judged),
        "answers": [sentences.tell_arm(c, told) for c in comparisons if c.pair.tested],
        "exploratory": [sentences.tell_arm(c, told) for c in comparisons if not c.pair.tested],
        "figure": f"![{_describe(comparisons)}](figures/{figure}.png)" if figure in drawn else "",
        "reference": arms.tell_reference(comparisons, told) if comparisons else "",
        "effects": arms.tabulate_effects(comparisons, told) if comparisons else "",
        "verdicts": arms.tabulate_verdicts(comparisons, told) if comparisons else "",
        "classes": arms.tabulate_classes(comparisons, told),
    }


def _describe(comparisons: list[Comparison]) -> str:
    """Return the alternative text of an estimation figure, with its numbers."""
    numbers = "; ".join(
        f"{c.pair.arm} {100 * c.test.mean:+z.2f} [{100 * c.test.low:+z.2f}, {100 * c.test.high:+z.2f}]"
        for c in comparisons
        if c.seeds
    )
    return plain(f"Differences to the reference in train accuracy, test accuracy and gap. Test, in points: {numbers}")
