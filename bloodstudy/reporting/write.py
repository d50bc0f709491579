"""The report of one sweep: its tables, its figures, its file.

In: the run folder. Out: <reports_dir>/<study>/report.md and figures/*.png, a pure function of the trials there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from bloodstudy import files
from bloodstudy.analysis import Sweep, compare_splits, flag_no_ops, list_points, read_sweep, summarise_arms
from bloodstudy.design import spell
from bloodstudy.reporting import accuracy, facts, panels, splits, style, words
from bloodstudy.reporting.markdown import code, fence, plain, table, template
from bloodstudy.reporting.study import write_study

FIGURES = ("accuracy", "splits", "training", "confusion", "classes")
NONE = "–"
COST = "Time is the whole trial, from its start to its result, that of interrupted attempts included."


def write_report(runs_dir: Path, reports_dir: Path, study: str) -> Path:
    """Write the report of the last sweep of `study`; return its path.

    Raises UserError where nothing was run, MachineError where the folder cannot be written.
    """
    sweep = read_sweep(runs_dir, study)
    if sweep.plan.get("questions"):
        return write_study(sweep, reports_dir / study)
    folder = files.make_folder(reports_dir / study)
    matrices = panels.choose_matrices(sweep)
    drawn = _draw(sweep, matrices, files.make_folder(folder / "figures"))
    files.write_text(folder / "report.md", render(sweep, matrices, drawn))
    files.write_text(folder / "cost.md", f"# {words.title(sweep)}: what it cost\n\n{_tabulate_cost(sweep)}\n\n{COST}\n")
    return folder / "report.md"


def render(sweep: Sweep, matrices: list[str], drawn: list[str]) -> str:
    """Return the Markdown; `matrices` are the arms whose confusions are shown, `drawn` the figures that exist."""
    no_ops = flag_no_ops(sweep.trials)
    points = _list_points(sweep)
    compared, learnt = compare_splits(points), points.loc[~points["stuck"].astype(bool)]
    stuck = len(points) - len(learnt)
    hidden = len(panels.list_tested(sweep)) - len(matrices)
    return template("report.md.j2").render(
        title=words.title(sweep),
        question=plain(sweep.plan.get("question") or ""),
        summary=" ".join(words.summarise(sweep)),
        trials=_tabulate_trials(sweep, no_ops),
        no_ops=words.tell_no_ops(sweep, no_ops),
        arms=_tabulate_arms(sweep) if len(sweep.seeds) > 1 else "",
        unfinished=_list_unfinished(sweep),
        splits=splits.tabulate_splits(compared) if len(compared) else "",
        about_splits=splits.tell_splits(compared, stuck) if len(compared) else "",
        learnt=splits.tabulate_splits(compare_splits(learnt)) if stuck and len(learnt) else "",
        figures={
            name: f"![{words.describe(sweep, name)}](figures/{name}.png)" if name in drawn else "" for name in FIGURES
        },
        several_seeds=len(sweep.seeds) > 1,
        matrices=len(matrices),
        hidden=hidden,
        classes=[(data_set.words, facts.tabulate_classes(data_set.counts)) for data_set in facts.list_data(sweep)],
        command=fence(sweep.plan["command"]),
        data=facts.list_data(sweep),
        common=facts.tabulate_common(sweep),
        varied=facts.tabulate_varied(sweep),
        origin=facts.list_origin(sweep),
    )


def _list_points(sweep: Sweep) -> pd.DataFrame:
    return list_points(sweep, {arm.name: arm.clear_from for arm in summarise_arms(sweep)})


def _draw(sweep: Sweep, matrices: list[str], folder: Path) -> list[str]:
    styles = style.style_arms(sweep.arms)
    counts = [(data_set.name, data_set.counts) for data_set in facts.list_data(sweep)]
    points = _list_points(sweep)
    drawings = {
        "accuracy": lambda: accuracy.draw_accuracy(sweep, styles),
        "splits": lambda: splits.draw_splits(points, compare_splits(points)),
        "training": lambda: panels.draw_training(sweep, styles),
        "confusion": lambda: panels.draw_confusions(sweep, matrices),
        "classes": lambda: panels.draw_classes(counts),
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


def _tabulate_trials(sweep: Sweep, no_ops: set[str]) -> str:
    seeds = ["seed"] if len(sweep.seeds) > 1 else []
    numbers = [*seeds, "train", "test", "gap", "parameters"]
    rows = []
    for row in sweep.trials.to_dict("records"):
        outcome = plain(row["outcome"].replace("_", " ")) + (", no-op?" if row["arm"] in no_ops else "")
        figures = [_number(row["train_accuracy"], ".3f"), _number(row["test_accuracy"], ".3f")]
        figures += [_number(row["accuracy_gap"], "+.3f"), _number(row["parameters"], ",.0f")]
        rows.append([code(row["arm"]), *([str(row["seed"])] if seeds else []), *figures, outcome])
    return table(["arm", *numbers, "outcome"], rows, right=numbers)


def _tabulate_cost(sweep: Sweep) -> str:
    """Return what each trial took; apart from the report, since the same trials never take the same time."""
    numbers = ["seed", "time (s)", "fit (s)", "peak memory (MB)", "threads", "attempts"]
    forms = {"wall_seconds": ".1f", "fit_seconds": ".1f", "peak_memory_mb": ",.0f", "threads": ".0f", "attempts": ".0f"}
    rows = [
        [code(row["arm"]), str(row["seed"]), *(_number(row.get(name), form) for name, form in forms.items())]
        for row in sweep.trials.to_dict("records")
    ]
    return table(["arm", *numbers], rows, right=numbers)


def _tabulate_arms(sweep: Sweep) -> str:
    header = ["arm", "seeds finished", "train", "test", "test, lowest to highest", "gap"]
    rows = []
    for arm in summarise_arms(sweep):
        means = [_number(arm.train, ".3f"), _number(arm.test, ".3f")]
        spread = f"{arm.test_low:.3f} to {arm.test_high:.3f}" if arm.finished else NONE
        rows.append([code(arm.name), f"{arm.finished} of {arm.planned}", *means, spread, _number(arm.gap, "+.3f")])
    return table(header, rows, right=header[1:])


def _list_unfinished(sweep: Sweep) -> list[str]:
    rows = [row for row in sweep.trials.to_dict("records") if row["outcome"] != "finished"]
    return [
        f"{plain(row['outcome'].replace('_', ' '))}: {code(row['arm'])}, seed {spell(row['seed'])}: "
        f"{plain(row['reason'] if isinstance(row['reason'], str) else 'no reason was recorded')}"
        for row in rows
    ]


def _number(value: Any, form: str) -> str:
    return NONE if pd.isna(value) else format(value, form)
