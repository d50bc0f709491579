"""MLflow's own pages, opened in a browser: what a person finds there after a sweep."""

import html
import json
import re
import shutil
import subprocess

import pytest
from harness import TINY, finish, skip_but_in_ci
from mlflow_server import Server

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own

SCRIPT = re.compile(r"<(script|style).*?</\1>", re.DOTALL)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server over a store with one sweep of two arms."""
    folder = tmp_path_factory.mktemp("shown")
    finish(folder, "run", "-m", "name=drops", "dropout=0,0.3", "epochs=2", *TINY)
    server = Server(folder, f"sqlite:///{folder}/mlflow.db")
    yield server
    server.kill()


@pytest.fixture
def read(server, tmp_path):
    """Return a function that opens an address below the interface's # and returns the text that is to be seen."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        skip_but_in_ci("chromium is missing: apt-get install chromium")

    def read(address):
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--dump-dom"]
        options += ["--virtual-time-budget=30000", "--window-size=1500,1000", f"--user-data-dir={tmp_path / 'profile'}"]
        command = [program, *options, f"{server.uri}/#{address}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        text = re.sub("<[^>]+>", " ", SCRIPT.sub("", done.stdout))
        return re.sub(r"\s+", " ", html.unescape(text))

    return read


@pytest.fixture(scope="module")
def runs(server):
    """The study's own run, and those of its trials."""
    (parent,) = [run for run in server.runs("drops") if "trial_key" not in run.data.tags]
    return parent, [run for run in server.runs("drops") if run is not parent and "trial_key" in run.data.tags]


def test_the_trials_are_compared_by_arm_and_accuracy(read, runs):
    _, children = runs
    keys, experiment = [run.info.run_id for run in children], children[0].info.experiment_id
    page = read(f"/compare-runs?runs={json.dumps(keys)}&experiments={json.dumps([experiment])}".replace(" ", ""))
    assert "Comparing 2 Runs from 1 Experiment" in page
    assert "dropout=0, seed=0" in page
    assert "dropout=0.3, seed=0" in page
    assert "Parameters: dropout" in page, "what differs is chosen by itself"
    metrics = page.partition("Show diff only accuracy_gap")[2].split()
    shown = ["fit/accuracy", "fit/loss", "test_accuracy", "train_accuracy"]
    assert [name for name in metrics if name in shown][: len(shown)] == shown
    assert "confusion_matrix.svg" in page
    assert not re.search(r"\bNone\b|_clean\b", page.partition("Run details")[2].partition("Tags")[0])


def test_the_run_of_the_sweep_has_its_children_its_means_and_its_report(read, runs):
    parent, _ = runs
    place = f"/experiments/{parent.info.experiment_id}/runs/{parent.info.run_id}"
    page = read(f"{place}?workflowType=machine_learning")
    for words in ("Child runs dropout=0", "python -m bloodstudy.run", "dropout: 0, 0.3", "arm finished train test gap"):
        assert words in page
    assert "mean/test_accuracy/dropout 0.3" in page
    page = read(f"{place}/artifacts/report")
    assert re.search(r"Artifacts report figures claims\.json .*report\.html report\.md .*plan\.yaml", page)
    assert "accuracy.png" in read(f"{place}/artifacts/report/figures")


def test_an_experiment_shows_its_runs_once_model_training_is_chosen(read, runs):
    parent, _ = runs
    page = read(f"/experiments/{parent.info.experiment_id}/runs?workflowType=machine_learning")
    assert "Run Name" in page
    assert "drops" in page
