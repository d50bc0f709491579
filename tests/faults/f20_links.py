"""F20: links, loops, dead links, hidden files and nested folders: each file counts once, and nothing outside the root.

The rule stands in `bloodstudy.data.screening.scan`.
"""

import shutil

import pandas as pd
from harness import finish

PLAIN = [f"{side}/{label}/{k:03d}.jpg" for side, n in (("train", 3), ("test", 2)) for label in "AB" for k in range(n)]
INSIDE = [  # what is used beside the plain files, by the name that it has there
    "train/A/again/000.jpg",
    "train/A/again/001.jpg",
    "train/A/one.jpg",
    "train/A/deep/er/000.jpg",
    "train/C/000.jpg",
    "train/C/001.jpg",
    "test/C/000.jpg",
    "test/C/001.jpg",
]
REFUSED = {
    "train/A/linked": "a link to what is counted already",
    "train/A/again.jpg": "a link to what is counted already",
    "train/B/of A": "a link to what is counted already",
    "train/A/outside": "a link that leaves the root folder",
    "train/A/secret.jpg": "a link that leaves the root folder",
    "train/A/dead.jpg": "a link that leads nowhere",
    "train/A/round": "a link that leads nowhere",
    "train/A/up": "a link to a folder that holds it",
    "train/A/self": "a link to a folder that holds it",
    "train/A/other/000.jpg": "counted already, through a link",
}
HIDDEN = (".DS_Store", "._000.jpg", ".hidden.jpg", "Thumbs.db", "desktop.ini", "__MACOSX/000.jpg", ".git/000.jpg")


def plant(root, spare):
    """Put links, hidden files and nested folders into the class folders; `spare` has images to copy."""
    (root / "../outside").mkdir()
    shutil.copy(next(spare), root / "../outside/9.jpg")
    a = root / "train/A"
    (a / "deep/er").mkdir(parents=True)
    shutil.copy(next(spare), a / "deep/er/000.jpg")
    for name in HIDDEN:
        (a / name).parent.mkdir(exist_ok=True)
        shutil.copy(next(spare), a / name)
    links = {
        "linked": root / "store", "again": "../../store", "again.jpg": "../../store/001.jpg",
        "one.jpg": "../../more/000.jpg", "other": root / "more", "outside": "../../../outside",
        "secret.jpg": "../../../outside/9.jpg", "dead.jpg": "nothing.jpg", "round": "round", "up": "..", "self": ".",
    }  # fmt: skip
    for name, target in links.items():
        (a / name).symlink_to(target)
    (root / "train/B/of A").symlink_to("../A")
    for side in ("train", "test"):
        (root / side / "C").symlink_to(root / ("third" if side == "train" else "fourth"))


def test_each_file_counts_once_and_none_outside(screening, class_folders):
    sides = {"train/A": 3, "train/B": 3, "test/A": 2, "test/B": 2}
    root = class_folders(sides | {"fourth": 2, "third": 2, "store": 2, "more": 1, "spare": 9})
    plant(root, iter(sorted(root.glob("spare/*"))))
    words = ["data=folder", f"data.root={root}", f"cache_dir={screening.cache}"]
    finish(screening.folder, "audit", *words, own_process=True)
    folder = screening.folder / "reports/audit/folder"
    used = pd.read_csv(folder / "images.csv")
    assert sorted(used["image"]) == sorted([*PLAIN, *INSIDE])
    assert used["sha256"].is_unique
    assert used["image"].str.split("/").str[1].tolist() == used["class"].tolist()
    assert dict(pd.read_csv(folder / "quarantine.csv").itertuples(index=False)) == REFUSED
    assert "ignored beside train and test: fourth, more, spare, store, third" in (folder / "audit.md").read_text()
