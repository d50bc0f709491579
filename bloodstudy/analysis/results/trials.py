"""The trials of a study as one tidy frame.

In: the run folder with its plan. Out: one row a planned trial, in the order of the plan, with its arm, seed, levels,
outcome, responses and cost; a trial without a result has the outcome "missing", or "interrupted" where it was begun.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bloodstudy.config.factors import ALWAYS, FACTORS
from bloodstudy.study.metrics import CLEAN, CLEAN_RESPONSES
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.plan import Plan
from bloodstudy.study.result import Result
from bloodstudy.study.run_folder import StudyFolder, TrialFolder, read_plan, read_result
from bloodstudy.study.trial_files import read_attempts

COLUMNS = ("train_accuracy", "test_accuracy", "accuracy_gap", "wall_seconds", "parameters", "prediction_hash")


def judge(responses: Mapping[str, float], judged: str) -> dict[str, float]:
    """Return the responses by which a trial is judged under the split `judged`.

    official_clean leaves out the test images whose scene is in training: its test accuracy, macro F1 and gap are the
    clean ones, the others of the test are dropped, and `test_accuracy_all` keeps the accuracy on all test images.
    """
    if judged != "official_clean":
        return dict(responses)
    kept = {name: value for name, value in responses.items() if not name.startswith("test_") or name in CLEAN_RESPONSES}
    clean = {name: responses[f"{name}_clean"] for name in CLEAN if f"{name}_clean" in responses}
    return kept | clean | {"test_accuracy_all": responses["test_accuracy"]}


def read_trials(runs_dir: Path, study: str, plan: Plan | None = None) -> pd.DataFrame:
    """Return one row a trial of `plan` (None: the study's): key, arm, seed, outcome, responses, cost, factor levels.

    Columns of responses and cost are NaN if the trial has none. Levels stand under their own names: those that were
    swept for every trial, and as the trial resolved them (precision is never "auto") where it has a result. Two rows
    share a trial if the same training is judged in two ways (`judged`: official and official_clean).
    """
    rows = []
    plan = plan or read_plan(runs_dir, study)
    for planned in plan.trials:
        result = read_result(runs_dir, study, planned.key)
        row: dict[str, Any] = {"key": planned.key, "arm": planned.arm, **planned.levels}
        row |= {"seed": planned.seed, "judged": planned.evaluated_on}
        responses = result.responses if result else {}
        if result is None:
            row |= _unfinished(StudyFolder(runs_dir / study).trial(planned.key))
        elif row["judged"] == "official_clean" and responses and "test_accuracy_clean" not in responses:
            row |= {"outcome": Outcome.MISSING, "reason": "not judged by scene yet: run the same command again"}
        else:
            row |= {"outcome": result.outcome, "reason": result.reason}
            row |= {"model": result.model, **result.factors}
            row |= (judge(responses, row["judged"]) if responses else {}) | asdict(result.cost)
            row |= take_metrics(result, plan, row["judged"])
            row |= {name: getattr(result, name) for name in ("parameters", "prediction_hash", "epochs_done")}
            row["test_images_all"] = sum(result.data.counts["test"].values())
        rows.append(row)
    frame = pd.DataFrame(rows)
    neutral = {name: row.neutral for name, row in FACTORS.items() if row.neutral is not ALWAYS} | plan.neutral
    for name in neutral.keys() & set(frame.columns):  # a level that changes nothing is not stored
        if "model" in frame:
            frame.loc[frame["model"].notna() & frame[name].isna(), name] = neutral[name]
    for name in (*COLUMNS, *plan.metrics):
        if name not in frame:
            frame[name] = None
    return frame


def take_metrics(result: Result, plan: Plan, judged: str) -> dict[str, float]:
    """Return what the metrics of the plan's extensions gave; what another text gave is none of theirs."""
    side = "clean" if judged == "official_clean" else "value"
    measured = {name: one for name, one in result.metrics.items() if name in plan.metrics}
    known = {
        name: getattr(one, side) for name, one in measured.items() if one.extension == plan.metrics[name].extension
    }
    return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True)
class Leak:
    """Test images of an official split that show a scene which training shows too (or one that is not known)."""

    judged: str  # official: they count; official_clean: they are left out
    clean: int  # test images without them
    all: int

    @property
    def left_out(self) -> int:
        return self.all - self.clean


def _unfinished(trial: TrialFolder) -> dict[str, str]:
    begun = read_attempts(trial)
    if begun is None:
        return {"outcome": Outcome.MISSING, "reason": "not trained yet"}
    reason = f"attempt {begun} did not end, or is in progress elsewhere; the same command goes on with it"
    return {"outcome": Outcome.INTERRUPTED, "reason": reason}


def list_leaks(trials: pd.DataFrame) -> list[Leak]:
    """Return the different leaks of the finished trials, in their order; none if scenes are unknown."""
    if "test_images_clean" not in trials:
        return []
    done = trials[(trials["outcome"] == Outcome.FINISHED) & trials["test_images_clean"].notna()]
    counts = zip(done["judged"], done["test_images_clean"], done["test_images_all"], strict=True)
    leaks = [Leak(judged, int(clean), int(every)) for judged, clean, every in counts]
    return [leak for leak in dict.fromkeys(leaks) if leak.left_out]
