"""Trials judged again; tests/test_run.py does the same with the real command."""

import pandas as pd
import pytest
from records import AUDIT, result_of

from bloodstudy import files
from bloodstudy.errors import UserError
from bloodstudy.execution.rescore import judge_again
from bloodstudy.study.run_folder import load_result

TABLE = pd.DataFrame(
    {"split": ["train", "test", "test"], "image": ["train/A/0000.jpg", "test/B/0001.jpg", "test/A/0002.jpg"],
     "photograph": "", "scene": "", "label": ["A", "B", "A"], "p_A": [0.9, 0.2, 0.1], "p_B": [0.1, 0.8, 0.9]}
).astype({"p_A": "float32", "p_B": "float32"})  # fmt: skip
RESULT = result_of({
    "outcome": "finished", "factors": {"lr": 0.1, "precision": "float32", "seed": 0},
    "audit": AUDIT | {"test_images_leaking": None}, "tags": {"audit.provenance": "unknown", "arm": "a"},
    "data": {"judged_scenes": "", "classes": ["A", "B"], "notes": [],
             "counts": {"train": {"A": 1, "B": 0}, "test": {"A": 1, "B": 1}}},
    "responses": {"train_accuracy": 1.0, "test_accuracy": 0.5, "test_macro_f1_clean": 0.1},
    "cost": {"wall_seconds": 1.0, "attempts": 1},
})  # fmt: skip


@pytest.fixture
def images(planted):
    """Return a function that makes three images, the third of a scene that training has."""
    rows = [("A", "train", "p1", "s1", "c1"), ("B", "test", "p2", "s2", "c2"), ("A", "test", "p3", "s1", "c3")]
    return lambda split="official_clean", how="known": planted(rows, split=split, how=how)


def test_clean_responses_are_those_of_the_scenes_known_now(tmp_path, images):
    TABLE.to_parquet(tmp_path / "predictions.parquet")
    files.write_json(tmp_path / "logged.json", {})
    judged = judge_again(tmp_path, RESULT, images())
    assert judged.responses == {
        "train_accuracy": 1.0, "test_accuracy": 0.5, "test_images_clean": 1, "test_accuracy_clean": 1.0,
        "accuracy_gap_clean": 0.0,
    }, "what earlier scenes gave is gone"  # fmt: skip
    assert judged.audit["test_images_leaking"] == 1
    assert judged.tags == {"arm": "a"} | {
        "audit.provenance": "known", "audit.test_images_leaking": "1", "audit.test_share_leaking": "0.5",
        "audit.label_conflicts": "0", "audit.duplicates_across": "0",
    }  # fmt: skip
    assert load_result(tmp_path) == judged
    assert pd.read_parquet(tmp_path / "predictions.parquet")["scene"].tolist() == ["s1", "s2", "s1"]
    assert not (tmp_path / "logged.json").exists()
    assert judge_again(tmp_path, judged, images()) is judged


def test_predictions_that_are_gone_matter_only_to_who_asks_for_clean_figures(tmp_path, images):
    assert judge_again(tmp_path, RESULT, images("official")) is RESULT
    with pytest.raises(UserError, match="retry=all"):
        judge_again(tmp_path, RESULT, images())


@pytest.mark.parametrize("change", [{"split": "grouped"}, {"how": "unknown"}])
def test_nothing_is_done_if_nothing_new_is_known(tmp_path, change, images):
    assert judge_again(tmp_path, RESULT, images(**change)) is RESULT
