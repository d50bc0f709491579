"""A team's store: `mlflow server` over PostgreSQL, both really started here, on loopback."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from harness import TINY, kill, skip_but_in_ci, start, wait_for
from mlflow_server import Server, free_port, wait_for_run

from bloodstudy import files

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own

SWEEP = ["-m", "seed=0,1", "epochs=80", *TINY]


def find_postgres() -> Path:
    """Return the folder of initdb and postgres; skip where there is none, but never in CI."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found is None and not debian:
        skip_but_in_ci("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return Path(found).resolve().parent if found else debian[-1].parent


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """The address of an empty PostgreSQL database of our own."""
    programs, port = find_postgres(), free_port()
    # PostgreSQL refuses to run as root, and the folders of pytest are its user's alone.
    account = pwd.getpwnam("postgres" if "postgres" in {entry.pw_name for entry in pwd.getpwall()} else "nobody")
    other = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="bloodstudy-pg-"))
    folder.chmod(0o711)
    data = files.make_folder(folder / "data")
    if other:
        for place in (folder, data):
            os.chown(place, account.pw_uid, account.pw_gid)
    kept = {"cwd": folder, "env": os.environ | {"LC_ALL": "C"}, **other}
    trust = ["--auth=trust", "--username=team", "--no-sync", "--encoding=UTF8", "--locale=C"]
    subprocess.run([programs / "initdb", "-D", data, *trust], check=True, stdout=subprocess.DEVNULL, **kept)
    log = folder / "postgres.log"
    with log.open("w") as said:
        place = ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
        server = subprocess.Popen([programs / "postgres", "-D", data, *place], stdout=said, stderr=said, **kept)
    try:
        create = [programs / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "team", "mlflow"]
        wait_for(lambda: subprocess.call(create, stderr=subprocess.DEVNULL) == 0, 180, server, log.read_text)
        yield f"postgresql://team@127.0.0.1:{port}/mlflow"
    finally:
        server.send_signal(signal.SIGINT)  # at once, whoever is connected
        server.wait(30)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("server"), database)
    yield made
    made.kill()


@pytest.fixture
def begin(server, tmp_path):
    """Start the real command in the folder of the test; what it says goes to said.txt there."""
    begun = []

    def begin(*words, uri=server.uri):
        begun.append(start(tmp_path, "run", *words, MLFLOW_TRACKING_URI=uri))
        return begun[-1]

    yield begin
    for process in begun:
        kill(process)


def test_a_server_that_is_killed_in_a_trial_and_started_again_has_each_trial_once(server, begin, tmp_path):
    process = begin(*SWEEP)
    wait_for_run(tmp_path, process)
    server.kill()
    assert process.wait(600) == 0, (tmp_path / "said.txt").read_text()
    said = (tmp_path / "said.txt").read_text()
    assert said.count("warning") == 1
    assert "2 trials not in MLflow yet" in said
    server.start()
    assert [run.info.status for run in server.runs()] == ["RUNNING"], "the server was killed in the middle of a trial"
    assert begin(*SWEEP).wait(300) == 0
    assert "logged 2 earlier trials" in (tmp_path / "said.txt").read_text()
    server.assert_logged_once(tmp_path)
    assert begin(*SWEEP).wait(300) == 0
    assert "logged" not in (tmp_path / "said.txt").read_text()
    server.assert_logged_once(tmp_path)


def test_a_study_is_a_run_with_its_trials_below_it_also_after_a_kill(server, begin, tmp_path):
    study = ["-m", "study=smoke", "design=fixed", "seeds=1", "epochs=12", "depth=2", "cache_dir=cache"]
    process, name = begin(*study), "smoke"
    wait_for_run(tmp_path, process, name)
    kill(process)
    assert {run.info.status for run in server.runs(name)} == {"RUNNING"}, "killed: nobody closed anything"
    assert begin(*study).wait(600) == 0, (tmp_path / "said.txt").read_text()
    (parent,) = [run for run in server.runs(name) if run.data.tags.get("bloodstudy.kind") == "study"]
    assert parent.info.run_name == name
    assert parent.data.params["looks"] == "[6, 10, 16, 25]"
    children = [run for run in server.runs(name) if run.info.run_id != parent.info.run_id]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert len(children) == 5, "arms"
    server.assert_logged_once(tmp_path, name)


def test_a_database_of_an_older_mlflow_is_not_migrated_by_a_trial(database, begin, tmp_path):
    import sqlalchemy

    def ask(uri, statement, **values):
        engine = sqlalchemy.create_engine(uri, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            answer = connection.execute(sqlalchemy.text(statement), values)
            given = answer.scalar() if answer.returns_rows else None
        engine.dispose()
        return given

    ask(database, "CREATE DATABASE direct")
    uri = database.replace("/mlflow", "/direct")
    assert begin("epochs=1", *TINY, uri=uri).wait(300) == 0
    assert "not in MLflow yet:" not in (tmp_path / "said.txt").read_text(), "a database without a server works as well"
    ask(uri, "UPDATE alembic_version SET version_num = '76601a5f987d'")
    ask(uri, "DROP TABLE job_locks")  # MLflow takes a missing table as its leave to migrate
    assert begin("epochs=2", *TINY, uri=uri).wait(300) == 0
    said = (tmp_path / "said.txt").read_text()
    assert said.count("warning") == 1
    assert "older MLflow" in said
    assert ask(uri, "SELECT version_num FROM alembic_version") == "76601a5f987d"
