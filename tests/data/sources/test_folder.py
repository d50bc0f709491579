"""Which folders are classes and which are splits."""

import pytest

from bloodstudy.data.sources.folder import list_folder
from bloodstudy.errors import UserError


def summary(listing):
    return {(file.image, file.label, file.side) for file in listing.candidates}


def test_train_and_test_in_any_case(class_folders):
    listing = list_folder(class_folders({"Train/A": 1, "Train/B": 1, "TEST/A": 1, "TEST/B": 1}))
    assert listing.official
    assert listing.classes == ("A", "B")
    assert summary(listing) == {
        ("Train/A/000.jpg", "A", "train"),
        ("Train/B/000.jpg", "B", "train"),
        ("TEST/A/000.jpg", "A", "test"),
        ("TEST/B/000.jpg", "B", "test"),
    }


def test_class_folders_at_the_root(class_folders):
    listing = list_folder(class_folders({"B": 1, "A/deep": 1}))
    assert not listing.official
    assert listing.classes == ("A", "B")
    assert summary(listing) == {("A/deep/000.jpg", "A", ""), ("B/000.jpg", "B", "")}


def test_other_folders_beside_train_and_test_are_noted(class_folders):
    root = class_folders({"train/A": 1, "test/A": 1, "val/A": 1, "extra": 1, ".hidden": 1, "__MACOSX/train": 1})
    assert list_folder(root).notes == ("ignored beside train and test: extra, val",)
    assert len(list_folder(root).candidates) == 2


def test_train_alone_is_a_split_without_an_official_one(class_folders):
    listing = list_folder(class_folders({"train/A": 1, "train/B": 1, "val/A": 1}))
    assert not listing.official
    assert listing.classes == ("A", "B")
    assert any("no official split" in note for note in listing.notes)


def test_a_class_may_be_called_train(class_folders):
    assert list_folder(class_folders({"train": 1, "bus": 1})).classes == ("bus", "train")


def test_two_folders_for_one_side_are_refused(class_folders):
    with pytest.raises(UserError, match="TRAIN and train"):
        list_folder(class_folders({"train/A": 1, "TRAIN/A": 1, "test/A": 1}))


def test_empty_class_folder_stays_a_class(class_folders):
    assert list_folder(class_folders({"A": 1, "B": 0})).classes == ("A", "B")


def test_sides_and_classes_may_be_links_inside_the_root(class_folders):
    root = class_folders({"store/A": 2, "store/B": 2, "test/A": 1, "elsewhere": 1})
    (root / "train").symlink_to("store")
    (root / "test/B").symlink_to("../elsewhere")
    listing = list_folder(root)
    assert listing.official
    assert [(f.image, f.label, f.side) for f in listing.candidates if f.label == "B"] == [
        ("store/B/000.jpg", "B", "train"),
        ("store/B/001.jpg", "B", "train"),
        ("test/B/000.jpg", "B", "test"),
    ]


def test_a_side_that_leaves_the_root_is_refused(class_folders, tmp_path):
    root = class_folders({"test/A": 1})
    (tmp_path / "elsewhere/A").mkdir(parents=True)
    (root / "train").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="train is a link that leaves it"):
        list_folder(root)


def test_class_link_that_leaves_the_root_stays_a_class_without_images(class_folders, tmp_path):
    root = class_folders({"A": 1})
    (tmp_path / "elsewhere").mkdir()
    (root / "B").symlink_to(tmp_path / "elsewhere")
    listing = list_folder(root)
    assert listing.classes == ("A", "B")
    assert listing.refused == (("B", "a link that leaves the root folder"),)


def test_photographs_are_read_beside_the_folders(class_folders):
    root = class_folders({"A": 2, "B": 1})
    (root / "photographs.csv").write_text("photograph,image,angle\np1,A/000.jpg,3\np2,B/000.jpg,4\n")
    listing = list_folder(root)
    assert [file.photograph for file in listing.candidates] == ["p1", "", "p2"]
    assert "photographs.csv names the photograph of 2 of 3 images; scenes are not taken from it" in listing.notes


def test_a_table_of_other_paths_is_refused_with_one_that_would_do(class_folders):
    root = class_folders({"A": 2, "B": 1})
    (root / "photographs.csv").write_text("image,photograph\n000.jpg,p1\n")
    with pytest.raises(UserError, match=r"names none of the images; .* such as 'A/000\.jpg'; received '000\.jpg'"):
        list_folder(root)


@pytest.mark.parametrize("content", [b"image;photograph\n", b"", b"image,photograph\n\xff,\xfe\n"])
def test_damaged_photographs_table_is_refused(class_folders, content):
    root = class_folders({"A": 2, "B": 1})
    (root / "photographs.csv").write_bytes(content)
    with pytest.raises(UserError, match=r"photographs\.csv"):
        list_folder(root)


def test_bad_roots(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match=r"data\.root=FOLDER"):
        list_folder(None)
    with pytest.raises(UserError, match=r"data\.root=/nowhere does not exist"):
        list_folder("/nowhere")
    with pytest.raises(UserError, match="is a file"):
        list_folder(tmp_path / "file")
