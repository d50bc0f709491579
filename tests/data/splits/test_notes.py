import pandas as pd
import pytest

from bloodstudy.data.splits.notes import describe_leak
from bloodstudy.errors import UserError

CLASSES = ("A", "B")


def manifest(*rows):
    """Build a manifest of (label, split, scene), each image of other bytes."""
    table = pd.DataFrame(rows, columns=["label", "split", "scene"])
    return table.assign(sha256=[f"{label}{split}{scene}{row}" for row, (label, split, scene) in enumerate(rows)])


LEAKING = manifest((0, "train", "a"), (1, "train", "b"), (0, "test", "a"), (0, "test", "c"), (1, "test", "d"))
UNKNOWN = LEAKING.assign(scene="")


@pytest.mark.parametrize(
    ("name", "split", "notes"), [("kaggle", "random", 1), ("bccd", "random", 0), ("kaggle", "official", 0)]
)
def test_unknown_scenes_are_said_to_leak_only_where_copies_are_certain(name, split, notes):
    assert len(describe_leak(name, UNKNOWN, CLASSES, split, known=False)) == notes


@pytest.mark.parametrize("split", ["official", "random"])
def test_files_of_the_same_bytes_are_counted_whether_or_not_scenes_are_known(split):
    copies = UNKNOWN.assign(sha256=["x", "y", "x", "x", "z"])
    notes = describe_leak("folder", copies, CLASSES, split, known=False)
    assert notes == ("2 of 3 test images repeat the bytes of a training image",)
    copies = LEAKING.assign(sha256=["x", "y", "p", "q", "x"])
    assert "1 image stands under two classes, byte for byte" in describe_leak("folder", copies, CLASSES, split, True)


@pytest.mark.parametrize("split", ["official", "official_clean", "random"])
def test_test_images_of_training_scenes_are_counted(split):
    start = "the random split ignores photographs: " if split == "random" else ""
    notes = describe_leak("folder", LEAKING, CLASSES, split, known=True)
    assert notes == (f"{start}1 of 3 test images show a scene that training shows too",)


def test_images_in_no_scene_are_counted_and_are_not_clean():
    lost = pd.concat([LEAKING, manifest((1, "test", ""))])
    assert "1 image is placed in no scene" in describe_leak("kaggle", lost, CLASSES, "official", known=True)
    blank = lost.assign(scene=lost["scene"].replace("d", ""))
    with pytest.raises(UserError, match=r"class 'B' .* test images left: A: 1; B: 0"):
        describe_leak("kaggle", blank, CLASSES, "official_clean", known=True)


def test_a_division_without_leaks_needs_no_note():
    assert describe_leak("folder", LEAKING.drop(index=2), CLASSES, "official_clean", known=True) == ()
