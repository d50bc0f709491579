"""What a stored plan or result must say beyond its types: what leads nowhere is named."""

from dataclasses import replace

import pytest
from records import AUDIT, plan_of, result_of

from bloodstudy.study.plan import Plan
from bloodstudy.study.result import Result
from bloodstudy.study.stored_rules import MAX_TRIALS, check_plan

TRIAL = {"key": "a" * 16, "arm": "reference", "levels": {"arm": "reference"}}
PLAN = plan_of({
    "trials": [TRIAL], "swept": {"arm": ["reference"]}, "precision": "float32", "seeds": [0],
    "questions": [{"arms": ["reference", "b"]}],
    "arms": {"reference": {"role": "reference"}, "b": {"role": "confirmatory", "levels": {"lr": 0.1}}},
})  # fmt: skip
FACTORS = {"lr": 0.1, "precision": "float32", "seed": 0}
COUNTS = {"train": {"A": 2, "B": 2}, "test": {"A": 1, "B": 1}}
RESULT = result_of({"factors": FACTORS, "audit": AUDIT, "data": {"classes": ["A", "B"], "counts": COUNTS}})


def change(content, place, value):
    """Return `content` with another value at a dotted place."""
    name, _, rest = place.partition(".")
    at = int(name) if isinstance(content, list) else name
    changed = list(content) if isinstance(content, list) else dict(content)
    changed[at] = change(content[at], rest, value) if rest else value
    return changed


def test_what_is_as_it_should_be_is_read():
    assert Plan.from_dict(PLAN.to_dict()).to_dict() == PLAN.to_dict()
    assert Result.from_dict(RESULT.to_dict()) == RESULT


@pytest.mark.parametrize(("place", "value", "told"), [
    ("command", " ", "command: expected what was typed"),
    ("command", "it's", "command: expected what was typed; No closing quotation"),
    ("trials", [], "it holds no trials"),
    ("trials.0.key", "../x", "expected a trial key of 16 hex digits"),
    ("trials.0.seed", -1, "expected a seed from 0 to 4294967295; received -1"),
    ("trials.0.levels", {"arm": "reference", "seed": 3}, "expected the seed 0 among its levels; received 3"),
    ("trials.0.levels.arm", ["a"], "arm: expected a name"),
    ("trials.0.levels.arm", {"a": 1}, "arm: expected a"),
    ("trials.0.arm", "c", "expected one of reference, b; received 'c'"),
    ("trials.0.judged", "x", "expected one of official, official_clean"),
    ("trials.0.data.fingerprint", None, "data.fingerprint: expected a valid string"),
    ("trials.0.data", {}, "data.name is missing"),
    ("swept.arm", [[["a"]]], "expected a level"),
    ("arms.b.levels", {"lr": {}}, "arm 'b', lr: expected a level"),
    ("questions.0.arms", [], "has no arms"),
    ("questions.0.arms", ["b"], "its reference 'reference' is none of its arms"),
    ("questions.0.reference", "c", "expected one of reference, b; received 'c'"),
    ("questions.0.cells", {"c": {}}, "received 'c'"),
    ("questions.0.margin", 2.0, "expected a margin between 0 and 1"),
    ("questions.0.lr_strip", [-1.0], "expected learning rates above 0"),
])  # fmt: skip
def test_a_plan_that_leads_nowhere_is_refused(place, value, told):
    with pytest.raises(ValueError, match=told):
        Plan.from_dict(change(PLAN.to_dict(), place, value))


def test_a_plan_of_too_many_trials_is_refused():
    with pytest.raises(ValueError, match=r"it holds 5,001 trials; expected at most 5,000"):
        check_plan(replace(PLAN, trials=PLAN.trials * (MAX_TRIALS + 1)))


@pytest.mark.parametrize(("place", "value", "told"), [
    ("factors.precision", 3, "factors.precision: expected a valid string"),
    ("factors.seed", [], "factors.seed: expected a valid integer"),
    ("audit", {}, "audit.provenance is missing"),
    ("audit.test_images", "many", "audit.test_images: expected a valid integer"),
    ("data.classes", ["A", "A"], "the same class is given twice"),
    ("data.classes", ["A", "C"], "data.counts.train: expected a number of images of each class"),
    ("data.counts.test", {"A": -1, "B": 3}, "data.counts.test: expected a number of images of each class"),
    ("data.counts", {"test": COUNTS["test"]}, "expected the sides train and test"),
    ("data.counts.test", {"A": 0, "B": 0}, "expected images on both sides"),
    ("cost.wall_seconds", -1.0, "expected seconds and attempts of 0 or more"),
])  # fmt: skip
def test_a_result_that_contradicts_itself_is_refused(place, value, told):
    with pytest.raises(ValueError, match=told):
        Result.from_dict(change(RESULT.to_dict(), place, value))
