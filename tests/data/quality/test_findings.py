"""The findings of data sets with planted faults, and of the real ones."""

import json
import time

import pytest

from bloodstudy import data
from bloodstudy.config import schema
from bloodstudy.data.quality.findings import find


def test_each_planted_fault_is_found(planted):
    found = find(planted())
    assert found.summary() == {
        "images": 12, "refused": 1, "duplicates": 2, "duplicates_across": 1, "duplicate_conflicts": 0,
        "provenance": "known", "unplaced": 0, "photographs": 8, "scenes": 6, "scenes_across": 3, "label_conflicts": 1,
        "test_images": 7, "test_images_leaking": 3, "test_share_leaking": pytest.approx(3 / 7, abs=1e-6),
        "effective_test_photographs": pytest.approx(49 / (1 + 4 + 1 + 1 + 1 + 1), abs=1e-4),
        "effective_test_photographs_min": pytest.approx(9 / 5),
    }  # fmt: skip
    assert found.leaks[["image", "same_bytes", "same_photograph", "same_scene"]].to_numpy().tolist() == [
        ["test/A/0003.jpg", 0, 2, 2],
        ["test/B/0008.jpg", 0, 0, 1],
        ["test/B/0009.jpg", 1, 1, 1],
    ]
    conflicts = found.conflicts[["scene", "class", "train", "test"]].to_numpy().tolist()
    assert conflicts == [["s3", "A", 0, 2], ["s3", "B", 0, 1]]
    assert found.duplicates["image"].tolist() == [
        "test/A/0004.jpg", "test/A/0005.jpg", "test/B/0009.jpg", "train/B/0007.jpg",
    ]  # fmt: skip


def test_the_order_of_the_images_changes_nothing(planted, faults):
    assert find(planted(faults[::-1])).summary() == find(planted()).summary()


def test_what_nobody_knows_is_none_and_never_zero(planted, faults):
    rows = [(label, split, "", "", content) for label, split, _, _, content in faults]
    summary = find(planted(rows, how="unknown")).summary()
    unknown = ("photographs", "scenes", "scenes_across", "unplaced", "label_conflicts", "test_images_leaking",
               "test_share_leaking", "effective_test_photographs", "effective_test_photographs_min")  # fmt: skip
    assert {name for name, value in summary.items() if value is None} == set(unknown)
    assert (summary["duplicates"], summary["duplicates_across"]) == (2, 1)


def test_where_photographs_alone_are_known_they_are_what_is_counted(planted, faults):
    rows = [(label, split, photograph, "", content) for label, split, photograph, _, content in faults]
    found = find(planted(rows, how="unknown"))
    assert found.leaking["same_photograph"].tolist() == [1, 1, 2]
    assert found.leaking["any"].isna().all()
    assert found.effective["units"].tolist() == [2, 4, 6]


def test_images_without_a_scene_are_listed_and_counted_apart(planted):
    rows = [("A", "train", "p1", "s1", "c1"), ("A", "test", "", "", "c2"), ("A", "test", "p1", "s1", "c3"),
            ("B", "train", "p2", "s2", "c4"), ("B", "test", "p3", "s3", "c5")]  # fmt: skip
    found = find(planted(rows, how="registered"))
    assert found.unplaced["image"].tolist() == ["test/A/0001.jpg"]
    assert (found.summary()["unplaced"], found.summary()["test_images_leaking"]) == (1, 1)
    assert found.summary()["photographs"] is None


def test_the_same_bytes_under_two_classes_are_a_contradiction(planted):
    rows = [("A", "train", "p1", "s1", "c1"), ("B", "train", "p1", "s1", "c1"), ("A", "test", "p2", "s2", "c2"),
            ("B", "test", "p3", "s3", "c3")]  # fmt: skip
    summary = find(planted(rows)).summary()
    assert (summary["duplicate_conflicts"], summary["label_conflicts"], summary["duplicates_across"]) == (1, 1, 0)


def test_images_left_out_and_validation_images(planted):
    rows = [("A", "train", "p1", "s1", "c1"), ("A", "validation", "p2", "s2", "c2"), ("A", "test", "p2", "s2", "c3"),
            ("A", "", "p3", "s3", "c4"), ("B", "train", "p4", "s4", "c5"), ("B", "test", "p3", "s3", "c6")]  # fmt: skip
    found = find(planted(rows))
    assert found.sides == ("train", "validation", "test")
    assert found.leaking["any"].tolist() == [1, 0, 1], "a choice between networks has seen the validation images"
    assert found.counts["images"].sum() == 5


def test_the_clean_official_split_is_judged_on_what_training_lacks(planted):
    found = find(planted(split="official_clean"))
    assert found.leaking["any"].tolist() == [0, 0, 0]
    assert found.leaking["images"].tolist() == [2, 2, 4]


def test_smear_leaks_under_a_random_split_alone(tmp_path):
    for split, expected in (("official", 0), ("random", 24)):
        choice = schema.DataChoice(name="smear", photographs=2, copies=5, split=split)
        images = data.load(choice, colour="rgb", image_size=(24, 32), cache_dir=tmp_path)
        summary = find(images).summary()
        assert (summary["test_images"], summary["photographs"]) == ((80, 24) if split == "official" else (24, 24))
        assert summary["test_images_leaking"] == expected
        json.dumps(summary, allow_nan=False)


def test_kaggle_takes_a_moment(blood_cells, tmp_path):
    choice = schema.DataChoice(name="kaggle", root=str(blood_cells))
    images = data.load(choice, colour="gray", image_size=(8, 8), cache_dir=tmp_path)
    find(images)
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        summary = find(images).summary()
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.3, "three times what it takes on an idle machine, and a trial keeps it"
    assert (summary["images"], summary["duplicates"]) == (12444, 0)
