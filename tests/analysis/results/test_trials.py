import json

import pandas as pd
import yaml
from records import plan_of, result_of

from bloodstudy.analysis import Leak, list_leaks, read_trials


def write_sweep(runs_dir, planned, results):
    """Lay out a run folder: `planned` trials, and `results` by key."""
    study = runs_dir / "scratch"
    study.mkdir()
    (study / "plan.yaml").write_text(yaml.safe_dump(plan_of({"trials": planned}).to_dict()))
    for key, result in results.items():
        (study / (16 * key)).mkdir()
        (study / (16 * key) / "result.json").write_text(json.dumps(result))


def measured(lr, outcome="finished", **more):
    responses = {"train_accuracy": 0.9, "test_accuracy": 0.7, "accuracy_gap": 0.2}
    result = {"outcome": outcome, "factors": {"lr": lr, "precision": "float32", "seed": 0}}
    result |= {"cost": {"wall_seconds": 12.5, "attempts": 1}, "data": {"counts": {"test": {"A": 30, "B": 20}}}}
    result |= {"responses": responses, "prediction_hash": "aa"} if outcome == "finished" else {}
    return result_of(result | more).to_dict()


def plan_trials(*keys):
    return [
        {"key": 16 * key, "arm": f"lr={position}", "levels": {"lr": position, "precision": "auto"}}
        for position, key in enumerate(keys)
    ]


def test_trials_stand_in_the_order_of_the_plan_whatever_became_of_them(tmp_path):
    planned = plan_trials("c", "a", "b")
    write_sweep(tmp_path, planned, {"a": measured(1), "b": measured(2, "diverged", reason="no number", parameters=7)})
    trials = read_trials(tmp_path, "scratch")
    assert [key[0] for key in trials["key"]] == ["c", "a", "b"]
    assert list(trials["outcome"]) == ["missing", "finished", "diverged"]
    assert list(trials["reason"]) == ["not trained yet", None, "no number"] or pd.isna(trials["reason"][1])
    assert trials["test_accuracy"][1] == 0.7
    assert trials["test_accuracy"][[0, 2]].isna().all()
    assert trials["parameters"][2] == 7
    assert trials["wall_seconds"][1] == 12.5


def test_a_missing_trial_keeps_its_swept_levels_and_another_shows_them_as_resolved(tmp_path):
    write_sweep(tmp_path, plan_trials("a", "b"), {"b": measured(1)})
    trials = read_trials(tmp_path, "scratch")
    assert list(trials["lr"]) == [0, 1]
    assert list(trials["precision"]) == ["auto", "float32"]


def test_all_columns_are_there_when_nothing_is_finished(tmp_path):
    write_sweep(tmp_path, plan_trials("a"), {})
    trials = read_trials(tmp_path, "scratch")
    numbers = ["train_accuracy", "test_accuracy", "accuracy_gap", "wall_seconds", "parameters"]
    assert trials[numbers].isna().all(axis=None)


CLEAN = {"test_accuracy_clean": 0.6, "accuracy_gap_clean": 0.3, "test_macro_f1_clean": 0.5, "test_images_clean": 40}


def judged_twice(tmp_path, **responses):
    planned = [
        {"key": 16 * "a", "arm": f"data.split={split}", "levels": {"data.split": split}, "judged": split}
        for split in ("official", "official_clean")
    ]
    result = measured(1)
    result["responses"] |= {"test_macro_f1": 0.65, "test_recall_A": 0.9} | responses
    write_sweep(tmp_path, planned, {"a": result})
    return read_trials(tmp_path, "scratch")


def test_one_trial_is_judged_on_all_test_images_and_on_the_clean_ones(tmp_path):
    trials = judged_twice(tmp_path, **CLEAN)
    assert trials["test_accuracy"].tolist() == [0.7, 0.6]
    assert trials["accuracy_gap"].tolist() == [0.2, 0.3]
    assert trials["test_macro_f1"].tolist() == [0.65, 0.5]
    assert trials["test_accuracy_all"][1] == 0.7
    assert pd.isna(trials["test_recall_A"][1]), "a figure of all test images is none of the clean ones"
    assert list_leaks(trials) == [Leak("official", 40, 50), Leak("official_clean", 40, 50)]
    assert list_leaks(trials)[0].left_out == 10


def test_without_leak_or_without_scenes_nothing_is_told(tmp_path):
    assert list_leaks(judged_twice(tmp_path, **CLEAN | {"test_images_clean": 50})) == []


def test_a_trial_that_was_never_judged_by_scene_is_missing_there_alone(tmp_path):
    trials = judged_twice(tmp_path)
    assert trials["outcome"].tolist() == ["finished", "missing"]
    assert "run the same command again" in trials["reason"][1]
    assert list_leaks(trials) == []
