"""F17: class folders without enough images: refused with the counts of each class and split, and nothing is dropped."""

import pytest

# What the folders hold; further words; what the refusal has to say.
THIN = {
    "an empty class": (
        {"train/A": 3, "train/B": 0, "test/A": 2, "test/B": 2}, [],
        "too few offered images of class 'B': A: train 3, test 2; B: train 0, test 2",
    ),
    "a class that one side lacks": (
        {"train/A": 3, "train/B": 3, "test/A": 2, "test/B": 0}, [],
        "too few offered images of class 'B': A: train 3, test 2; B: train 3, test 0",
    ),
    "a class that only one side names": (
        {"train/A": 3, "train/B": 3, "test/A": 2}, [],
        "too few offered images of class 'B': A: train 3, test 2; B: train 3, test 0",
    ),
    "no image": ({"A": 0, "B": 0}, [], "no offered image: A: 0; B: 0"),
    "no class": ({"": 3}, [], "no class folder"),
    "one class": ({"train/A": 9, "test/A": 3}, [], "a single class, and a classifier needs two or more; "
                  "offered images: A: train 9, test 3"),
    "one class beside an empty one": ({"A": 9, "B": 0}, [], "too few offered images of class 'B': A: 9; B: 0"),
    "one image for two splits": ({"A": 9, "B": 1}, [], "too few offered images of class 'B': A: 9; B: 1"),
    "two photographs for three folds": (
        {"A": 9, "B": 2}, ["data.split=grouped_kfold", "data.folds=3"], "scenes: A: 9; B: 2. Expected at least 3",
    ),
    "no training image beside a validation": (
        {"A": 9, "B": 2}, ["data.validation_share=0.5"], "class 'B' would have no training image left; training "
        "images: A: 7; B: 1",
    ),
    "two classes with one kind of nucleus": (
        {"EOSINOPHIL": 4, "NEUTROPHIL": 4}, ["data.task=nuclearity"], "makes a single class, POLYNUCLEAR",
    ),
}  # fmt: skip


def refuse(study, root, *words):
    said = study.refuse("data=folder", f"data.root={root}", "image_size=[16,24]", *words)
    assert "accuracy" not in said, "a single class would be told apart at 1.0"
    return said


@pytest.mark.parametrize("case", THIN)
def test_too_few_of_a_class(screening, class_folders, case):
    counts, words, told = THIN[case]
    root = class_folders(counts)
    if "folds" in case:  # each image is a photograph of its own
        names = [path.relative_to(root).as_posix() for path in root.rglob("*.jpg")]
        (root / "photographs.csv").write_text("image,photograph\n" + "".join(f"{name},{name}\n" for name in names))
    assert told in refuse(screening, root, *words)


@pytest.mark.parametrize("left", [0, 1])
def test_a_class_that_is_lost_to_the_quarantine(screening, class_folders, left):
    root = class_folders({"train/A": 5, "train/B": 5, "test/A": 3, "test/B": 3})
    for path in sorted((root / "train/B").iterdir())[left:]:
        path.write_bytes(b"")
    said = refuse(screening, root)
    assert f"too few usable images of class 'B': A: train 5, test 3; B: train {left}, test 3" in said
    assert f"{5 - left} files were refused, see {screening.cache}" in said
    assert set(screening.quarantine.values()) == {"zero bytes"}


def test_all_that_is_lost(screening, class_folders):
    root = class_folders({"A": 4, "B": 4})
    for path in root.rglob("*.jpg"):
        path.write_bytes(b"")
    said = refuse(screening, root)
    assert "no usable image: A: 0; B: 0" in said
    assert len(screening.quarantine) == 8
