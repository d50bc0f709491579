"""F10: a clock that goes a day ahead and a day back while trials run, and another time zone: only the hour is wrong."""

import contextlib
import re
import sqlite3
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from harness import command, kill, wait_for

from bloodstudy.study.run_folder import list_studies

CLOCK = Path(__file__).parent / "clock"
PACKAGE = Path(__file__).parents[2] / "experiments/reference/reference.zip"
DAY = 86_400


@pytest.fixture
def clock(study):
    """Set how many seconds ahead the clock of the commands is; return the environment that obeys."""
    file = study.folder / "clock"

    def set_to(seconds):
        file.with_suffix(".new").write_text(str(seconds))
        file.with_suffix(".new").replace(file)
        return {"PYTHONPATH": str(CLOCK), "BLOODSTUDY_CLOCK": str(file), "TZ": "Pacific/Kiritimati"}

    return set_to


def times(study):
    """Return begin and end of each trial's run in the store, in seconds, in the order in which they were created.

    The run of the sweep is left out: it may last over several commands, and its end is at least its begin.
    """
    own = "SELECT run_uuid FROM tags WHERE key = 'trial_key'"
    with contextlib.closing(sqlite3.connect(study.folder / "mlflow.db")) as store:
        rows = store.execute(
            f"SELECT start_time, end_time FROM runs WHERE run_uuid IN ({own}) ORDER BY rowid"
        ).fetchall()
    return [(begun / 1000, ended / 1000) for begun, ended in rows]


def is_at_work(study, finished):
    """Tell whether so many trials are finished and the next one has saved an epoch."""
    trials = study.folder / "runs/scratch"
    return len(list(trials.glob("*/result.json"))) == finished and any(trials.glob("*/state-?.npz"))


def test_a_clock_that_jumps_changes_no_order_and_no_duration(study, clock):
    study.vary(seed="0,1,2", epochs="80")
    process = study.start("-m", **clock(DAY))
    try:
        for finished, ahead in ((0, -DAY), (1, DAY), (2, 0)):
            wait_for(partial(is_at_work, study, finished), process=process, explain=lambda: study.said)
            clock(ahead)
        assert process.wait(timeout=120) == 0, study.said
    finally:
        kill(process)
    assert study.runs == ["FINISHED"] * 3
    begun = [start for start, _ in times(study)]
    assert max(begun) - min(begun) > DAY / 2, "the clock did jump between them"
    for start, end in times(study):
        assert 0 < end - start < 300
    for trial, result in zip(study.trials, study.results, strict=True):
        assert 0 < result["cost"]["wall_seconds"] < 300
        assert pd.read_csv(trial / "history.csv")["epoch_seconds"].between(0, 300, inclusive="neither").all()
    assert "-1 day" not in study.said
    folders = [path.name for path in study.folder.rglob("*") if path.is_dir()]
    folders = [name for name in folders if not re.fullmatch(r"[0-9a-f]{16}|[0-9a-f]{32}", name)]  # keys, MLflow's ids
    assert [name for name in folders if re.search(r"20\d\d|\d\d-\d\d", name)] == [], "no folder is named by time"

    clock(DAY)
    said = study.finish("-m", **clock(DAY))
    assert "3 trials: 3 finished earlier, 0 to train" in said
    clock(0)
    restored = command(study.folder, "package", f"restore={PACKAGE}")
    assert restored.returncode == 0, restored.stderr
    plans = [study.folder / "runs" / name / "plan.yaml" for name in ("scratch", "reference")]
    assert plans[0].stat().st_mtime > plans[1].stat().st_mtime + DAY / 2, "the older plan has the later date"
    assert list_studies(study.folder / "runs") == ["reference", "scratch"]
    assert "reference" in command(study.folder, "status").stdout.splitlines()[0]
