import json
from dataclasses import replace

import pytest

from bloodstudy import files
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.result import Cost, Result, ResultData
from bloodstudy.study.run_folder import load_result
from bloodstudy.study.trial import make_key

FACTORS = {"lr": 0.001, "precision": "float32", "seed": 0}
DATA = ResultData(
    "smear", "subtype", "field", "official", "f" * 16, {"train": {"A": 5}, "test": {"A": 3}}, ["A"], [], 0
)
RESULT = Result(
    "k", "tiny", "reference", "compact", FACTORS, DATA, Outcome.FINISHED, Cost(1.5, 1), {"lr": 0.001}, {}, {},
    responses={"test_accuracy": 0.5, "test_images_clean": 2},
)  # fmt: skip


def test_a_result_is_read_as_it_was_written(tmp_path):
    RESULT.write(tmp_path)
    assert load_result(tmp_path) == RESULT
    assert type(load_result(tmp_path).responses["test_images_clean"]) is int


def test_what_is_unknown_is_stored_if_people_look_for_it_and_left_out_otherwise(tmp_path):
    replace(RESULT, outcome=Outcome.FAILED, reason="why", responses={}).write(tmp_path)
    content = files.read_json(tmp_path / "result.json")
    assert {name for name in content if content[name] is None} == {"audit", "git_commit", "code", "processor"}
    assert not {"responses", "layers", "traceback", "stored_hash"} & content.keys()
    assert content["cost"]["fit_seconds"] is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"outcome": "running"}, "outcome: expected one of finished, diverged, failed, out_of_memory, interrupted"),
        ({"factors": {"lr": 0.1}}, "it lacks precision, seed"),
        ({"responses": {"test_accuracy": "high"}}, "responses.test_accuracy"),
        ({"data": {"name": "smear"}}, "data.task is missing"),
        ({"layers": [1]}, "layers.0"),
    ],
)
def test_what_is_no_result_is_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        Result.from_dict(json.loads(json.dumps(RESULT.to_dict())) | changes)


def test_its_own_key_follows_from_factors_model_and_data():
    assert RESULT.own_key == make_key(
        FACTORS,
        "compact",
        {"name": "smear", "task": "subtype", "view": "field", "split": "official", "fingerprint": "f" * 16},
    )
    assert replace(RESULT, factors=FACTORS | {"lr": 0.1}).own_key != RESULT.own_key
