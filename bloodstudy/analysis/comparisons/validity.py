"""Which arms can be judged: what makes a comparison invalid, and which trials failed to train.

In: a sweep and a pair of arms over some seeds. Out: the reasons why nothing is concluded, and the seeds of each arm
whose trial diverged or stayed at chance, as one class for all images does.
Guards fail closed: what is missing or mixed is told, never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bloodstudy.analysis.comparisons.pairs import Pair
from bloodstudy.analysis.comparisons.verdict import Verdict, Word
from bloodstudy.analysis.results.sweep import StudyResults
from bloodstudy.config.factors import FACTORS
from bloodstudy.study.arms import spell
from bloodstudy.study.design import DesignName
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.planned import PlannedTrial

APART = Verdict(Word.UNPAIRED, "the arms stand on different splits", final=True)
BY_BLOCK = ("split_seed", "fold")  # what a study by folds draws anew for each block


@dataclass(frozen=True)
class Training:
    """How the trials of one arm trained over the seeds that are looked at."""

    trials: int
    diverged: tuple[int, ...]  # seeds
    chance: tuple[int, ...]

    @property
    def failing(self) -> tuple[int, ...]:
        return tuple(sorted({*self.diverged, *self.chance}))


def look_at_training(sweep: StudyResults, arm: str, seeds: Sequence[int]) -> Training:
    """Return how `arm` trained over `seeds`."""
    rows = _rows(sweep, arm, seeds)
    diverged = rows.loc[rows["outcome"] == Outcome.DIVERGED, "seed"]
    finished = rows.loc[rows["outcome"] == Outcome.FINISHED]
    scores = zip(finished["seed"], finished["key"], finished["judged"], strict=True)
    known = ((seed, sweep.score(key, judged)) for seed, key, judged in scores)
    stuck = tuple(int(seed) for seed, own in known if own is not None and own.dead)
    return Training(len(rows), tuple(map(int, diverged)), stuck)


def split_apart(sweep: StudyResults, pair: Pair) -> bool:
    """Tell whether the arms stand on different splits because that is what is compared: nothing to be paired."""
    levels = {key for arm in (pair.arm, pair.reference) for key in sweep.levels_of(arm)}
    return any(key.startswith("data.") for key in levels) and len(_splits(sweep, (pair.arm, pair.reference))) > 1


def find_faults(sweep: StudyResults, pair: Pair, seeds: Sequence[int]) -> list[str]:
    """Return why nothing can be concluded on `pair` over `seeds`, a phrase each; nothing if all is well."""
    faults, to_last = [], sweep.plan.repetitions.seeds_of(sweep.plan.repetitions.looks[-1])
    for arm in (pair.reference, pair.arm):
        rows, every = _rows(sweep, arm, seeds), _rows(sweep, arm, to_last)
        who = "the reference" if arm == pair.reference else "it"
        doubled = sorted(set(every.loc[every["seed"].duplicated(), "seed"]))
        faults += [f"{who} has several trials of {_seeds(doubled)}"] if doubled else []
        missing = [seed for seed in (to_last if pair.tested else seeds) if seed not in set(every["seed"])]
        faults += [f"{who} has no trial of {_seeds(missing)}"] if missing else []
        finished = rows.loc[rows["outcome"] == Outcome.FINISHED]
        hashed = finished.dropna(subset=["prediction_hash"])
        results = (sweep.results.get(str(key)) for key in finished["key"])
        sizes = sorted({result.parameters for result in results if result and result.parameters is not None})
        if len(sizes) > 1:
            numbers = " and ".join(f"{size:,}" for size in sizes)
            faults.append(f"the trials of {who} are of different networks, with {numbers} parameters")
        lost = [row.seed for row in finished.itertuples() if row.key not in sweep.predictions]
        faults += [f"the predictions of {who} are missing for {_seeds(lost)}"] if lost else []
        scores = ((row.seed, sweep.score(str(row.key), str(row.judged))) for row in finished.itertuples())
        unmeasured = [seed for seed, score in scores if score is not None and not score.measured]
        name = sweep.plan.responds_by
        faults += [f"{name} of {who}, by the plan's text, is missing for {_seeds(unmeasured)}"] if unmeasured else []
        repeated = hashed.loc[hashed["prediction_hash"].duplicated(keep=False), "seed"]
        if len(repeated):
            faults.append(f"{who} predicts the same to the last digit on {_seeds(repeated)}, so the seed does nothing")
    return faults + _find_mixtures(sweep, pair, seeds)


def _find_mixtures(sweep: StudyResults, pair: Pair, seeds: Sequence[int]) -> list[str]:
    arms, faults = (pair.arm, pair.reference), []
    planned = [trial for trial in sweep.plan.trials if trial.arm in arms and trial.seed in seeds]
    fingerprints = sorted({trial.data["fingerprint"] for trial in planned})
    results = [sweep.results[trial.key] for trial in planned if trial.key in sweep.results]
    fingerprints = sorted({*fingerprints, *(result.data.fingerprint for result in results)})
    if len(fingerprints) > 1:
        faults.append(f"the data differ (fingerprints {', '.join(fingerprints)})")
    elif len(splits := _splits(sweep, arms, seeds)) > 1:
        faults.append(f"the splits differ ({'; '.join(sorted(splits))})")
    elif torn := _find_torn(sweep, planned):
        faults.append(f"the folds of a repetition come from different divisions ({_seeds(torn)})")
    for name, called in {"precision": "precisions", "engine": "engines"}.items():
        used = sorted({result.factors.get(name, FACTORS[name].neutral) for result in results})
        if len(used) > 1 and not any(name in sweep.levels_of(arm) for arm in arms):
            faults.append(f"the {called} differ ({', '.join(used)})")
    return faults


def _find_torn(sweep: StudyResults, planned: Sequence[PlannedTrial]) -> list[int]:
    """Return the seeds of a study by folds whose fold is not the one of their place, or not of its division."""
    if sweep.plan.design != DesignName.FOLDS:
        return []
    divisions: dict[int, Any] = {}
    torn = set()
    for trial in planned:
        repetition, fold = sweep.plan.repetitions.place(trial.seed)
        division = divisions.setdefault(repetition, trial.data.get("split_seed"))
        if trial.data.get("fold") != fold or trial.data.get("split_seed") != division:
            torn.add(trial.seed)
    return sorted(torn)


def _splits(sweep: StudyResults, arms: Sequence[str], seeds: Sequence[int] | None = None) -> set[str]:
    """Return the different splits of `arms`, but for what sets the blocks of a study apart."""
    found, drawn = set(), BY_BLOCK if sweep.plan.design == DesignName.FOLDS else ()
    for trial in sweep.plan.trials:
        if trial.arm in arms and (seeds is None or trial.seed in seeds):
            parts = {k: v for k, v in trial.data.items() if k not in ("fingerprint", *drawn) and v is not None}
            parts["split"] = trial.evaluated_on
            found.add(", ".join(f"{key}={spell(value)}" for key, value in parts.items()))
    return found


def _rows(sweep: StudyResults, arm: str, seeds: Sequence[int]) -> pd.DataFrame:
    rows = sweep.of(arm).drop_duplicates(["key", "judged"])
    return rows.loc[rows["seed"].isin(seeds)].sort_values(by="seed", kind="stable")


def _seeds(seeds: Iterable[Any]) -> str:
    numbers = [str(int(seed)) for seed in seeds]
    return f"seed{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
