"""The store as a file: created whole, refused if it cannot be used."""

import multiprocessing
import os
import signal
import sqlite3
import string
from contextlib import closing

import pytest
import sqlalchemy

from bloodstudy import tracking
from bloodstudy.errors import MachineError
from bloodstudy.tracking import sqlite

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("sqlite:////a/b.db", "/a/b.db"), ("sqlite:///b.db", "b.db"), ("sqlite:///b.db?timeout=9", "b.db"),
        ("sqlite:////a%20b/%3F.db?timeout=9", "/a b/?.db"),
        ("sqlite:///:memory:", None), ("http://127.0.0.1:5000", None), ("postgresql://a@b/c", None),
    ],
)  # fmt: skip
def test_the_file_of_an_address(uri, path):
    found = sqlite.path_of(uri)
    assert (None if found is None else str(found)) == path


@pytest.mark.parametrize("character", [*string.printable.strip().replace("/", ""), *" äß中😀", "%20", "%3F", "?a=b"])
def test_the_file_of_any_folder_is_the_one_that_sqlalchemy_opens(tmp_path, character):
    path = tmp_path / f"x{character}y" / "mlflow.db"
    assert sqlite.path_of(sqlite.address_of(path)) == path
    assert sqlalchemy.make_url(sqlite.address_of(path)).database == str(path)


PRINTABLE = string.printable.strip().replace("/", "") + " ä中"


@pytest.mark.parametrize("name", [PRINTABLE[:50], PRINTABLE[50:], "a?b", "a%20b", "100%", "a#b"])
def test_a_trial_is_logged_in_a_working_folder_of_any_name(tmp_path, monkeypatch, name):
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    store = tracking.open_store("scratch")
    run = store.client.create_run(store.experiment_id)
    (folder / "plan.yaml").write_text("study: scratch\n")
    store.client.log_artifact(run.info.run_id, "plan.yaml")
    assert [path.name for path in folder.rglob("plan.yaml")] == ["plan.yaml"] * 2
    tracking.require_store()
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        assert database.execute("SELECT count(*) FROM runs").fetchone() == (1,)
    assert list(tmp_path.iterdir()) == [folder], "nothing lies beside it"


def test_the_newest_schema_is_the_one_that_mlflow_makes(folder):
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
    known, newest = sqlite._revisions()
    assert newest == revision
    assert len(known) > 50
    sqlite.require(folder / "mlflow.db")


def test_a_store_in_use_is_taken_as_it_is(folder):
    path = folder / "mlflow.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        sqlite.require(path)


def test_what_a_killed_process_left_unfinished_is_no_damage(folder):
    path = folder / "mlflow.db"
    killed = multiprocessing.get_context("fork").Process(target=write_and_die, args=(path,))
    killed.start()
    killed.join(30)
    assert path.with_name("mlflow.db-journal").stat().st_size > 0, "the fault happened: a hot journal is left"
    sqlite.require(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM experiment_tags WHERE key LIKE 'key%'").fetchone() == (0,)


def write_and_die(path):
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA cache_size = 1")  # pages are written before the end of the transaction
    database.execute("BEGIN")
    for k in range(2000):
        database.execute("INSERT INTO experiment_tags VALUES (?, ?, 0)", (f"key{k}", "x" * 500))
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_store_is_created_whole_and_once(tmp_path):
    path = tmp_path / "new" / "mlflow.db"
    context = multiprocessing.get_context("fork")
    makers = [context.Process(target=sqlite.create, args=(path,)) for _ in range(2)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(120)
    assert [maker.exitcode for maker in makers] == [0, 0]
    sqlite.require(path)
    assert sorted(file.name for file in path.parent.iterdir()) == ["mlflow.db", "mlflow.db.lock"]


def test_a_file_without_tables_is_no_new_store(tmp_path):
    (tmp_path / "mlflow.db").touch()
    with pytest.raises(MachineError, match="ove it away"):
        sqlite.require(tmp_path / "mlflow.db")
    assert (tmp_path / "mlflow.db").stat().st_size == 0
