import pytest
import yaml

from bloodstudy.study.plan import batches, digest, publish

TRIALS = [{"key": f"{arm}{seed}", "arm": arm, "seed": seed} for seed in (0, 1) for arm in "ab"]
PLAN = {"study": "tiny", "title": "Tiny", "questions": [{"name": "pools"}], "seeds": [0, 1], "trials": TRIALS}


@pytest.mark.parametrize("change", [{"title": "Other"}, {"seeds": [0]}, {"trials": TRIALS[:3]}, {"looks": [1]}])
def test_what_a_plan_decides_is_part_of_its_digest(change):
    assert digest(PLAN | change) != digest(PLAN)


def test_how_it_was_typed_and_what_it_is_called_are_not():
    assert digest(PLAN | {"command": "python -m bloodstudy.run", "study": "other"}) == digest(PLAN)
    assert digest(PLAN | {"seeds": (0, 1)}) == digest(PLAN), "as a file gives it back"


def test_a_study_is_launched_one_seed_after_another_and_a_plain_sweep_at_once():
    assert batches(PLAN) == [TRIALS[:2], TRIALS[2:]]
    assert batches(PLAN | {"questions": []}) == [TRIALS]


def test_the_file_says_everything_in_full_and_gives_the_same_plan_back(tmp_path):
    setting = {"image_size": (24, 32)}
    publish(PLAN | {"setting": setting, "reference": setting}, tmp_path)
    text = (tmp_path / "plan.yaml").read_text()
    assert "&" not in text, "no anchor: a person reads it"
    assert digest(yaml.safe_load(text)) == digest(PLAN | {"setting": setting})
