"""One trial's run in MLflow: opened, fed and completed from the run folder, which is the truth.

A run bears the token of its trial folder, written there before the run is asked for. So a run that the store created
although its answer was lost is found again, and a trial is never two runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloodstudy import files
from bloodstudy.errors import UserError
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.result import Result
from bloodstudy.study.run_folder import TrialFolder, load_result
from bloodstudy.study.trial_files import read_history, read_predictions
from bloodstudy.tracking import confusion, model
from bloodstudy.tracking.dataset import describe_data
from bloodstudy.tracking.names import MAX_RUN_NAME, spell_name, spell_value
from bloodstudy.tracking.note import Note, read_note
from bloodstudy.tracking.store import TOKEN, Store

if TYPE_CHECKING:
    from mlflow.entities import Metric

VALIDATION = ("validation_loss", "validation_accuracy")  # if there is a validation split
# Columns of the history by their names in MLflow, whose interface puts what has a prefix below the responses.
CURVES = {"fit_loss": "fit/loss", "fit_accuracy": "fit/accuracy"}
CURVES |= {name: name for name in ("epoch_seconds", "images_per_second", *VALIDATION)}
DOUBLE = "_clean"
FIRST = ("accuracy_gap", "test_accuracy", "train_accuracy")
PARENT = "mlflow.parentRunId"
RESULT = "bloodstudy.result"  # tag: the digest of what its result says
SOURCE = "python -m bloodstudy.run"
MAX_PARAMS = 100  # the most that one call takes


def open_run(
    store: Store,
    folder: Path,
    tags: Mapping[str, str],
    params: Mapping[str, Any],
    parent: str | None = None,
    begun: float | None = None,
) -> str:
    """Create the run of the trial in `folder` and return its id; it takes the place of one that was there before.

    Args:
        parent: the run of the study.
        begun: when training began, in seconds since the epoch; None: now.
    """
    from mlflow.entities import Param

    path = TrialFolder(folder).run_note
    token = _drop_earlier(store, path)
    started = int(1000 * (begun or time.time()))
    note = Note(store.uri, token=token, started=started)
    note.write(path)
    marks = {TOKEN: token} | ({PARENT: parent} if parent else {})
    seed = f", seed={tags['seed']}"
    name = spell_value(tags["arm"], MAX_RUN_NAME - len(seed)) + seed
    known = {key: spell_value(value) for key, value in {**tags, **_describe(tags)}.items()}
    run = store.client.create_run(store.experiment_id, started, known | marks, name)
    replace(note, run_id=run.info.run_id).write(path)
    # What does not apply to a trial is no parameter of it: a column of None tells nobody anything.
    new = [Param(spell_name(key), spell_value(value)) for key, value in params.items() if value is not None]
    for start in range(0, len(new), MAX_PARAMS):
        store.client.log_batch(run.info.run_id, params=new[start : start + MAX_PARAMS])
    return run.info.run_id


def _describe(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the source and the description of a trial's run."""
    text = (
        f"`{tags['arm']}`, seed {tags['seed']}, of `{tags['study']}`. Train and test accuracy are measured alike: "
        "after training, in inference mode, on images as they are; `accuracy_gap` is train minus test. `fit/` holds "
        "what training itself prints, epoch by epoch."
    )
    return {"mlflow.source.name": SOURCE, "mlflow.source.type": "LOCAL", "mlflow.note.content": text}


def _drop_earlier(store: Store, path: Path) -> str:
    """Delete what the store holds of the trial with the note at `path` and return the trial's token."""
    # Half of a run, or one whose trial is trained again, would be counted twice by who compares runs.
    from mlflow.exceptions import MlflowException

    note = read_note(path)
    if note is None:
        return uuid.uuid4().hex
    earlier = {note.run_id} if note.tracking_uri == store.uri and note.run_id else set()
    if note.token and re.fullmatch("[0-9a-f]+", note.token):
        same = f"tags.`{TOKEN}` = '{note.token}'"
        earlier |= {run.info.run_id for run in store.client.search_runs([store.experiment_id], same)}
    for run_id in earlier:
        with contextlib.suppress(MlflowException):  # it may be gone with a store that was removed
            store.client.delete_run(run_id)
    return note.token or uuid.uuid4().hex


def close_killed(store: Store, run_id: str, folder: Path) -> None:
    """Close the run of a trial that was interrupted; the trial is not finished."""
    store.client.set_tag(run_id, "outcome", "interrupted")
    note = read_note(TrialFolder(folder).run_note)
    ended = max(_now_ms(), note.started if note else 0)  # the clock may have gone back
    store.client.set_terminated(run_id, "KILLED", ended)
    close_note(folder)


def close_note(folder: Path) -> None:
    """Note that nobody goes on with the run of a trial."""
    path = TrialFolder(folder).run_note
    if (note := read_note(path)) is not None:
        replace(note, open=False).write(path)


def log_epochs(store: Store, run_id: str, rows: list[Any]) -> None:
    """Log rows of the training history in one call."""
    _log_metrics(store, run_id, _curves(rows))


