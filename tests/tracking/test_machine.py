"""What MLflow measures of the machine is logged to the run of the trial, if MLflow's own switch asks for it."""

import time

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.mark.parametrize("asked", ["true", ""])
def test_the_machine_is_in_the_run_if_somebody_asks(store, scratch, publish, start, runs, monkeypatch, asked, capfd):
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", asked or "false")
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.2")
    recording = start(scratch / "a")
    for row in publish(scratch / "a"):
        recording.epoch(row)
    time.sleep(1.5)
    recording.end()
    assert recording.trouble is None
    (run,) = runs(store)
    assert run.info.status == "FINISHED"
    assert ("system/cpu_utilization_percentage" in run.data.metrics) == bool(asked)
    assert "system metrics" not in capfd.readouterr().err
