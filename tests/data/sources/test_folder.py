"""Which folders are classes and which are splits."""

import os

import pytest

from bloodstudy.data.sources.folder import list_folder
from bloodstudy.errors import UserError

IGNORED = "ignored beside train and test: "
UNDERSTOOD = {"Training": "train", "test_set": "test"}
LAYOUTS = {  # folders; whether the split is official; label and side of each folder with images; classes; notes
    "train and test in any case": (
        ["Train/A", "Train/B", "TEST/A", "TEST/B"], True,
        {"Train/A": ("A", "train"), "Train/B": ("B", "train"), "TEST/A": ("A", "test"), "TEST/B": ("B", "test")},
        "AB", (),
    ),
    "class folders at the root": (["B", "A/deep"], False, {"A/deep": ("A", ""), "B": ("B", "")}, "AB", ()),
    "other folders beside train and test are noted": (
        ["train/A", "test/A", "val/A", "extra", ".hidden", "__MACOSX/train"], True,
        {"train/A": ("A", "train"), "test/A": ("A", "test")}, "A", (IGNORED + "extra, val",),
    ),
    "the words that people use for train and test": (
        ["Training/A", "Training/B", "test_set/A", "test_set/B"], True,
        {f"{folder}/{label}": (label, side) for folder, side in UNDERSTOOD.items() for label in "AB"}, "AB",
        ("the train images are those of Training", "the test images are those of test_set"),
    ),
    "train alone is a split without an official one": (
        ["train/A", "train/B", "val/A"], False, {"train/A": ("A", "train"), "train/B": ("B", "train")}, "AB",
        (IGNORED + "val", "there is a train folder only, so there is no official split"),
    ),
    "a class may be called train": (
        ["train", "bus"], False, {"bus": ("bus", ""), "train": ("train", "")}, ("bus", "train"), (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_folders_are_sides_or_classes(class_folders, layout):
    folders, official, places, classes, notes = LAYOUTS[layout]
    listing = list_folder(class_folders(dict.fromkeys(folders, 1)))
    assert (listing.official, listing.classes, listing.notes) == (official, tuple(classes), notes)
    assert {f.image.removesuffix("/000.jpg"): (f.label, f.side) for f in listing.candidates} == places


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


def test_a_side_that_leaves_the_root_is_refused_and_a_class_stays_one_without_images(class_folders, tmp_path):
    root = class_folders({"A": 1})
    (tmp_path / "elsewhere/A").mkdir(parents=True)
    (root / "B").symlink_to(tmp_path / "elsewhere")
    listing = list_folder(root)
    assert listing.classes == ("A", "B")
    assert listing.refused == (("B", "a link that leaves the root folder"),)
    (root / "test").mkdir()
    (root / "train").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="train is a link that leaves it"):
        list_folder(root)


def test_photographs_are_read_beside_the_folders(class_folders):
    root = class_folders({"A": 2, "B": 1})
    (root / "photographs.csv").write_text("photograph,image,angle\np1,A/000.jpg,3\np2,B/000.jpg,4\n")
    listing = list_folder(root)
    assert [file.photograph for file in listing.candidates] == ["p1", "", "p2"]
    assert "photographs.csv names the photograph of 2 of 3 images; scenes are not taken from it" in listing.notes


def test_blanks_and_other_spellings_of_a_path_mean_the_same(class_folders):
    root = class_folders({"A": 3})
    rows = " ./A/000.jpg, p1 \nA\\001.jpg,p1\nA/002.jpg,p2\nA/9.jpg,p3\n"
    (root / "photographs.csv").write_text(f"image,photograph\n{rows}")
    listing = list_folder(root)
    assert [file.photograph for file in listing.candidates] == ["p1", "p1", "p2"]
    assert listing.notes == ("1 image of photographs.csv not found, such as A/9.jpg",)


def test_a_table_of_another_case_is_not_passed_over(class_folders):
    root = class_folders({"A": 1})
    (root / "Photographs.CSV").write_text("image,photograph\nA/000.jpg,p1\n")
    with pytest.raises(UserError, match=r"holds Photographs\.CSV; expected photographs\.csv alone"):
        list_folder(root)


def test_files_in_no_class_and_classes_that_differ_in_case_are_said(class_folders):
    root = class_folders({"neutrophil": 1, "Neutrophil": 1})
    (root / "loose.png").write_bytes(b"")
    assert list_folder(root).notes == (
        "a file beside the class folders, in no class, such as loose.png",
        "classes that differ in case alone: Neutrophil, neutrophil",
    )


def test_an_image_that_is_named_twice_with_one_photograph_is_no_contradiction(class_folders):
    root = class_folders({"A": 1})
    (root / "photographs.csv").write_text("image,photograph\nA/000.jpg,p1\nA/000.jpg,p1\n")
    assert [file.photograph for file in list_folder(root).candidates] == ["p1"]


OTHER_PATHS = r"photographs\.csv names none of the images; .* such as 'A/000\.jpg'; received '000\.jpg'"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"image,photograph\n000.jpg,p1\n", OTHER_PATHS),
        (
            b"image,photograph\nA/000.jpg,p1\nB/000.jpg,p2\nA/000.jpg,p3\n",
            r"rows 2 and 4 give image 'A/000\.jpg' two ph.*'p1' and 'p3'",
        ),
        (b"image,photograph,photograph\nA/000.jpg,p1,p2\n", r"has the columns \['image', 'photograph', 'photograph'\]"),
        (b"image,photograph\nA/000.jpg,slide A, field 3\n", r"row 2 has more cells than the header"),
        (b"image,photograph\n", r"names none of the images.*received 'no row'"),
        (b"image;photograph\n", r"photographs\.csv has the columns"),
        (b"", r"photographs\.csv has the columns"),
        (b"image,photograph\n\xff,\xfe\n", r"photographs\.csv cannot be read as a UTF-8 CSV table"),
    ],
)
def test_damaged_photographs_table_and_one_of_other_paths_are_refused(class_folders, content, message):
    root = class_folders({"A": 2, "B": 1})
    (root / "photographs.csv").write_bytes(content)
    with pytest.raises(UserError, match=message):
        list_folder(root)


def test_a_pipe_in_the_place_of_the_table_is_refused_and_not_waited_for(class_folders):
    root = class_folders({"A": 2, "B": 1})
    os.mkfifo(root / "photographs.csv")
    with pytest.raises(UserError, match=r"photographs\.csv: expected a table; it is a folder, a pipe"):
        list_folder(root)


@pytest.mark.parametrize(
    ("root", "message"),
    [(None, r"data\.root=FOLDER"), ("/nowhere", r"data\.root=/nowhere does not exist"), (__file__, "is a file")],
)
def test_bad_roots(root, message):
    with pytest.raises(UserError, match=message):
        list_folder(root)


def test_a_class_that_holds_folders_of_the_other_classes_is_refused(class_folders):
    root = class_folders({"A": 2, "B": 2, "augmented/A": 2, "augmented/B": 2})
    with pytest.raises(UserError, match=r"augmented would be the class 'augmented', and holds folders .*\(A, B\)"):
        list_folder(root)
