"""The trained network of a trial in MLflow, with its signature, as `mlflow.keras` and `mlflow.pyfunc` load it.

In: model.keras, which the process that trained has written, and the trial's result. Out: the folder that MLflow keeps.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from bloodstudy.study.result import Result

NAME = "model"


def write_folder(kept: Path, result: Result, folder: Path) -> None:
    """Write the MLflow model of the network in `kept` to `folder`, which is not there yet."""
    from mlflow import pyfunc
    from mlflow.models import Model, ModelSignature
    from mlflow.types import Schema, TensorSpec

    height, width = result.factors["image_size"]
    channels = 1 if result.factors["colour"] == "gray" else 3
    classes = list(result.data.classes)
    images = TensorSpec(np.dtype("uint8"), (-1, height, width, channels))
    probabilities = TensorSpec(np.dtype("float32"), (-1, len(classes)))
    (folder / "data").mkdir(parents=True)
    shutil.copyfile(kept, folder / "data" / "model.keras")
    (folder / "data" / "keras_module.txt").write_text("keras")
    installed = {name: version for name, version in result.versions.items() if name in ("keras", "tensorflow", "jax")}
    (folder / "requirements.txt").write_text("".join(f"{name}=={version}\n" for name, version in installed.items()))
    model = Model(signature=ModelSignature(Schema([images]), Schema([probabilities])), metadata={"classes": classes})
    backend = "jax" if "jax" in installed else "tensorflow"
    own = {"keras_version": installed["keras"], "keras_backend": backend, "save_exported_model": False}
    model.add_flavor("keras", data="data", **own)
    pyfunc.add_to_model(model, loader_module="mlflow.keras")
    model.save(str(folder / "MLmodel"))
