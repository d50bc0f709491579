"""F06: a folder or a store that cannot be written; refused at once, before any training, with path and remedy."""

import os
import subprocess
import sys
import time

import pytest


@pytest.fixture
def quick(study):
    study.vary(epochs="2")
    study.call()  # its images are decoded, its store is made: what follows is the refusal's own time
    for place in (study.folder, study.cache):
        for path in (place, *place.parents):
            if path.stat().st_uid == os.geteuid():
                path.chmod(path.stat().st_mode | 0o055)
    for path in (study.folder, *study.folder.rglob("*")):
        path.chmod(0o777)  # all but what a test closes
    return study


@pytest.fixture
def unprivileged():
    """What a command needs in front to be refused: permissions do not bind root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def run(study, before, *words):
    """Run the command behind `before`; return what became of it, and the seconds that it took."""
    kept = {"HOME": str(study.folder), "PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    begun = time.monotonic()
    ended = subprocess.run(
        [*before, sys.executable, "-m", "bloodstudy.run", *study.typed, f"cache_dir={study.cache}", *words],
        cwd=study.folder, capture_output=True, text=True, check=False, timeout=120, env=kept,
    )  # fmt: skip
    return ended, time.monotonic() - begun


def test_a_run_folder_that_is_read_only(quick, unprivileged):
    (quick.folder / "closed").mkdir(mode=0o555)
    ended, seconds = run(quick, unprivileged, "runs_dir=closed")
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert "closed" in ended.stderr
    assert "permission denied; name a folder that you may write to" in ended.stderr
    assert "epoch" not in ended.stdout
    assert "Traceback" not in ended.stderr
    assert seconds < 15


def test_a_store_that_somebody_else_owns(quick, unprivileged):
    quick.vary(seed="1")
    (quick.folder / "runs").rename(quick.folder / "elsewhere")
    before = (quick.folder / "mlflow.db").read_bytes()
    (quick.folder / "mlflow.db").chmod(0o444)
    ended, _ = run(quick, unprivileged)
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert "mlflow.db" in ended.stderr
    assert "MLFLOW_TRACKING_URI" in ended.stderr
    assert "epoch" not in ended.stdout
    assert (quick.folder / "mlflow.db").read_bytes() == before
