"""Does one change act otherwise beside another? Planned 2x2 blocks as differences of differences.

In: a sweep, the cells of a question's product as the plan names them, the seeds. Out: an `Interaction` for each pair of
levels, within each seed (cell with both - cell with the second) - (cell with the first - cell with neither).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bloodstudy.analysis.comparisons.validity import look_at_training
from bloodstudy.analysis.results.sweep import StudyResults
from bloodstudy.analysis.statistics.paired import Effect, estimate
from bloodstudy.study.outcome import Outcome

RESPONSES = ("train_accuracy", "test_accuracy", "accuracy_gap")


@dataclass(frozen=True, eq=False)
class Interaction:
    """What the change of two factors does beyond the sum of what each does."""

    question: str
    first: tuple[str, Any, Any]  # factor, level before, level after
    second: tuple[str, Any, Any]
    arms: tuple[str, str, str, str]  # with neither, the first, the second, both
    points: pd.DataFrame  # differences of differences, indexed by seed, one column a response
    effects: Mapping[str, Effect]
    missing: tuple[int, ...]  # seeds at which a cell has no trial that finished and learnt: not in the effects


def list_interactions(sweep: StudyResults, seeds: Sequence[int]) -> list[Interaction]:
    """Return the interactions of all blocks of the plan, over those of `seeds` on which all four cells learnt."""
    found = []
    for question in sweep.plan.questions:
        cells = {_name(levels): arm for arm, levels in question.cells.items()}
        levels = [dict(cell) for cell in cells]
        if not levels:
            continue
        own = next((dict(cell) for cell, arm in cells.items() if arm == question.reference), levels[0])
        for first, second, four in _squares(own, levels):
            arms = tuple(cells[_name(cell)] for cell in four)
            found.append(_measure(sweep, question.name, first, second, arms, seeds))
    return found


def _squares(
    own: Mapping[str, Any], cells: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[tuple[str, Any, Any], tuple[str, Any, Any], list[dict[str, Any]]]]:
    """Yield each pair of changes from the cell `own`, other factors staying as they are there."""
    levels = {key: list(dict.fromkeys(cell[key] for cell in cells)) for key in own}
    for one, other in itertools.combinations(own, 2):
        for a, b in itertools.product(levels[one], levels[other]):
            if a != own[one] and b != own[other]:
                changed = [dict(own), {**own, one: a}, {**own, other: b}, {**own, one: a, other: b}]
                yield (one, own[one], a), (other, own[other], b), changed


def _name(levels: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((key, tuple(level) if isinstance(level, list) else level) for key, level in levels.items())


def _measure(
    sweep: StudyResults,
    question: str,
    first: tuple[str, Any, Any],
    second: tuple[str, Any, Any],
    arms: tuple[str, ...],
    seeds: Sequence[int],
) -> Interaction:
    tables = [_respond(sweep, arm, seeds) for arm in arms]
    paired = [
        seed for seed in seeds if all(seed in table.index and table.index.tolist().count(seed) == 1 for table in tables)
    ]
    neither, one, other, both = (table.loc[paired] for table in tables)
    points = (both - other) - (one - neither)
    effects = {str(name): estimate(points[name].to_numpy()) for name in points}
    missing = tuple(seed for seed in seeds if seed not in paired)
    return Interaction(question, first, second, arms, points, effects, missing)  # type: ignore[arg-type]


def _respond(sweep: StudyResults, arm: str, seeds: Sequence[int]) -> pd.DataFrame:
    """Return the responses of the trials that finished and learnt, indexed by seed; accuracies weigh classes alike."""
    rows = sweep.of(arm, Outcome.FINISHED).drop_duplicates(["key", "judged"])
    rows = rows.loc[rows["seed"].isin(seeds) & ~rows["seed"].isin(look_at_training(sweep, arm, seeds).failing)]
    scores = [sweep.score(key, judged) for key, judged in zip(rows["key"], rows["judged"], strict=True)]
    known = rows.loc[[score is not None for score in scores]]
    train, test = (np.array([getattr(s, side) for s in scores if s], dtype=float) for side in ("train", "test"))
    balanced = known.assign(train_accuracy=train, test_accuracy=test, accuracy_gap=train - test)
    return balanced.set_index("seed")[[*RESPONSES, *sweep.plan.metrics]].astype(float)
