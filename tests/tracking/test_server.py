"""A team's store: `mlflow server` over PostgreSQL, both really started here, on loopback."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

from bloodstudy import files

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own

TINY = ["data.photographs=2", "data.copies=2", "image_size=[24,32]", "depth=1", "cache_dir=cache"]
SWEEP = ["-m", "seed=0,1", "epochs=80", *TINY]


def find_postgres() -> Path:
    """Return the folder of initdb and postgres; skip where there is none, but never in CI."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found is None and not debian:
        message = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return Path(found).resolve().parent if found else debian[-1].parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """The address of an empty PostgreSQL database of our own."""
    programs, port = find_postgres(), free_port()
    # PostgreSQL refuses to run as root, and the folders of pytest are its user's alone.
    account = pwd.getpwnam("postgres" if "postgres" in {entry.pw_name for entry in pwd.getpwall()} else "nobody")
    other = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="bloodstudy-pg-"))
    folder.chmod(0o711)
    data = folder / "data"
    data.mkdir()
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
        wait_until(lambda: connects(port), server, log)
        create = [programs / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "team", "mlflow"]
        for _ in range(50):
            if subprocess.run(create, check=False, capture_output=True).returncode == 0:
                break
            time.sleep(0.2)
        yield f"postgresql://team@127.0.0.1:{port}/mlflow"
    finally:
        server.send_signal(signal.SIGINT)  # at once, whoever is connected
        server.wait(30)
        shutil.rmtree(folder)


def connects(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(ready, process, log: Path, timeout_s: float = 180) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-3000:]
        if ready():
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text()[-3000:])


class Server:
    """`mlflow server` over a database, to be killed and started again at the same address."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder, self.database, self.port = files.make_folder(folder), database, free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        stores = ["--backend-store-uri", self.database, "--artifacts-destination", str(self.folder / "artifacts")]
        place = ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        log = self.folder / "server.log"
        with log.open("a") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", "server", *stores, *place],
                stdout=said, stderr=said, start_new_session=True, cwd=self.folder, env=os.environ | quiet,
            )  # fmt: skip
        wait_until(self.answers, self.process, log)

    def answers(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self.uri}/health", timeout=5).status == 200
        except OSError:
            return False

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        assert self.process.wait(30) == -signal.SIGKILL

    @property
    def client(self):
        from mlflow import MlflowClient

        return MlflowClient(self.uri)

    def runs(self, study="scratch"):
        experiment = self.client.get_experiment_by_name(study)
        return self.client.search_runs([experiment.experiment_id]) if experiment else []


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("server"), database)
    yield made
    made.kill()


@pytest.fixture
def start(server, tmp_path):
    """Start the real command in the folder of the test; what it says goes to said.txt there."""
    started = []

    def begin(*arguments, uri=server.uri):
        with (tmp_path / "said.txt").open("w") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "bloodstudy.run", *arguments],
                cwd=tmp_path, stdout=said, stderr=subprocess.STDOUT, start_new_session=True,
                env=os.environ | {"MLFLOW_TRACKING_URI": uri},
            )  # fmt: skip
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def results(folder):
    return sorted(folder.glob("runs/*/*/result.json"), key=lambda file: file.stat().st_mtime)


def assert_logged_once(server, folder, study="scratch"):
    """Fail unless the server has each trial of the folder once, whole, and nothing is RUNNING."""
    runs = [run for run in server.runs(study) if "trial_key" in run.data.tags]
    assert sorted(run.data.tags["trial_key"] for run in runs) == sorted(file.parent.name for file in results(folder))
    assert {run.info.status for run in server.runs(study)} == {"FINISHED"}
    for run in runs:
        result = files.read_json(folder / "runs" / study / run.data.tags["trial_key"] / "result.json")
        assert run.data.metrics["accuracy_gap"] == pytest.approx(result["responses"]["accuracy_gap"])
        points = server.client.get_metric_history(run.info.run_id, "fit_accuracy")
        assert [point.step for point in points] == list(range(1, result["epochs_done"] + 1))
        names = {artifact.path for artifact in server.client.list_artifacts(run.info.run_id)}
        assert names == {"config.yaml", "history.csv", "predictions.parquet"}


def wait_for_run(folder, process):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, (folder / "said.txt").read_text()
        for file in folder.glob("runs/*/*/run.json"):
            if (files.read_json(file) or {})["run_id"]:
                assert results(folder) == [], "the trial is over already"
                return
        time.sleep(0.05)
    raise AssertionError((folder / "said.txt").read_text())


def test_a_server_that_is_killed_in_a_trial_and_started_again_has_each_trial_once(server, start, tmp_path):
    process = start(*SWEEP)
    wait_for_run(tmp_path, process)
    server.kill()
    assert process.wait(600) == 0, (tmp_path / "said.txt").read_text()
    said = (tmp_path / "said.txt").read_text()
    assert said.count("warning") == 1
    assert "2 trials not in MLflow yet" in said
    server.start()
    assert [run.info.status for run in server.runs()] == ["RUNNING"], "the server was killed in the middle of a trial"
    assert start(*SWEEP).wait(300) == 0
    assert "logged 2 earlier trials" in (tmp_path / "said.txt").read_text()
    assert_logged_once(server, tmp_path)
    assert start(*SWEEP).wait(300) == 0
    assert "logged" not in (tmp_path / "said.txt").read_text()
    assert_logged_once(server, tmp_path)


def test_a_study_is_a_run_with_its_trials_below_it_also_after_a_kill(server, start, tmp_path):
    study = ["-m", "study=smoke", "seeds=1", "epochs=12", "depth=2", "cache_dir=cache"]
    process = start(*study)
    wait_for_run(tmp_path, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    name = "smoke"
    assert {run.info.status for run in server.runs(name)} == {"RUNNING"}, "killed: nobody closed anything"
    assert start(*study).wait(600) == 0, (tmp_path / "said.txt").read_text()
    (parent,) = [run for run in server.runs(name) if run.data.tags.get("bloodstudy.kind") == "study"]
    assert parent.info.run_name == name
    assert parent.data.params["looks"] == "[2]"
    children = [run for run in server.runs(name) if run.info.run_id != parent.info.run_id]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert len(children) == 7, "arms"
    assert_logged_once(server, tmp_path, name)


def test_a_database_of_an_older_mlflow_is_not_migrated_by_a_trial(database, start, tmp_path):
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
    assert start("epochs=1", *TINY, uri=uri).wait(300) == 0
    assert "not in MLflow yet:" not in (tmp_path / "said.txt").read_text(), "a database without a server works as well"
    ask(uri, "UPDATE alembic_version SET version_num = '76601a5f987d'")
    ask(uri, "DROP TABLE job_locks")  # MLflow takes a missing table as its leave to migrate
    assert start("epochs=2", *TINY, uri=uri).wait(300) == 0
    said = (tmp_path / "said.txt").read_text()
    assert said.count("warning") == 1
    assert "older MLflow" in said
    assert ask(uri, "SELECT version_num FROM alembic_version") == "76601a5f987d"