def complete(store: Store, run_id: str, folder: Path, logged: Collection[int] = ()) -> None:
    """Log the outcome, responses, artifacts, data and the epochs that are not `logged`; mark the folder as logged."""
    from mlflow.entities import Metric, RunTag

    trial = TrialFolder(folder)
    result = _read(folder)
    history = read_history(trial)
    every: list[Any] = [] if history is None else history.to_dict("records")
    rows = [row for row in every if row["epoch"] not in logged]
    own = {name: one.value for name, one in result.metrics.items()}
    own |= {f"{name}_clean": one.clean for name, one in result.metrics.items()}
    figures = {**result.responses, **own, "peak_memory_mb": result.cost.peak_memory_mb}
    now = _now_ms()
    # What was logged by epoch ends in the same figure: a point at step 0 would stand at the head of its curve.
    figures = {name: value for name, value in figures.items() if value is not None and name not in VALIDATION}
    figures = {name: value for name, value in figures.items() if not _is_double(name, figures, result)}
    metrics = [Metric(spell_name(name), float(value), now, 0) for name, value in figures.items()]
    # The pages that compare runs begin with the metric that came first.
    _log_metrics(store, run_id, sorted(metrics, key=lambda metric: metric.key not in FIRST) + _curves(rows))
    tags = {**result.own_tags, RESULT: _digest(result)}
    store.client.log_batch(run_id, tags=[RunTag(key, spell_value(value)) for key, value in tags.items()])
    store.client.log_inputs(run_id, datasets=[describe_data(result)])
    for path in (trial.config, trial.history, trial.predictions):
        if path.exists():
            store.client.log_artifact(run_id, str(path))
    if files.is_whole(trial.model):
        with files.temporary_folder() as temporary:
            model.write_folder(trial.model, result, temporary / model.NAME)
            store.client.log_artifacts(run_id, str(temporary))
    if (picture := _draw_confusion(trial)) is not None:
        store.client.log_text(run_id, picture, confusion.NAME)
    # By the clock that nobody sets; of a trial that was interrupted, with what its earlier attempts took.
    note = read_note(trial.run_note)
    took = int(1000 * result.cost.wall_seconds)
    ended = note.started + took if note and note.started else _now_ms()
    store.client.set_terminated(run_id, "FINISHED" if result.outcome == Outcome.FINISHED else "FAILED", ended)
    Note(store.uri, run_id, open=False, experiment=store.experiment).write(trial.logged_note)


def _is_double(name: str, figures: Mapping[str, float], result: Result) -> bool:
    """Tell whether a response is measured on the clean test images, and these are all of them."""
    every = sum(result.data.counts["test"].values())
    return name.endswith(DOUBLE) and figures.get("test_images_clean") == every


def _draw_confusion(trial: TrialFolder) -> str | None:
    with contextlib.suppress(UserError):  # damage is for the report to tell
        table = read_predictions(trial)
        return None if table is None else confusion.draw_confusion(table)


def log_whole(store: Store, folder: Path, parent: str | None) -> None:
    """Log a finished trial from its folder as one run; the run of the very same result is taken over instead."""
    result = _read(folder)
    if (run_id := _find_same(store, result)) is not None:
        if parent:
            store.client.set_tag(run_id, PARENT, parent)
        for path in (TrialFolder(folder).run_note, TrialFolder(folder).logged_note):
            Note(store.uri, run_id, open=False, experiment=store.experiment).write(path)
        return
    begun = TrialFolder(folder).result.stat().st_mtime - result.cost.wall_seconds
    complete(store, open_run(store, folder, result.own_tags, result.own_params, parent, begun), folder)


def _find_same(store: Store, result: Result) -> str | None:
    """Return the completed run of this result: one that came back from a package may be logged already."""
    found = store.client.search_runs([store.experiment_id], f"tags.`{RESULT}` = '{_digest(result)}'")
    return next((run.info.run_id for run in found if run.info.status in ("FINISHED", "FAILED")), None)


def _digest(result: Result) -> str:
    """Return the digest of what a result says, wherever it is kept: a package leaves out some of its files."""
    content = {name: value for name, value in result.to_dict().items() if name not in ("files", "digest")}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _read(folder: Path) -> Result:
    result = load_result(folder)
    assert result is not None, "a trial is completed once it has a result"
    return result


def _curves(rows: list[Any]) -> list[Metric]:
    from mlflow.entities import Metric

    now = _now_ms()
    return [
        Metric(shown, float(row[name]), now, int(row["epoch"]))
        for row in rows
        for name, shown in CURVES.items()
        if name in row
    ]


def _log_metrics(store: Store, run_id: str, metrics: list[Metric]) -> None:
    metrics = [metric for metric in metrics if math.isfinite(metric.value)]  # stores keep infinity as 1.797e308
    for start in range(0, len(metrics), 1000):  # the most that one call takes
        store.client.log_batch(run_id, metrics=metrics[start : start + 1000])


def _now_ms() -> int:
    return int(time.time() * 1000)
