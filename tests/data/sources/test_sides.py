"""Folders that mean train and test, and folders that only sound like it."""

import pytest

from bloodstudy.data.sources.sides import find_sides, side_of
from bloodstudy.errors import UserError

NAMES = {
    "train": ["train", "TRAIN", "Training", "training_set", "TrainData", "train-images", "train1", "Training Samples"],
    "test": ["test", "Testing", "TEST_SET", "test_data", "tests", "test 2"],
    "": ["TEST_SIMPLE", "latest", "trainer", "contest", "constrained", "A", "val", "validation", "attest", "12"],
}


@pytest.mark.parametrize(("side", "name"), [(side, name) for side, names in NAMES.items() for name in names])
def test_a_name_means_a_side_or_none(side, name):
    assert side_of(name) == side


@pytest.mark.parametrize("twins", [("TRAIN", "train"), ("train", "training"), ("train1", "train2")])
def test_two_folders_for_one_side_are_refused(class_folders, twins):
    root = class_folders({f"{twins[0]}/A": 1, f"{twins[1]}/A": 1, "test/A": 1})
    with pytest.raises(UserError, match=f"has {twins[0]} and {twins[1]}; expected one train folder"):
        find_sides(root)


def test_sides_below_the_classes_are_refused(class_folders):
    root = class_folders({"A/train": 1, "A/test": 1, "B/train": 1, "B/test": 1})
    with pytest.raises(UserError, match="A holds train and test, so the sides of the split lie below the classes"):
        find_sides(root)


def test_images_one_folder_deeper_are_told_how_to_be_named(class_folders):
    root = class_folders({"pictures/Training/A": 1, "pictures/Testing/A": 1})
    with pytest.raises(UserError, match=f"type data.root={root}/pictures"):
        find_sides(root)


def test_one_folder_of_a_class_that_sounds_like_a_side_is_no_split(class_folders):
    assert find_sides(class_folders({"A/train": 1, "B": 1}))[0] == {}


@pytest.mark.parametrize("names", [
    ("data_train", "data_test"), ("01_train", "02_test"), ("trn", "tst"), ("dev", "eval"), ("fold1", "fold2"),
])  # fmt: skip
def test_folders_that_all_hold_the_same_folders_are_no_classes(class_folders, names):
    root = class_folders({f"{name}/{label}": 1 for name in names for label in "AB"})
    with pytest.raises(UserError, match=f"holds {min(names)}, {max(names)}, which look like sides"):
        find_sides(root)


@pytest.mark.parametrize("counts", [
    {"train/A": 1, "train/B": 1, "val/A": 1}, {"Training/A": 1, "Training/B": 1, "val/A": 1, "val/C": 1},
    {"dev/A": 1, "dev/B": 1, "eval/A": 1, "eval/C": 1},
])  # fmt: skip
def test_folders_whose_names_all_mean_sides_are_no_classes(class_folders, counts):
    root = class_folders(counts)
    (root / sorted(counts)[0].split("/")[0] / "labels.csv").write_text("image,label\n")  # so that it is no lone side
    with pytest.raises(UserError, match="look like sides of a split and not like classes"):
        find_sides(root)


def test_sides_in_the_names_of_classes_are_refused(class_folders):
    with pytest.raises(UserError, match="look like sides of a split and not like classes"):
        find_sides(class_folders({"train_A": 1, "train_B": 1, "test_A": 1, "test_B": 1}))


def test_folders_below_classes_that_differ_are_no_sides(class_folders):
    root = class_folders({"A/one": 1, "A/two": 1, "B/three": 1})
    assert find_sides(root)[1] == ["A", "B"]
