"""The report of a study: its sections in the order of the page, its figures, its files.

In: the run folder. Out: in <reports_dir>/<study> report.md, report.html, claims.json, checklist.md, trials.csv,
effects.csv, effects.tex, of a study by folds blocks.csv, and figures/*, a pure function of the trials there; and
cost.md, what they took. A plain sweep is a study without questions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from bloodstudy import files
from bloodstudy.analysis import StudyAnalysis, analyse_study, load_study
from bloodstudy.errors import UserError
from bloodstudy.reporting.claims.ledger import Ledger, to_json, unmark
from bloodstudy.reporting.claims.study_claims import StudyClaims, open_claims
from bloodstudy.reporting.figures.style import Drawing, draw_figures
from bloodstudy.reporting.render.html import render_html
from bloodstudy.reporting.render.markdown import template
from bloodstudy.reporting.sections import (
    answers,
    arms,
    cost,
    data,
    exports,
    methods,
    published_results,
    smallest_model,
    summary,
    trials,
)
from bloodstudy.reporting.sections.checklist import write_checklist
from bloodstudy.study.archive.export import note_package
from bloodstudy.study.report_folder import choose_report_folder

IN_ORDER = (summary, answers, trials, smallest_model, data, arms, published_results, methods)
SECTIONS = tuple(module.SECTION for module in IN_ORDER)
NAMES = ("report.md", "report.html", "report_with_images.html", "claims.json", "effects.csv", "effects.tex", "cost.md")
NAMES += ("checklist.md", "trials.csv", "blocks.csv", "cost.png", "figures")  # all that a report writes
WITH_IMAGES = "report_with_images.html"  # beside report.html, which may be given away and is verified


@dataclass(frozen=True)
class Report:
    """A report that is not written yet, but for its figures."""

    marked: str  # Markdown, each claim between marks
    html: str
    cost: str  # Markdown
    ledger: Ledger
    tables: dict[str, str] = field(default_factory=dict)  # for other programs; content by name
    declared: bool = False  # it is of a study, which has questions
    with_images: str = ""  # the page with images in it, if that was asked for

    @cached_property
    def files(self) -> dict[str, str]:
        """The content of its files, by name."""
        pages = {"report.md": unmark(self.marked), "report.html": self.html, "claims.json": to_json(self.ledger)}
        pictured = {WITH_IMAGES: self.with_images} if self.with_images else {}
        if self.declared:
            pages["checklist.md"] = write_checklist(pages["report.md"])
        return pages | self.tables | {"cost.md": self.cost} | pictured


def write_report(runs_dir: Path, reports_dir: Path, study: str, more: str = "") -> Path:
    """Write the report of the last sweep of `study`; return its path. `more` is HTML for a second page, with images.

    Raises UserError if nothing was run, MachineError if the folder cannot be written.
    """
    claims = load_claims(runs_dir, study)
    place = choose_report_folder(reports_dir, study, claims.sweep.plan)
    with files.published_folder(place, NAMES) as folder:
        for name, content in make_report(claims, folder, more).files.items():
            files.write_text(folder / name, content)
    note_package(place / f"{study}.zip")
    return place / "report.md"


def write_pages(runs_dir: Path, study: str, folder: Path) -> None:
    """Write the files of the report into `folder`, wherever that is; raises UserError if there is nothing to report."""
    for name, content in make_report(load_claims(runs_dir, study), folder).files.items():
        files.write_text(folder / name, content)


def load_claims(runs_dir: Path, study: str) -> StudyClaims:
    """Return the analysed study with an empty ledger; raises UserError if there is nothing to report."""
    sweep = load_study(runs_dir, study)
    if sweep.plan.questions and "finished" not in set(sweep.trials["outcome"]):
        raise UserError(summary.describe_nothing(sweep))
    return open_claims(analyse_study(sweep))


def make_report(claims: StudyClaims, folder: Path, more: str = "") -> Report:
    """Draw the figures of the report into `folder` and return the rest of it."""
    sweep = claims.sweep
    marked = render(claims, draw_figures(list_figures(claims.analysis), folder / "figures"))
    title = summary.describe_title(sweep)
    page = partial(render_html, marked, claims.ledger, sweep.trials, folder, title)
    costs, tables = cost.write_cost(claims.analysis, title, folder), exports.write_tables(claims.analysis)
    return Report(marked, page(), costs, claims.ledger, tables, bool(sweep.plan.questions), page(more) if more else "")


def list_figures(analysis: StudyAnalysis) -> dict[str, Drawing]:
    """Return the figures of all sections by name, not drawn yet."""
    stated = [section.figures(analysis) for section in SECTIONS if section.when(analysis)]
    return {name: drawing for drawings in stated for name, drawing in drawings.items()}


def render(claims: StudyClaims, drawn: list[str]) -> str:
    """Return the marked Markdown; `drawn` are the figures that exist."""
    stated = [section for section in SECTIONS if section.when(claims.analysis)]
    texts = [template(f"{section.name}.md.j2").render(section.claims(claims, drawn)) for section in stated]
    return "\n\n".join(text.strip("\n") for text in texts) + "\n"
