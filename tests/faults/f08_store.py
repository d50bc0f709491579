"""F08: the SQLite store is locked by another process, truncated, or made by an older or a newer MLflow."""

import hashlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from harness import TINY, command, finish, give_store, results, run_python, start, statuses, wait_for

from bloodstudy import files

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own

TRIAL = ["epochs=3", *TINY]
# Takes the one lock that a writer needs, says so, and holds it.
HOLD = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with one finished trial and its store."""
    folder = tmp_path_factory.mktemp("trained")
    give_store(folder)
    finish(folder, "run", "epochs=2", *TINY)
    assert statuses(folder) == ["FINISHED"]
    return folder


@pytest.fixture
def place(trained, tmp_path):
    """A copy of it."""
    subprocess.run(["cp", "-a", f"{trained}/.", str(tmp_path)], check=True)
    # Where a trial was logged names the store by its path, which the copy has changed.
    for file in tmp_path.glob("runs/scratch/*/*.json"):
        file.write_text(file.read_text().replace(str(trained), str(tmp_path)))
    return tmp_path


@pytest.fixture
def hold():
    """Lock a store from another process for so many seconds."""
    holders = []

    def start(folder, seconds):
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder / "mlflow.db"), str(seconds)], stdout=subprocess.PIPE, text=True
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        holders.append(holder)
        return holder

    yield start
    for holder in holders:
        holder.kill()
        holder.wait()


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_lock_that_ends_within_our_patience_costs_nothing(place, hold):
    holder = hold(place, 12)
    ended = finish(place, "run", *TRIAL, own_process=True)
    assert holder.wait(0.1) == 0, "the lock was over before the command"
    assert statuses(place) == ["FINISHED", "FINISHED"]
    assert "not in MLflow yet:" not in ended.replace("warning: not in MLflow yet:", "")
    assert len(results(place)) == 2


def test_a_lock_that_outlasts_the_command_loses_nothing(place, hold):
    holder = hold(place, 600)
    ended = command(place, "run", *TRIAL)
    assert holder.poll() is None, "the lock outlasted the command"
    assert ended.returncode == 0, ended.stderr
    assert (ended.stdout + ended.stderr).count("warning") == 1
    assert "Traceback" not in ended.stdout + ended.stderr
    assert "1 trial not in MLflow yet" in ended.stdout
    assert len(results(place)) == 2
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    again = command(place, "run", *TRIAL)
    assert "logged 1 earlier trial" in again.stdout
    assert "nothing to train" in again.stdout
    assert statuses(place) == ["FINISHED", "FINISHED"]


def test_a_truncated_store_is_refused_and_left_and_a_new_one_gets_every_trial(place):
    database = place / "mlflow.db"
    size = database.stat().st_size
    for share in (0.9, 0.3, 0.0):
        with database.open("rb+") as stream:
            stream.truncate(int(share * size))
        before = digest(database)
        begun = time.monotonic()
        ended = command(place, "run", *TRIAL)
        assert time.monotonic() - begun < 20, "refused at once"
        assert ended.returncode == 3, ended.stdout
        assert ended.stderr.startswith("bloodstudy: the tracking store")
        assert "mlflow.db" in ended.stderr
        assert "ove it away" in ended.stderr, "the remedy"
        assert len(ended.stderr.splitlines()) == 1
        assert digest(database) == before
        assert len(results(place)) == 1, "nothing was trained"

    finish(place, "report")
    assert (place / "reports" / "scratch" / "report.md").exists()
    assert digest(database) == before

    database.rename(place / "damaged.db")
    said = finish(place, "run", *TRIAL, own_process=True)
    assert "logged 1 earlier trial" in said
    assert statuses(place) == ["FINISHED", "FINISHED"]


def assert_refused(place, revision, told):
    """Fail unless the command names the store, its schema and the remedy, and leaves it as it is; a report works."""
    before = digest(place / "mlflow.db")
    ended = command(place, "run", *TRIAL)
    assert ended.returncode == 3, ended.stdout
    for expected in ("mlflow.db", told, revision):
        assert expected in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert len(results(place)) == 1, "nothing was trained"
    finish(place, "report")
    assert digest(place / "mlflow.db") == before


def revision_of(database):
    with closing(sqlite3.connect(database)) as store:
        return store.execute("SELECT version_num FROM alembic_version").fetchone()[0]


def write_older_store(database, revision):
    """Make an empty store with the tables that MLflow had at `revision`, by MLflow's own migrations."""
    import sqlalchemy
    from alembic import command as alembic
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base

    engine = sqlalchemy.create_engine(f"sqlite:///{database}")
    Base.metadata.create_all(engine)
    config = _get_alembic_config(str(engine.url))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.upgrade(config, revision)
    engine.dispose()


OLDER = "76601a5f987d"  # the one that adds the table `issues`; tables of today are missing


def test_an_older_store_is_refused_and_never_migrated(place):
    (place / "mlflow.db").unlink()
    write_older_store(place / "mlflow.db", OLDER)
    shutil.copy(place / "mlflow.db", place / "copy.db")
    assert_refused(place, OLDER, "older MLflow")
    # The fault is real: left to itself, MLflow migrates such a store without asking.
    code = "import sys; from mlflow import MlflowClient; MlflowClient(sys.argv[1]).search_experiments()"
    run_python(place, code, f"sqlite:///{place}/copy.db")
    assert revision_of(place / "copy.db") != OLDER
    # The remedy is the one that the message names, and then the store takes what it lacks.
    upgrade = [sys.executable, "-m", "mlflow", "db", "upgrade", f"sqlite:///{place}/mlflow.db"]
    subprocess.run(upgrade, capture_output=True, check=True)
    finish(place, "run", *TRIAL, own_process=True)
    assert statuses(place) == ["FINISHED", "FINISHED"]


@pytest.mark.parametrize("dropped", [None, "issues"])
def test_a_newer_store_is_refused(place, dropped):
    with closing(sqlite3.connect(place / "mlflow.db")) as store:
        store.execute("UPDATE alembic_version SET version_num = 'ffff00001111'")
        if dropped:
            store.execute(f"DROP TABLE {dropped}")
        store.commit()
    assert_refused(place, "ffff00001111", "newer MLflow")


def test_a_store_that_is_damaged_during_a_trial_costs_nothing(place):
    process = start(place, "run", "epochs=80", *TINY)
    notes = lambda: [files.read_json(file) for file in place.glob("runs/scratch/*/run.json")]  # noqa: E731
    wait_for(lambda: len([note for note in notes() if note["run_id"]]) == 2, 120, process)
    assert len(results(place)) == 1, "the trial is still being trained"
    with (place / "mlflow.db").open("rb+") as stream:
        stream.truncate(5000)
    code, said = process.wait(timeout=300), (place / "said.txt").read_text()
    assert code == 0, said
    assert said.count("warning") == 1
    assert "Traceback" not in said
    assert len(results(place)) == 2
    (place / "mlflow.db").rename(place / "damaged.db")
    for journal in place.glob("mlflow.db-*"):
        journal.unlink()
    again = command(place, "run", "epochs=80", *TINY)
    assert "logged 2 earlier trials" in again.stdout
    assert statuses(place) == ["FINISHED", "FINISHED"]
