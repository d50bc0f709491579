from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from records import result_of

from bloodstudy.analysis.results.predictions import Reader
from bloodstudy.analysis.results.stored import find_differences

TABLE = pd.DataFrame(
    {"split": ["train", "train", "test", "test", "test"], "image": list("abcde"), "photograph": "",
     "scene": ["s1", "s2", "s1", "s3", "s4"], "label": ["A", "B", "A", "B", "A"],
     "p_A": [0.9, 0.2, 0.8, 0.7, 0.6], "p_B": [0.1, 0.8, 0.2, 0.3, 0.4]}
)  # fmt: skip


@pytest.fixture
def read(tmp_path):
    """Return a function that stores a table and reads it as predictions."""

    def read(table=TABLE):
        table.astype({"p_A": "float32", "p_B": "float32"}).to_parquet(tmp_path / "predictions.parquet")
        return Reader().read(pq.read_table(tmp_path / "predictions.parquet"))

    return read


RESPONSES = {
    "train_accuracy": 1.0, "test_accuracy": 2 / 3, "accuracy_gap": 1 / 3, "test_recall_A": 1.0, "test_recall_B": 0.0,
    "test_loss": 0.5, "test_images_clean": 2, "test_accuracy_clean": 0.5,
}  # fmt: skip
RESULT = result_of({
    "data": {"classes": ["A", "B"], "counts": {"train": {"A": 1, "B": 1}, "test": {"A": 2, "B": 1}}},
    "responses": RESPONSES,
})  # fmt: skip


def test_a_result_that_says_what_its_predictions_give_differs_in_nothing(read):
    assert find_differences(RESULT, read()) == []
    assert find_differences(replace(RESULT, responses={}), read()) == []


@pytest.mark.parametrize("name", [name for name in RESPONSES if name != "test_loss"])
def test_each_response_that_was_altered_is_named_with_both_values(read, name):
    altered = replace(RESULT, responses=RESPONSES | {name: RESPONSES[name] + 0.25})
    (said,) = find_differences(altered, read())
    assert said.startswith(f"its {name} is ")
    assert f"its predictions give {RESPONSES[name]:.6g}" in said


@pytest.mark.parametrize("counts", [
    {"train": {"A": 1, "B": 1}, "test": {"A": 1, "B": 2}}, {"train": {"A": 1, "B": 1}},
    {"train": {"A": 1, "B": 1}, "test": {"A": 2, "B": 1}, "validation": {"A": 1, "B": 0}},
])  # fmt: skip
def test_counts_and_classes_that_were_altered_are_named(read, counts):
    (said,) = find_differences(replace(RESULT, data=replace(RESULT.data, counts=counts)), read())
    assert "its counts of" in said
    (said,) = find_differences(replace(RESULT, data=replace(RESULT.data, classes=["A", "C"])), read())
    assert said == "its classes are A, C; those of its predictions A, B"


def test_a_trial_that_kept_a_share_of_training_beside_which_the_test_is_not_clean_is_named(read):
    data = replace(RESULT.data, measured_share=0.5, counts={"train": {"A": 2, "B": 2}, "test": {"A": 2, "B": 1}})
    (said,) = find_differences(replace(RESULT, data=replace(data, split="official_clean")), read())
    assert "which test images are clean cannot be told" in said
    assert find_differences(replace(RESULT, data=replace(data, split="grouped_kfold")), read()) == []


def test_a_label_that_was_altered_in_the_predictions_is_found_too(read):
    table = TABLE.assign(label=np.where(TABLE["image"] == "e", "B", TABLE["label"]))
    assert any("its counts of test images" in said for said in find_differences(RESULT, read(table)))
