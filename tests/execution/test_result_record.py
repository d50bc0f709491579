"""What is kept of a trial."""

import json

import pytest

from bloodstudy.config.schema import Factors
from bloodstudy.execution import result_record
from bloodstudy.study.outcome import Outcome
from bloodstudy.study.result import Cost
from bloodstudy.study.trial import DataIdentity, Trial
from bloodstudy.training.events import Ended

DATA = DataIdentity("folder", "subtype", "field", "official", "f" * 16)
TRIAL = Trial("small", "an arm", "reference", Factors(precision="float32"), DATA)


def test_a_result_is_json_with_what_the_worker_said_and_what_the_images_are(planted):
    ended = Ended(Outcome.FINISHED, responses={"test_accuracy": 0.5}, fit_seconds=2.0, code="c" * 16)
    result = result_record.assemble(TRIAL, planted(), ended, 2, 3.5)
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["key"] == TRIAL.key
    assert (result.outcome, result.reason, result.code) == ("finished", None, "c" * 16)
    assert result.responses == {"test_accuracy": 0.5}
    assert result.cost == Cost(wall_seconds=3.5, attempts=2, fit_seconds=2.0)
    assert (result.data.classes, result.data.refused) == (["A", "B"], 1)
    assert result.data.judged_scenes == planted().provenance.digest
    assert result.tags["outcome"] == "finished"
    assert result.tags["audit.test_images_leaking"] == str(result.audit["test_images_leaking"]) == "3"


@pytest.mark.parametrize("outcome", ["failed", "out_of_memory"])
def test_a_trial_that_died_has_its_reason_and_no_responses(planted, outcome):
    result = result_record.assemble(TRIAL, planted(how="unknown"), Ended(Outcome(outcome), "why"), 1, 1.0)
    assert (result.outcome, result.reason) == (outcome, "why")
    assert "responses" not in result.to_dict()
    assert (result.tags["audit.test_images_leaking"], result.data.judged_scenes) == ("unknown", "")


def test_a_trial_is_audited_as_it_was_trained_however_it_is_judged(planted):
    assert result_record.audit(planted(split="official_clean")) == result_record.audit(planted())


def test_parameters_are_flat_and_tags_are_words():
    params = result_record.params(TRIAL)
    assert (params["model"], params["image_size"], params["data.split"]) == ("reference", [120, 160], "official")
    assert not any(isinstance(value, dict) for value in params.values())
    assert all(isinstance(value, str) for value in result_record.tags(TRIAL).values())
