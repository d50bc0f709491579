"""Which arms can be judged: what makes a comparison invalid, and which trials failed to train.

In: a sweep and a pair of arms over some seeds. Out: the reasons why nothing is concluded, and the seeds of each arm
whose trial diverged or stayed at chance. Guards fail closed: what is missing or mixed is told, never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bloodstudy.analysis.comparisons.pairs import Pair
from bloodstudy.analysis.results.sweep import StudyResults
from bloodstudy.analysis.statistics.chance import at_chance
from bloodstudy.study.arms import spell
from bloodstudy.study.outcome import Outcome

DIED = {Outcome.FAILED: "failed", Outcome.OUT_OF_MEMORY: "ran out of memory"}  # outcomes, and how they are told


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
    stuck = []
    for row in rows.loc[rows["outcome"] == Outcome.FINISHED].to_dict("records"):
        predictions = sweep.predictions.get(row["key"])
        if predictions is None:
            continue
        tested = predictions.shown.tested(row["judged"])
        if at_chance(predictions.correct[tested], predictions.shown.labels[tested], predictions.shown.clusters[tested]):
            stuck.append(int(row["seed"]))
    return Training(len(rows), tuple(map(int, diverged)), tuple(stuck))


def split_apart(sweep: StudyResults, pair: Pair) -> bool:
    """Tell whether the arms stand on different splits because that is what is compared: nothing to be paired."""
    levels = {key for arm in (pair.arm, pair.reference) for key in sweep.levels_of(arm)}
    return any(key.startswith("data.") for key in levels) and len(_splits(sweep, (pair.arm, pair.reference))) > 1


def find_faults(sweep: StudyResults, pair: Pair, seeds: Sequence[int], reference: Training) -> list[str]:
    """Return why nothing can be concluded on `pair` over `seeds`, a phrase each; nothing if all is well."""
    faults = []
    for arm in (pair.reference, pair.arm):
        rows = _rows(sweep, arm, seeds)
        who = "the reference" if arm == pair.reference else "it"
        doubled = sorted(set(rows.loc[rows["seed"].duplicated(), "seed"]))
        faults += [f"{who} has several trials of {_seeds(doubled)}"] if doubled else []
        missing = [seed for seed in seeds if seed not in set(rows["seed"])]
        faults += [f"{who} has no trial of {_seeds(missing)}"] if missing else []
        for outcome, word in DIED.items():
            died = rows.loc[rows["outcome"] == outcome, "seed"]
            faults += [f"{who} {word} on {_seeds(died)}"] if len(died) else []
        finished = rows.loc[rows["outcome"] == Outcome.FINISHED]
        lost = [row.seed for row in finished.itertuples() if row.key not in sweep.predictions]
        faults += [f"the predictions of {who} are missing for {_seeds(lost)}"] if lost else []
    faults += _find_mixtures(sweep, pair, seeds)
    for word, failing in (("diverged", reference.diverged), ("stayed at chance", reference.chance)):
        if failing:
            faults.append(f"the reference itself {word} on {_seeds(failing)}")
    return faults


def _find_mixtures(sweep: StudyResults, pair: Pair, seeds: Sequence[int]) -> list[str]:
    arms, faults = (pair.arm, pair.reference), []
    planned = [trial for trial in sweep.plan.trials if trial.arm in arms and trial.seed in seeds]
    fingerprints = sorted({trial.data["fingerprint"] for trial in planned})
    results = [sweep.results[trial.key] for trial in planned if trial.key in sweep.results]
    fingerprints = sorted({*fingerprints, *(result.data.fingerprint for result in results)})
    if len(fingerprints) > 1:
        faults.append(f"the data differ (fingerprints {', '.join(fingerprints)})")
    elif len(splits := _splits(sweep, arms)) > 1:
        faults.append(f"the splits differ ({'; '.join(sorted(splits))})")
    precisions = sorted({result.factors["precision"] for result in results})
    if len(precisions) > 1 and not any("precision" in sweep.levels_of(arm) for arm in arms):
        faults.append(f"the precisions differ ({', '.join(precisions)})")
    judged = {trial.key: trial.evaluated_on for trial in planned}
    shown = {id(sweep.predictions[key].shown) for key in judged if key in sweep.predictions}
    if len(shown) > 1 and not faults:
        faults.append("the images that were measured differ between trials")
    return faults


def _splits(sweep: StudyResults, arms: Sequence[str]) -> set[str]:
    found = set()
    for trial in sweep.plan.trials:
        if trial.arm in arms:
            parts = {key: value for key, value in trial.data.items() if key != "fingerprint" and value is not None}
            parts["split"] = trial.evaluated_on
            found.add(", ".join(f"{key}={spell(value)}" for key, value in parts.items()))
    return found


def _rows(sweep: StudyResults, arm: str, seeds: Sequence[int]) -> pd.DataFrame:
    rows = sweep.of(arm).drop_duplicates(["key", "judged"])
    return rows.loc[rows["seed"].isin(seeds)].sort_values(by="seed", kind="stable")


def _seeds(seeds: Iterable[Any]) -> str:
    numbers = [str(int(seed)) for seed in seeds]
    return f"seed{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
