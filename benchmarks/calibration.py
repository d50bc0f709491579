"""Do the statistics keep their promises? Simulate studies whose truth is known and write docs/calibration.md.

    python benchmarks/calibration.py [--studies 2000] [--rows TEXT] [--out docs/calibration.md]

Some ten minutes on two idle cores. Each row has a seed of its own, so that any of them can be repeated alone with
--rows (part of a table's title or a row's label): then the tables are printed, and no file is written.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import promises
from rich.progress import track
from simulated import EVEN, KAGGLE, UNEVEN, Spread

SEEDS = (6, 10, 20, 30)
SHAPES = {
    "normal": "normal",
    "heavy": "heavy tails (Student's t, 3 degrees of freedom)",
    "skewed": "skew in the arm alone (exponential losses)",
    "collapsed": "falls of 0.3 in each twentieth trial of the arm",
}
LITTLE, MUCH = Spread(0.01, 0.03), Spread(0.01, 0.08, 0.03)
SPREADS = {
    "no photograph effect": Spread(0.01),
    "small photograph effects": LITTLE,
    "large photograph effects": MUCH,
    "large ones, other ones for each seed": Spread(0.02, 0.08, 0.08),
    "heavy tails in seeds and photographs": Spread(0.01, 0.08, 0.03, heavy=True, discord=0.5),
    "in the rarest class alone": Spread(0.01, 0.1, 0.03, only=2),
    "sparse: one photograph in ten": Spread(0.01, 0.1, 0.05, discord=0.5, sparse=0.1),
}
DESIGNS = (KAGGLE, EVEN, UNEVEN)


@dataclass(frozen=True)
class Target:
    """From where to where a rate may lie, in percent; Monte-Carlo error comes on top."""

    low: float = 0.0
    high: float = 100.0

    def met(self, percent: float, studies: int) -> bool:
        below = 100 * promises.allowed(1 - self.low / 100, studies)
        return percent <= 100 * promises.allowed(self.high / 100, studies) and 100 - percent <= below

    def __str__(self) -> str:
        if not self.low:
            return f"at most {self.high:g} %"
        return f"{self.low:g} to {self.high:g} %" if self.high < 100 else f"at least {self.low:g} %"


ERROR, COVERAGE, HEAVY, ANY = Target(high=5), Target(93.5, 96.5), Target(low=93.5), Target()


@dataclass(frozen=True)
class Cell:
    """One call of a measurement: the columns that it fills are `column`, or the names of what it returns."""

    row: str
    column: str | None
    measure: Callable[..., Any]
    target: Target = ANY
    targets: dict[str, Target] = field(default_factory=dict)  # by column, where they differ


@dataclass(frozen=True)
class Table:
    """A table of the page."""

    title: str
    note: str
    cells: list[Cell]


def list_tables() -> list[Table]:
    """Return all that is measured."""
    promised = {"normal": ERROR, "heavy": ERROR}
    errors = [
        Cell(f"{name}, {seeds} seeds", None, partial(promises.measure_errors, shape, seeds), promised.get(shape, ANY))
        for shape, name in SHAPES.items()
        for seeds in SEEDS
    ]
    covers = {"normal": COVERAGE, "heavy": HEAVY}
    coverage = [
        Cell(name, _seeds(seeds), partial(promises.measure_coverage, shape, seeds), covers.get(shape, ANY))
        for shape, name in SHAPES.items()
        for seeds in SEEDS
    ]
    wider = [
        Cell(f"{design.name}; {name}", _seeds(seeds), partial(_wider, design, spread, seeds), _target(spread))
        for design in DESIGNS
        for name, spread in SPREADS.items()
        for seeds in SEEDS
        if spread.only is None or design is KAGGLE
    ]
    others = [
        Cell(f"{design.name}; {name} photograph effects; {seeds} seeds", None,
             partial(promises.measure_wider, design, spread, seeds, others=True), targets={"ours": COVERAGE})
        for design in (KAGGLE, UNEVEN)
        for name, spread in (("small", LITTLE), ("large", MUCH))
        for seeds in (8, 30)
    ]  # fmt: skip
    stuck = [
        Cell(label, design.name, partial(promises.measure_stuck, design, kind, skill), target)
        for label, kind, skill, target in (
            ("names one class for every image", "one class", 0.0, Target(low=99.5)),
            ("nearly so: another class for each fiftieth photograph", "nearly one class", 0.0, ANY),
            ("guesses a class for each photograph", "guesses", 0.0, ANY),
            ("learnt: accuracy 0.35", "learnt", 0.35, ERROR),
            ("learnt: accuracy 0.5", "learnt", 0.5, ERROR),
            ("learnt: accuracy 0.8", "learnt", 0.8, ERROR),
        )
        for design in (KAGGLE, UNEVEN)
    ]
    directions = [
        Cell(f"true effect {effect:g}, {seeds} seeds", None, partial(promises.measure_directions, effect, seeds),
             targets={"of arms": Target(high=0.5)})
        for effect in (0.0025, 0.005, 0.01)
        for seeds in SEEDS
    ]  # fmt: skip
    powers = [
        Cell(f"{seeds} seeds, a family of {family}", None, partial(promises.measure_power, seeds, family))
        for seeds in SEEDS
        for family in (1, 8)
    ]
    return [
        Table("Family-wise error, by kind of statement", ERRORS, errors),
        Table("Coverage of the interval over seeds (this benchmark)", COVERS, coverage),
        Table("Coverage of the interval for new photographs", WIDER, wider),
        Table("The same, by other methods", OTHERS, others),
        Table("Trials said to have failed to train", STUCK, stuck),
        Table("Verdicts in the wrong direction", DIRECTIONS, directions),
        Table("Power, promised and found", POWERS, powers),
        Table("Looking again", LOOKS, [Cell("no effect, one arm", None, promises.measure_looks)]),
    ]


def _wider(*which: Any, studies: int, rng: np.random.Generator) -> float:
    return promises.measure_wider(*which, studies=studies, rng=rng)["ours"]


def _target(spread: Spread) -> Target:
    if spread.sparse or spread.only is not None:
        return ANY
    return HEAVY if spread.heavy else COVERAGE


def _seeds(seeds: int) -> str:
    return f"{seeds} seeds"


ERRORS = f"""{promises.ARMS} arms against one reference, differences of spread {promises.SD:g} between seeds, margin
{promises.MARGIN:g}. Share of studies with at least one wrong statement of the kind: a difference where there is none;
equivalence, "not worse" and "beyond" where the truth lies at the margin. Promised for normal noise and for symmetric
heavy tails; the other rows are what skew and falls in one arm really cost."""
COVERS = "Share of the 95 % t intervals over seeds that contain the true effect."
WIDER = """Share of the 95 % intervals by variance components that contain the effect over all photographs: image by
image, +1, 0 or -1, from effects of seed, photograph and both. Where a class has fewer than ten test photographs
(Kaggle: lymphocytes six, monocytes four) the report says `cannot be told` whatever this interval is."""
OTHERS = """Share of 95 % intervals that contain the effect over all photographs. "Seeds alone" is the t interval over
seeds, whose promise is about this benchmark; the crossed bootstrap is the one that stands beside ours."""
STUCK = """Share of trials whose accuracy has its upper 95 % bound, by photograph, at or below the largest class's
share. What a dead network does is the first row."""
DIRECTIONS = f"""{promises.ARMS} arms, each with the same positive effect, from an eighth to a half of the margin;
said to harm. Promised for each verdict; a study has several."""
POWERS = f"""Difference: at the effect that the seeds are promised to detect at 80 %, spread {promises.SD:g}; alone
in its family (the others have p = 1: what is promised), and where all arms have it (Holm's later steps find more).
Equivalence: no effect, at the spread at which it is promised at 80 %. Promised / found, given the true spread."""
LOOKS = """Share of studies that show a difference where there is none. Declared looks divide alpha by their number."""


def measure(table: Table, cell: Cell, studies: int) -> Any:
    """Return what `cell` measures, from a seed of its own."""
    seed = zlib.crc32(f"{table.title}|{cell.row}|{cell.column}".encode())
    return cell.measure(studies=studies, rng=np.random.default_rng(seed))


def write_table(table: Table, measured: Iterable[Any], studies: int) -> tuple[list[str], list[str]]:
    """Return the lines of a Markdown table, and a line for each cell that misses its target."""
    rows: dict[str, dict[str, str]] = {}
    missed = []
    for cell, found in zip(table.cells, measured, strict=True):
        values = found if isinstance(found, dict) else {cell.column: found}
        for column, value in values.items():
            name, target = str(column).replace("_", " "), cell.targets.get(str(column), cell.target)
            promised, rate = value if isinstance(value, tuple) else (None, value)
            text = f"{100 * rate:.1f}" if promised is None else f"{100 * promised:.1f} / {100 * rate:.1f}"
            far = promised is not None and abs(promised - rate) > 0.05 and "all arms" not in name
            if far or not target.met(100 * rate, studies):
                text = f"**{text}**"
                missed.append(f"{table.title}, {cell.row}, {name}: {text}; promised {'within 5' if far else target}")
            rows.setdefault(cell.row, {})[name] = text
    heads = list(dict.fromkeys(name for row in rows.values() for name in row))
    lines = [f"| simulated, in % | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    return [*lines, *(f"| {row} | {' | '.join(own.get(h, '') for h in heads)} |" for row, own in rows.items())], missed


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=2000, help="simulated studies a cell (default: %(default)s)")
    parser.add_argument("--rows", default="", help="measure and print only the rows whose name has this in it")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "docs" / "calibration.md")
    options = parser.parse_args()
    tables = []
    for table in list_tables():
        cells = [cell for cell in table.cells if options.rows.lower() in f"{table.title}, {cell.row}".lower()]
        tables += [Table(table.title, table.note, cells)] if cells else []
    jobs = [(table, cell) for table in tables for cell in table.cells]
    if not jobs:
        parser.error(f"no row has {options.rows!r} in its name")
    parallel = joblib.Parallel(n_jobs=2, return_as="generator")
    calls = (joblib.delayed(measure)(*job, options.studies) for job in jobs)
    found = iter(list(track(parallel(calls), "simulating", total=len(jobs))))
    page, misses = [], []
    for table in tables:
        lines, missed = write_table(table, [next(found) for _ in table.cells], options.studies)
        page += [f"## {table.title}", "", table.note.strip(), "", *lines, ""]
        misses += missed
    if options.rows:
        print("\n".join(page))
        return
    options.out.write_text(
        HEAD.format(studies=options.studies, misses=_list(misses), why=WHY) + "\n".join(page), "utf-8"
    )


WHY = """## Where the promises end, and why

- **Skew, or falls, in one arm alone.** Differences of two arms of one shape are symmetric whatever the shape is, so
  tails alone do no harm; an arm whose losses are skewed while the reference's are not leaves skewed differences. Ten
  seeds then often hold none of the rare losses: the mean looks too good, the spread too small, and both err together.
  No test on ten numbers mends what they do not show. So the report shows every seed's point and says so among its
  limits. Where so few seeds were trained that an exact sign-flip test could reach no verdict at all, it also says that
  `improves` or `harms` rests on normality; with ten seeds and sixteen arms it could, and that says nothing of skew.
- **Collapses to chance** are another matter: each such trial is recognised by its predictions, the arm gets the verdict
  `fails to train` with its count, and no mean over them is tested. This holds for a network that names one class for
  all images. One that guesses at random is not recognised, since nothing shows that it is *below* the share of the
  largest class; its arm is then said to harm, which is true.
- **Sparse photograph effects.** Where an arm changes one photograph in ten, a class of four or six test photographs
  usually holds none of them, and no interval made of those can know. So the interval for new photographs is too short
  there, the more so the more seeds look at the same few photographs, and `cannot be told` is what is said of new
  photographs under ten a class. With twenty a class it still falls up to five points short. So it does, by less,
  where all that an arm changes lies in a class of four photographs.
- **Without photograph effects and with few seeds** the interval for new photographs errs a little on the wide side: a
  variance component estimated below zero counts as zero, so its standard error is never below that over seeds. Its
  degrees of freedom may be more, and then it is at times the shorter one.
- **Power** is promised for the first of Holm's steps, alpha divided by all arms. Where many arms have an effect the
  later steps find more.
"""

HEAD = """# Do the statistics keep their promises?

Simulated studies whose truth is known, judged by the very functions that judge real ones. Written by

    python benchmarks/calibration.py --studies {studies}

{studies} studies a cell; a rate near 5 % or 95 % is then known to about half a point, and a target counts as missed
(bold) where it is missed by more than three standard errors.

## What misses its target

{misses}

{why}
"""


def _list(misses: list[str]) -> str:
    return "\n".join(f"- {miss}" for miss in misses) if misses else "Nothing that is promised."


if __name__ == "__main__":
    main()
