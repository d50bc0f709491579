"""F07: the MLflow server is absent at the start, stops in the middle, answers 500, or accepts and never answers.

A real server stands behind a gate on loopback, which passes each request on, answers 500, or keeps silent.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bloodstudy import files

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own

TINY = ["data.photographs=2", "data.copies=2", "image_size=[24,32]", "depth=1", "cache_dir=cache"]
SWEEP = ["-m", "seed=0,1", "epochs=60", *TINY]


class Server:
    """`mlflow server` over an SQLite file, which can be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = files.make_folder(folder), free_port()
        self.start()

    def start(self) -> None:
        stores = ["--backend-store-uri", f"sqlite:///{self.folder}/server.db"]
        stores += ["--artifacts-destination", str(self.folder / "artifacts")]
        place = ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        with (self.folder / "server.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", "server", *stores, *place],
                stdout=log, stderr=log, start_new_session=True, cwd=self.folder,
                env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            )  # fmt: skip
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5).read()
                return
            except OSError:
                time.sleep(0.2)
        raise AssertionError((self.folder / "server.log").read_text()[-3000:])

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        assert self.process.wait(30) == -signal.SIGKILL

    def runs(self) -> list:
        from mlflow import MlflowClient

        client = MlflowClient(f"http://127.0.0.1:{self.port}")
        return client.search_runs([client.get_experiment_by_name("scratch").experiment_id])


class Gate:
    """Stands before a server: passes requests on, answers 500 to each, or keeps silent; counts what it did so."""

    def __init__(self, port: int) -> None:
        gate = self
        self.mode, self.spoiled = "open", 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if gate.mode != "open":
                    gate.spoiled += 1
                    if gate.mode == "hang":
                        gate.opened.wait(300)
                        self.close_connection = True
                    else:
                        self.answer(500, b'{"error_code": "INTERNAL_ERROR", "message": "planted"}')
                    return
                kept = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                url = f"http://127.0.0.1:{port}{self.path}"
                request = urllib.request.Request(url, body or None, kept, method=self.command)
                try:
                    with urllib.request.urlopen(request, timeout=60) as answered:
                        self.answer(answered.status, answered.read())
                except urllib.error.HTTPError as error:
                    self.answer(error.code, error.read())

            def answer(self, code: int, body: bytes) -> None:
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815 (their names)

            def log_message(self, *_: object) -> None:
                pass

        self.opened = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def open(self) -> None:
        self.mode = "open"
        self.opened.set()
        self.opened = threading.Event()

    def close(self) -> None:
        self.opened.set()
        self._http.shutdown()
        self._http.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("server"))
    yield made
    made.kill()


@pytest.fixture
def gate(server):
    made = Gate(server.port)
    yield made
    made.close()


@pytest.fixture
def begin(tmp_path):
    """Start the real command in an empty folder; what still runs at the end of the test is killed by its id."""
    begun = []

    def start(uri, *arguments):
        with (tmp_path / "said.txt").open("w") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "bloodstudy.run", *arguments], cwd=tmp_path, stdout=said,
                stderr=subprocess.STDOUT, env=os.environ | {"MLFLOW_TRACKING_URI": uri}, start_new_session=True,
            )  # fmt: skip
        begun.append(process)
        return process

    yield start
    for process in begun:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def said(folder):
    return (folder / "said.txt").read_text()


def wait_for_run(folder, process, timeout_s=120):
    """Wait until the store has answered for a trial that is still being trained."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        assert process.poll() is None, said(folder)
        for file in folder.glob("runs/scratch/*/run.json"):
            if (files.read_json(file) or {})["run_id"]:
                assert not (file.parent / "result.json").exists(), "the trial is over before the fault"
                return
        time.sleep(0.05)
    raise AssertionError(said(folder))


def finished(folder):
    return sorted(folder.glob("runs/scratch/*/result.json"), key=lambda file: file.stat().st_mtime)


def keys_logged(server, folder):
    """Return the trial keys of this folder's runs, with their status: what is not deleted, RUNNING ones included."""
    own = {file.parent.name for file in finished(folder)}
    tags = [(run.data.tags["trial_key"], run.info.status, len(run.data.metrics)) for run in server.runs()]
    return sorted((key, status) for key, status, _ in tags if key in own)


