"""F07: the MLflow server is absent at the start, stops in the middle, answers 500, or accepts and never answers.

A real server stands behind a gate on loopback, which passes each request on, answers 500, or keeps silent.
"""

import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from harness import TINY, kill, results, start, wait_for
from mlflow_server import Server, free_port, wait_for_run

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own

SWEEP = ["-m", "seed=0,1", "epochs=60", *TINY]


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


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("server"))
    yield made
    made.kill()


@pytest.fixture
def server(shared_server):
    yield shared_server
    shared_server.forget()


@pytest.fixture
def gate(server):
    made = Gate(server.port)
    yield made
    made.close()


@pytest.fixture
def begin(tmp_path):
    """Start the real command in an empty folder; what still runs at the end of the test is killed by its id."""
    begun = []

    def begin(uri, *words):
        begun.append(start(tmp_path, "run", *words, MLFLOW_TRACKING_URI=uri))
        return begun[-1]

    yield begin
    for process in begun:
        kill(process)


@pytest.fixture
def said(tmp_path):
    """Return a function that returns what the last command has said."""
    return (tmp_path / "said.txt").read_text


def test_a_server_that_is_absent_costs_nothing_and_gets_the_trial_once_it_is_there(server, begin, said, tmp_path):
    uri = f"http://127.0.0.1:{free_port()}"
    away = begin(uri, "epochs=2", *TINY)
    assert away.wait(300) == 0, said()
    assert said().count("warning") == 1
    assert "1 trial not in MLflow yet" in said()
    assert "Training goes on" in said()
    assert "Traceback" not in said()
    before = results(tmp_path)
    assert len(before) == 1
    for expected in ("logged 1 earlier trial", "nothing to train"):
        assert begin(server.uri, "epochs=2", *TINY).wait(300) == 0, said()
        assert expected in said()
    assert "logged" not in said()
    server.assert_logged_once(tmp_path)
    assert results(tmp_path) == before


@pytest.mark.parametrize("mode", ["500", "hang"])
def test_a_server_that_fails_in_the_middle_costs_seconds_and_loses_nothing(server, gate, begin, said, tmp_path, mode):
    process = begin(gate.uri, *SWEEP)
    wait_for_run(tmp_path, process)
    gate.mode = mode
    assert process.wait(600) == 0, said()
    assert gate.spoiled > 0, "the fault happened"
    assert said().count("warning") == 1
    assert "2 trials not in MLflow yet" in said()
    assert "Traceback" not in said()
    first, second = (tmp_path / "runs/scratch" / result["key"] for result in results(tmp_path))
    waited = (second / "config.yaml").stat().st_mtime - (first / "result.json").stat().st_mtime
    assert waited < 8, "five seconds, and what Hydra takes on a busy machine"
    gate.open()
    assert begin(gate.uri, *SWEEP).wait(300) == 0, said()
    assert "logged 2 earlier trials" in said()
    server.assert_logged_once(tmp_path)


def test_a_server_that_recovers_during_a_sweep_gets_all_of_it_by_the_same_command(server, gate, begin, said, tmp_path):
    process = begin(gate.uri, *SWEEP)
    wait_for_run(tmp_path, process)
    gate.mode = "500"
    wait_for(lambda: results(tmp_path), 300)
    time.sleep(1.0)
    gate.open()
    assert gate.spoiled > 0
    assert process.wait(600) == 0, said()
    assert said().count("warning") == 1
    assert "not in MLflow yet:" in said(), "the fault was told"
    server.assert_logged_once(tmp_path)


def test_a_server_that_is_killed_in_the_middle_and_started_again(server, begin, said, tmp_path):
    process = begin(server.uri, *SWEEP)
    wait_for_run(tmp_path, process)
    server.kill()
    assert process.wait(600) == 0, said()
    assert said().count("warning") == 1
    server.start()
    assert len([run for run in server.runs() if run.info.status == "RUNNING"]) == 1, "the server was killed in a trial"
    assert begin(server.uri, *SWEEP).wait(300) == 0, said()
    assert "logged 2 earlier trials" in said()
    server.assert_logged_once(tmp_path)
