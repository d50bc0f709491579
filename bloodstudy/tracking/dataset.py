"""The images of a trial as MLflow's data set.

In: a result. Out: what MLflow shows and compares of its images.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bloodstudy.study.result import Result
from bloodstudy.study.trial import DRAWN_BY
from bloodstudy.tracking.names import spell_name

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput


def describe_data(result: Result) -> DatasetInput:
    """Return the images of a trial as MLflow's data set: no path, what the audit found in the profile.

    MLflow keeps one data set for each name and digest of an experiment, so the name says what else decides the counts.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    data = result.data
    parts = [f"{key} {value}" for key in DRAWN_BY if (value := getattr(data, key)) is not None]
    name = ", ".join([data.name, data.task, data.view, f"{data.split} split", *parts])
    spelt = [name for name in result.responses if spell_name(name) != name]
    profile = {"classes": data.classes, "counts": data.counts, "audit": result.audit}
    profile |= {"names": {spell_name(name): name for name in spelt}} if spelt else {}
    source = json.dumps({"data": data.name})
    described = Dataset(name, data.fingerprint, "bloodstudy", source, profile=json.dumps(profile))
    return DatasetInput(described, [InputTag("mlflow.data.context", "train and test")])
