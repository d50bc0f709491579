"""The report of one sweep: its tables, its figures, its files.

In: the run folder. Out: <reports_dir>/<study>/report.md, report.html, claims.json and figures/*.png, a pure function of
the trials there; and cost.md, what they took.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bloodstudy import files
from bloodstudy.analysis import StudyResults, compare_splits, flag_no_ops, load_study, summarise_arms
from bloodstudy.reporting import sweep_report
from bloodstudy.reporting.claims.ledger import NONE, Ledger, to_json, unmark
from bloodstudy.reporting.claims.sweep_claims import SweepClaims, open_ledger
from bloodstudy.reporting.figures import accuracy, style, training
from bloodstudy.reporting.render.html import render_html
from bloodstudy.reporting.render.markdown import code, fence, plain, table, template
from bloodstudy.reporting.sections import cost as spent
from bloodstudy.reporting.sections import data, published_results, splits
from bloodstudy.reporting.study_report import write_study
from bloodstudy.reporting.sweep_report import describe_differences
from bloodstudy.study.arms import spell

FIGURES = ("accuracy", "splits", "training", "confusion", "classes")
WITH_IMAGES = "report_with_images.html"  # beside report.html, which may be given away and is verified
COST = (
    "Time is the whole trial, from its start to its result, that of interrupted attempts included, whatever else the "
    "machine did. Peak memory is that of the process that trained, which keeps some of what earlier trials took."
)


@dataclass(frozen=True)
class Report:
    """A report that is not written yet, but for its figures."""

    marked: str  # Markdown, each claim between marks
    html: str
    cost: str  # Markdown
    ledger: Ledger
    tables: dict[str, str] = field(default_factory=dict)  # for other programs; content by name
    with_images: str = ""  # the page with images in it, where that was asked for

    @property
    def files(self) -> dict[str, str]:
        """The content of its files, by name."""
        own = {"report.md": unmark(self.marked), "report.html": self.html, "claims.json": to_json(self.ledger)}
        pictured = {WITH_IMAGES: self.with_images} if self.with_images else {}
        return own | self.tables | {"cost.md": self.cost} | pictured


def write_report(runs_dir: Path, reports_dir: Path, study: str, more: str = "") -> Path:
    """Write the report of the last sweep of `study`; return its path. `more` is HTML for a second page, with images.

    Raises UserError where nothing was run, MachineError where the folder cannot be written.
    """
    report = make_report(runs_dir, study, reports_dir / study, more)
    for name, content in report.files.items():
        files.write_text(reports_dir / study / name, content)
    return reports_dir / study / "report.md"


def make_report(runs_dir: Path, study: str, folder: Path, more: str = "") -> Report:
    """Draw the figures of the report of `study` into `folder` and return the rest of it."""
    sweep = load_study(runs_dir, study)
    measured, figures = SweepClaims(sweep, open_ledger(sweep)), folder / "figures"
    if sweep.plan.get("questions"):
        written = write_study(measured, figures)
        title, marked, tables = written.title, written.marked, written.tables
        picture = _draw_time(sweep, folder)
    else:
        tables, picture = {}, ""
        matrices = training.choose_matrices(sweep)
        title = sweep_report.title(sweep)
        marked = render(measured, matrices, _draw(sweep, matrices, files.make_folder(figures)))
    cost = [f"# {title}: what it cost", picture, spent.describe_total(sweep), spent.tabulate_cost(sweep), COST]
    cost.append(data.describe_processors(sweep))
    page = partial(render_html, marked, measured.ledger, sweep.trials, folder, title)
    told = "\n\n".join(part for part in cost if part) + "\n"
    return Report(marked, page(), told, measured.ledger, tables, page(more) if more else "")


def render(measured: SweepClaims, matrices: list[str], drawn: list[str]) -> str:
    """Return the marked Markdown.

    Args:
        measured: the sweep, with the ledger that its numbers are told to.
        matrices: the arms whose confusions are shown.
        drawn: the figures that exist.
    """
    sweep = measured.sweep
    no_ops = flag_no_ops(sweep.trials)
    hidden = len(training.list_tested(sweep)) - len(matrices)
    return template("report.md.j2").render(
        title=sweep_report.title(sweep),
        question=plain(sweep.plan.get("question") or ""),
        summary=" ".join(sweep_report.summarise(measured)),
        trials=_tabulate_trials(measured, no_ops),
        no_ops=sweep_report.describe_no_ops(sweep, no_ops),
        arms=_tabulate_arms(measured) if len(sweep.seeds) > 1 else "",
        differences=describe_differences(measured),
        unfinished=_list_unfinished(sweep),
        **splits.describe_section(measured),
        figures={name: _embed(measured, name) if name in drawn else "" for name in FIGURES},
        sources=published_results.list_sources(sweep, measured.ledger),
        several_seeds=len(sweep.seeds) > 1,
        matrices=len(matrices),
        hidden=hidden,
        command=fence(sweep.plan["command"]),
        data=[data.describe_data(measured, place, own) for place, own in enumerate(data.list_data(sweep), start=1)],
        common=data.tabulate_common(sweep),
        varied=data.tabulate_varied(sweep),
        origin=data.list_origin(sweep),
    )


def _embed(measured: SweepClaims, name: str) -> str:
    return f"![{sweep_report.describe(measured, name)}](figures/{name}.png)"


def _draw_time(sweep: StudyResults, folder: Path) -> str:
    """Draw accuracy against time and return its Markdown."""
    styles = style.style_study(sweep.arms, [question["reference"] for question in sweep.plan["questions"]])
    with style.look():
        style.save(spent.draw_time(sweep, styles), folder / "cost.png")
    mean = "Mean test accuracy, trials at chance among them, against the mean seconds of fitting"
    return f"![{mean}; the table holds each trial's](cost.png)"


def _draw(sweep: StudyResults, matrices: list[str], folder: Path) -> list[str]:
    styles = style.style_arms(sweep.arms)
    counts = [(data_set.name, data_set.counts) for data_set in data.list_data(sweep)]
    points = splits.find_points(sweep)
    drawings = {
        "accuracy": lambda: accuracy.draw_accuracy(sweep, styles),
        "splits": lambda: splits.draw_splits(points, compare_splits(points)),
        "training": lambda: training.draw_training(sweep, styles),
        "confusion": lambda: training.draw_confusions(sweep, matrices),
        "classes": lambda: training.draw_classes(counts),
    }
    finished = (sweep.trials["outcome"] == "finished").any()
    wanted = {
        "accuracy": finished and len(sweep.trials) > 1,
        "splits": len(points) > 0,
        "training": bool(sweep.histories),
        "confusion": bool(matrices),
        "classes": bool(counts),
    }
    with style.look():
        for name in FIGURES:
            (folder / f"{name}.png").unlink(missing_ok=True)  # one that an earlier sweep left would not be this one's
            if wanted[name]:
                style.save(drawings[name](), folder / f"{name}.png")
    return [name for name in FIGURES if wanted[name]]


def _tabulate_trials(measured: SweepClaims, no_ops: set[str]) -> str:
    sweep, write = measured.sweep, measured.trial
    seeds = ["seed"] if len(sweep.seeds) > 1 else []
    numbers = [*seeds, "train", "test", "gap", "parameters"]
    rows = []
    for row in sweep.trials.to_dict("records"):
        outcome = plain(row["outcome"].replace("_", " ")) + (", no-op?" if row["arm"] in no_ops else "")
        figures = [write(row, "train_accuracy", ".3f"), write(row, "test_accuracy", ".3f")]
        figures += [write(row, "accuracy_gap", "+.3f"), write(row, "parameters", ",d")]
        rows.append([code(row["arm"]), *([str(row["seed"])] if seeds else []), *figures, outcome])
    return table(["arm", *numbers, "outcome"], rows, right=numbers)


def _tabulate_arms(measured: SweepClaims) -> str:
    header, write = ["arm", "seeds finished", "train", "test", "test, lowest to highest", "gap"], measured.arm
    rows = []
    for arm in summarise_arms(measured.sweep):
        counts = f"{write(arm, 'finished', 'd')} of {write(arm, 'planned', 'd')}"
        means = [write(arm, "train", ".3f"), write(arm, "test", ".3f")]
        spread = f"{write(arm, 'test_low', '.3f')} to {write(arm, 'test_high', '.3f')}" if arm.finished else NONE
        rows.append([code(arm.name), counts, *means, spread, write(arm, "gap", "+.3f")])
    return table(header, rows, right=header[1:])


def _list_unfinished(sweep: StudyResults) -> list[str]:
    rows = [row for row in sweep.trials.to_dict("records") if row["outcome"] != "finished"]
    return [
        f"{plain(row['outcome'].replace('_', ' '))}: {code(row['arm'])}, seed {spell(row['seed'])}: "
        f"{plain(row['reason'] if isinstance(row['reason'], str) else 'no reason was recorded')}"
        for row in rows
    ]
