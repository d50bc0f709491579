import base64
import errno
import shutil
import sqlite3

import pytest

from bloodstudy import tracking
from bloodstudy.errors import MachineError
from bloodstudy.tracking.store import explained, first_line

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_the_default_store_is_sqlite_with_artifacts_beside_it(tmp_path):
    store = tracking.open_store("scratch")
    assert (tmp_path / "mlflow.db").exists()
    assert tracking.open_store("scratch").experiment_id == store.experiment_id
    place = store.client.get_experiment(store.experiment_id).artifact_location
    assert place == (tmp_path / "mlartifacts" / "scratch").as_uri()


@pytest.mark.parametrize("name", ["copy", "a copy_100%", "ä?#"])
def test_a_copied_working_folder_has_its_own_artifacts(tmp_path, monkeypatch, name):
    first, copy = tmp_path / "first_", tmp_path / name
    first.mkdir()
    monkeypatch.chdir(first)
    store = tracking.open_store("scratch")
    kept, lost = (store.client.create_run(store.experiment_id).info for _ in range(2))
    for run in (kept, lost):
        store.client.log_text(run.run_id, "before", "said.txt")
    shutil.copytree(first, copy)
    (gone,) = copy.glob(f"mlartifacts/scratch/{lost.run_id}")
    shutil.rmtree(gone)
    before = {file: file.read_bytes() for file in sorted(first.rglob("*")) if file.is_file()}

    monkeypatch.chdir(copy)
    there = tracking.open_store("scratch")
    begun = there.client.create_run(there.experiment_id).info.run_id
    there.client.log_text(begun, "new", "said.txt")
    assert (copy / "mlartifacts/scratch" / begun / "artifacts/said.txt").read_text() == "new"
    # MLflow remembers the place of a run that it has written to, so what is written now tells nothing.
    artifacts = copy / "mlartifacts/scratch" / kept.run_id / "artifacts"
    assert there.client.get_run(kept.run_id).info.artifact_uri == artifacts.as_uri()
    assert there.client.get_run(lost.run_id).info.artifact_uri == lost.artifact_uri, "it did not come along"
    assert {file: file.read_bytes() for file in sorted(first.rglob("*")) if file.is_file()} == before


def test_another_store_is_honoured(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/other.db")
    tracking.open_store("scratch")
    assert (tmp_path / "other.db").exists()
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize("uri", ["nonsense://x", "http://127.0.0.1:9"])
def test_a_store_that_cannot_be_used_is_named_with_a_remedy(monkeypatch, uri):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(MachineError, match="MLFLOW_TRACKING_URI") as caught:
        tracking.open_store("scratch")
    assert uri in str(caught.value)


def test_a_damaged_store_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(MachineError, match=r"mlflow\.db"):
        tracking.open_store("scratch")
    assert (tmp_path / "mlflow.db").read_bytes().startswith(b"this is no database")


@pytest.mark.parametrize(("address", "shown"), [
    ("http://team:hunter2@host:5000", "http://***@host:5000"),
    ("https://ghp_token@host/mlflow", "https://***@host/mlflow"),
    ("postgresql://team:hun%40ter2@host/db?password=hunter3&sslmode=require", "postgresql://***@host/db?***"),
    ("http://host:5000?token=hunter4", "http://host:5000?***"),
    ("http://host:5000", "http://host:5000"),
    ("postgresql:///mlflow?host=h&user=bob&password=hunter2", "postgresql:///mlflow?***"),
    ("http://bob:pa'hunter2@host:5000", "http://***@host:5000"),
    ("http://bob:PA@hunter2@host:5000", "http://***@host:5000"),
    ("postgresql://bob:hunter/2@host/db", "postgresql://***@host/db"),
    ("bob:hunter2@host:5000", "***@host:5000"),
    ("http://bob:my hunter2@host:5000", "http://***@host:5000"),
    ("sqlite://bob:hunter2@host/x.db", "sqlite://***@host/x.db"),
    ("file://bob:hunter2@host/x", "file://***@host/x"),
    ("sqlite:///x.db?password=hunter2", "sqlite:///x.db?***"),
    ("http://host:5000/#tok=hunter2", "http://host:5000/#***"),
    ("sqlite:////data/a@b/mlflow.db", "sqlite:////data/a@b/mlflow.db"),
    ("sqlite:////data/a%20b/mlflow.db", "sqlite:////data/a%20b/mlflow.db"),
])  # fmt: skip
def test_no_part_of_an_address_that_may_be_a_secret_is_shown(monkeypatch, address, shown):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    assert tracking.public_uri() == shown
    said = first_line(ConnectionError(f"cannot reach {address} (or http://other:pass@elsewhere)"))
    assert said == f"cannot reach {shown} (or http://***@elsewhere)"


def test_a_full_disk_is_told_as_one_whatever_was_made_of_it(tmp_path):
    from sqlalchemy.exc import OperationalError

    inner = OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))
    try:
        try:
            raise inner
        except OperationalError as error:
            raise RuntimeError("(raised as a result of Query-invoked autoflush; consider using ...)") from error
    except RuntimeError as error:
        told = first_line(error)
    reason = "cannot be written: no room on its disk, or for a file of that size"
    assert told == f"the tracking store sqlite:///{tmp_path}/mlflow.db {reason}"
    assert first_line(OSError(errno.ENOSPC, "No space left on device", "artifacts/x")) == told