def assert_logged_once(server, folder):
    assert keys_logged(server, folder) == sorted((file.parent.name, "FINISHED") for file in finished(folder))
    from mlflow import MlflowClient

    client = MlflowClient(f"http://127.0.0.1:{server.port}")
    for file in finished(folder):
        run_id = files.read_json(file.parent / "logged.json")["run_id"]
        epochs = files.read_json(file)["epochs_done"]
        points = client.get_metric_history(run_id, "fit_loss")
        assert [point.step for point in points] == list(range(1, epochs + 1)), "no epoch is lost or doubled"
        names = {artifact.path for artifact in client.list_artifacts(run_id)}
        assert names == {"config.yaml", "history.csv", "predictions.parquet"}


def wipe(server, folder):
    """Delete this test's runs, since the tests share a server and the trials have the same keys."""
    from mlflow import MlflowClient

    client = MlflowClient(f"http://127.0.0.1:{server.port}")
    for run in server.runs():
        client.delete_run(run.info.run_id)


def test_a_server_that_is_absent_costs_nothing_and_gets_the_trial_once_it_is_there(server, begin, tmp_path):
    uri = f"http://127.0.0.1:{free_port()}"
    away = begin(uri, "epochs=2", *TINY)
    assert away.wait(300) == 0, said(tmp_path)
    assert said(tmp_path).count("warning") == 1
    assert "1 trial not in MLflow yet" in said(tmp_path)
    assert "Traceback" not in said(tmp_path)
    assert len(finished(tmp_path)) == 1
    before = files.read_json(finished(tmp_path)[0])
    for expected in ("logged 1 earlier trial", "nothing to train"):
        assert begin(f"http://127.0.0.1:{server.port}", "epochs=2", *TINY).wait(300) == 0
        assert expected in said(tmp_path)
    assert "logged" not in said(tmp_path)
    assert_logged_once(server, tmp_path)
    assert files.read_json(finished(tmp_path)[0]) == before
    wipe(server, tmp_path)


@pytest.mark.parametrize("mode", ["500", "hang"])
def test_a_server_that_fails_in_the_middle_costs_seconds_and_loses_nothing(server, gate, begin, tmp_path, mode):
    process = begin(gate.uri, *SWEEP)
    wait_for_run(tmp_path, process)
    gate.mode = mode
    assert process.wait(600) == 0, said(tmp_path)
    assert gate.spoiled > 0, "the fault happened"
    assert said(tmp_path).count("warning") == 1
    assert "2 trials not in MLflow yet" in said(tmp_path)
    assert "Traceback" not in said(tmp_path)
    first, second = finished(tmp_path)
    waited = (second.parent / "config.yaml").stat().st_mtime - first.stat().st_mtime
    assert waited < 8, "five seconds, and what Hydra takes on a busy machine"
    gate.open()
    assert begin(gate.uri, *SWEEP).wait(300) == 0
    assert "logged 2 earlier trials" in said(tmp_path)
    assert_logged_once(server, tmp_path)
    wipe(server, tmp_path)


def test_a_server_that_recovers_during_a_sweep_gets_all_of_it_by_the_same_command(server, gate, begin, tmp_path):
    process = begin(gate.uri, *SWEEP)
    wait_for_run(tmp_path, process)
    gate.mode = "500"
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not finished(tmp_path):
        time.sleep(0.05)
    time.sleep(1.0)
    gate.open()
    assert gate.spoiled > 0
    assert process.wait(600) == 0, said(tmp_path)
    assert said(tmp_path).count("warning") == 1
    assert "not in MLflow yet:" in said(tmp_path), "the fault was told"
    assert_logged_once(server, tmp_path)
    wipe(server, tmp_path)


def test_a_server_that_is_killed_in_the_middle_and_started_again(server, begin, tmp_path):
    uri = f"http://127.0.0.1:{server.port}"
    process = begin(uri, *SWEEP)
    wait_for_run(tmp_path, process)
    server.kill()
    assert process.wait(600) == 0, said(tmp_path)
    assert said(tmp_path).count("warning") == 1
    server.start()
    assert len([run for run in server.runs() if run.info.status == "RUNNING"]) == 1, "the server was killed in a trial"
    assert begin(uri, *SWEEP).wait(300) == 0
    assert "logged 2 earlier trials" in said(tmp_path)
    assert_logged_once(server, tmp_path)
