"""With save_model=true, MLflow holds the trained network with its signature, and it predicts what is stored."""

import subprocess
import sys

import mlflow
import numpy as np
import pandas as pd
import pytest
from harness import TINY, call, finish

from bloodstudy import files
from bloodstudy.cli import compose
from bloodstudy.execution import datasets

WORDS = ["-m", "norm=lrn,batch", "ema=0.5", "epochs=2", *TINY]

# As a stranger's process loads it: all that it knows of bloodstudy are the layers that Keras does not have.
LOAD = """
import sys
import bloodstudy.model.layers
import mlflow, numpy as np
images = np.load(sys.argv[1])
for run, place in zip(sys.argv[2::2], sys.argv[3::2]):
    np.save(place, mlflow.pyfunc.load_model(f"runs:/{run}/model").predict(images))
    kept = mlflow.keras.load_model(f"runs:/{run}/model")
    assert np.array_equal(kept.predict(images, verbose=0), np.load(place))
"""


@pytest.mark.slow
def test_the_network_in_mlflow_predicts_what_is_stored(tmp_path, monkeypatch):
    store = f"sqlite:///{tmp_path}/mlflow.db"
    finish(tmp_path, "run", "save_model=true", *WORDS, MLFLOW_TRACKING_URI=store)
    monkeypatch.chdir(tmp_path)
    images = datasets.load_data(compose.check(TINY, False).jobs[0].settings)
    trials = {path.parent.name: path.parent for path in (tmp_path / "runs" / "scratch").glob("*/result.json")}
    assert len(trials) == 2
    runs = {key: files.read_json(folder / "logged.json")["run_id"] for key, folder in trials.items()}
    places = {key: str(tmp_path / f"{key}.npy") for key in trials}
    words = [word for key in trials for word in (runs[key], places[key])]
    array = tmp_path / "images.npy"
    np.save(array, images.images)
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, array, *words], capture_output=True, text=True, check=False,
        env={"MLFLOW_TRACKING_URI": store, "HOME": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip
    assert loaded.returncode == 0, loaded.stderr[-3000:]
    for key, folder in trials.items():
        stored = pd.read_parquet(folder / "predictions.parquet").set_index("image")
        names = [f"p_{name}" for name in images.classes]
        expected = stored.loc[images.manifest["image"], names].to_numpy()
        assert np.abs(np.load(places[key]) - expected).max() < 0.00151, "a thousandth, where the largest must stand out"
        assert np.array_equal(np.load(places[key]).argmax(axis=1), expected.argmax(axis=1))
    mlflow.set_tracking_uri(store)
    signature = mlflow.models.get_model_info(f"runs:/{runs[key]}/model").signature
    assert signature.inputs.inputs[0].shape == (-1, 24, 32, 1)
    assert signature.outputs.inputs[0].shape == (-1, 4)
    again = call(tmp_path, "run", "save_model=true", *WORDS, "seed=0,1", "plan_only=true", MLFLOW_TRACKING_URI=store)
    assert "save_model" not in again.stdout, "those that are finished have theirs"