def test_what_mlflow_says_is_told_to_its_end_and_without_sql():
    from sqlalchemy.exc import OperationalError

    long = "this store is of another kind " * 12 + "\nand what to do is: mlflow migrate"
    assert first_line(ValueError(long + "\n\nmore")).endswith("and what to do is: mlflow migrate")
    assert (
        first_line(OperationalError("SELECT 1", {}, sqlite3.OperationalError("database is locked")))
        == "database is locked"
    )
    assert first_line(ValueError()) == "ValueError"
    assert len(first_line(ValueError("x" * 5000))) == 1003


def test_what_a_trial_has_replaced_stays_away_if_its_experiment_comes_back(
    folder, store, scratch, open_run, runs, monkeypatch
):
    monkeypatch.setattr("bloodstudy.tracking.store.PAGE", 1)
    for _ in range(3):
        open_run(store, scratch / "b")
    earlier, later = (open_run(store, scratch / "a") for _ in range(2))
    other = store.client.create_run(store.experiment_id).info.run_id
    before = {run.info.run_id for run in runs(store)}
    assert {later, other} < before
    store.client.delete_experiment(store.experiment_id)
    again = tracking.open_store("scratch")
    assert {run.info.run_id for run in runs(again)} == before
    assert earlier not in before
    assert len(before) == 3


@pytest.mark.parametrize(("uri", "environment", "sent"), [
    ("http://host:5000", {"USERNAME": "jane", "PASSWORD": "hunter2"}, "jane:hunter2"),
    ("http://jane:hun%20ter2@host:5000", {}, "jane:hun ter2"),
    ("http://host:5000", {"TOKEN": "ghp_hunter2"}, ""),
])  # fmt: skip
def test_what_a_server_repeats_of_what_it_was_sent_is_not_shown(monkeypatch, uri, environment, sent):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    for name, value in environment.items():
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)
    encoded = base64.b64encode(sent.encode()).decode()
    secrets = [*([encoded] if sent else []), *(v for name, v in environment.items() if name != "USERNAME")]
    said = first_line(ConnectionError(f"401: you sent {' and '.join(secrets)} to http://host"))
    assert said == f"401: you sent {' and '.join('***' for _ in secrets)} to http://host"


def test_a_full_disk_has_its_own_remedy():
    with pytest.raises(MachineError, match=r"no room on its disk.*Free some") as caught, explained():
        raise OSError(errno.ENOSPC, "No space left on device", "artifacts/x")
    assert "Start it" not in str(caught.value)
    assert str(caught.value).count("the tracking store") == 1
