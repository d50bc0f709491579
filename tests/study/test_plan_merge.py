"""Plans that differ in their seeds become one, others are refused."""

import itertools
from dataclasses import replace

import pytest
from records import plan_of

from bloodstudy.errors import UserError
from bloodstudy.study.plan_merge import merge_plans


def sweep(**swept):
    """Return the plan of a plain sweep, its trials in Hydra's order."""
    trials = []
    for combination in itertools.product(*swept.values()):
        levels = dict(zip(swept, combination, strict=True))
        arm = ", ".join(f"{key}={value}" for key, value in levels.items() if key != "seed")
        seed = levels.get("seed", 0)
        trials.append({"key": f"{arm} {seed}", "arm": arm, "seed": seed, "levels": levels, "judged": "official"})
    for trial in trials:
        trial["data"] = {"name": "smear", "fingerprint": "f"}
    typed = " ".join(f"{key}={','.join(map(str, levels))}" for key, levels in swept.items())
    return plan_of({"command": f"run -m {typed}", "swept": swept, "trials": trials})


def without_seed(seed):
    """Return the plan of a sweep for which one seed was typed, so that it is no level."""
    plan = sweep(lr=[2, 1], seed=[seed])
    trials = [replace(trial, levels={"lr": trial.levels["lr"]}) for trial in plan.trials]
    return replace(plan, swept={"lr": plan.swept["lr"]}, trials=tuple(trials))


def study(seeds):
    """Return the plan of a study of questions, one seed after another."""
    trials = []
    for seed in seeds:
        for arm in ("reference", "pooling=average", "lr=0.1"):
            trial = {"key": f"{arm} {seed}", "arm": arm, "seed": seed, "levels": {"arm": arm, "seed": seed}}
            overrides = ["epochs=2", f"seed={seed}", "precision=float32"]
            trials.append(trial | {"judged": "official", "data": {"fingerprint": "f"}, "overrides": overrides})
    swept = {"arm": ["reference", "pooling=average", "lr=0.1"], "seed": list(seeds)}
    plan = {"study": "five", "command": f"run -m study=five seeds={len(seeds)}", "bloodstudy": "0.1.0", "swept": swept}
    plan |= {"precision": "float32", "seeds": list(seeds), "looks": [10], "questions": [{"name": "pooling"}]}
    return plan_of(plan | {"trials": trials, "hash": f"{seeds}"})


@pytest.mark.parametrize(("one", "other", "both"), [
    (sweep(lr=[2, 1], seed=[0, 1]), sweep(lr=[2, 1], seed=[2]), sweep(lr=[2, 1], seed=[0, 1, 2])),
    (sweep(lr=[2, 1]), without_seed(1), sweep(lr=[2, 1], seed=[0, 1])),
    (sweep(seed=[3, 4], lr=[2, 1]), sweep(seed=[0], lr=[2, 1]), sweep(seed=[0, 3, 4], lr=[2, 1])),
    (sweep(lr=[2, 1], seed=[0, 1]), sweep(lr=[2, 1], seed=[1, 2]), sweep(lr=[2, 1], seed=[0, 1, 2])),
    (study([0, 1]), study([2, 3]), study([0, 1, 2, 3])),
    (study([2]), study([0]), study([0, 2])),
])  # fmt: skip
def test_the_trials_of_both_stand_as_one_command_would_have_planned_them(one, other, both):
    merged = merge_plans(one, other, "a and b")
    assert merged.trials == both.trials
    assert merged.swept == both.swept
    assert list(merged.seeds) == list(both.seeds)
    assert merged == merge_plans(other, one, "b and a"), "whichever was there first"
    assert merged.command.splitlines() == sorted({one.command, other.command})
    assert merge_plans(merged, one, "") is merged


def test_a_plan_that_adds_nothing_changes_nothing():
    whole, part = study([0, 1, 2]), study([1])
    assert merge_plans(whole, part, "") is whole
    here = replace(whole, command="run data.root=/data/jane/images")
    assert merge_plans(here, replace(whole, command="run data.root=images"), "") is here


@pytest.mark.parametrize(("change", "told"), [
    ({"precision": "bfloat16"}, 'precision: "float32" here, "bfloat16" in the package'),
    ({"looks": [20]}, "looks: [10] here, [20] in the package"),
    ({"title": "Other"}, 'title: null here, "Other" in the package'),
    ({"questions": plan_of({"questions": [{"name": "lr"}]}).questions}, "questions: "),
])  # fmt: skip
def test_what_differs_beside_seeds_is_named(change, told):
    before = study([0])
    with pytest.raises(UserError) as caught:
        merge_plans(before, replace(study([1]), **change), "a.yaml and b.zip")
    assert told in str(caught.value)
    assert str(caught.value).startswith("a.yaml and b.zip are not of one plan")
    assert before == study([0])


def test_arms_and_images_that_differ_are_named():
    here, there = study([0]), study([1])
    trials = [replace(trial, arm="lr=0.2") if trial.arm == "lr=0.1" else trial for trial in there.trials]
    there = replace(there, trials=tuple(trials))
    other_images = replace(study([1]), trials=tuple(replace(t, data={"fingerprint": "g"}) for t in study([1]).trials))
    with pytest.raises(UserError, match=r"arm 'lr=0\.1': here only; arm 'lr=0\.2': in the package only"):
        merge_plans(here, there, "")
    with pytest.raises(UserError, match=r"arm 'reference': its levels or its images differ"):
        merge_plans(here, other_images, "")
