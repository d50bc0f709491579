"""F19: names with spaces, quotes, a newline, a dash in front, 255 bytes, two forms of unicode, twins but for case.

They train, the fingerprint is the same on two file systems, and no table and no page is broken by a name.
"""

import os
import shutil
import tempfile
import unicodedata
from pathlib import Path

import pytest
from harness import give_store

CLASSES = ["a b|c", "`<script>alert(1)<", "o'b \"é\n-", "-dash"]  # folders cannot hold a slash
FILES = [
    "-rf.jpg",
    "a b.jpg",
    "q'u\"o.jpg",
    "new\nline.jpg",
    "Twin.jpg",
    "twin.jpg",
    "|<script>`.jpg",
    "ü" * 125 + "x.jpg",
]


@pytest.fixture
def write(class_folders):
    """Write the images below a folder, with their names in a normal form of unicode."""
    images = sorted(class_folders({"spare": 44}).rglob("*.jpg"))

    def write(root, form):
        spare = iter(images)
        for side, count in (("train", len(FILES)), ("test", 3)):
            for label in CLASSES:
                folder = root / side / unicodedata.normalize(form, label)
                folder.mkdir(parents=True)
                for name in FILES[:count]:
                    spelt = unicodedata.normalize(form, name)
                    fits = len(spelt.encode()) <= 255
                    shutil.copy(next(spare), folder / (spelt if fits else name))
        return root

    return write


@pytest.fixture
def elsewhere():
    """A folder of another file system than that of the tests, where there is one: in memory."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)


def test_odd_names_train_and_break_nothing(screening, write, elsewhere):
    study = screening
    give_store(study.folder)
    roots = [write(study.folder / "my images (é), 50%", "NFC"), write(elsewhere / "-other", "NFD")]
    stored = {path.name for path in (roots[0] / "train/-dash").iterdir()}
    assert stored == set(FILES), "the file system keeps them apart"
    assert max(len(name.encode()) for name in stored) == 255
    first, second = ({path.relative_to(root) for path in root.rglob("*.jpg")} for root in roots)
    assert len(first) == len(second) == 44
    assert first != second, "the two spell names in two forms"

    study.typed = ["image_size=[16,24]", "depth=1", "epochs=1", "data=folder", f"data.root='{roots[0]}'"]
    first_said = study.finish()
    assert "32 training and 12 test images, 4 classes: " in first_said
    trained = study.result
    study.typed[-1] = f"data.root='{roots[1]}'"
    assert f"finished earlier, nothing to train (trial {trained['key']})" in study.finish()
    assert f"fingerprint {trained['data']['fingerprint']}" in study.said
    assert sorted(trained["data"]["classes"]) == sorted(CLASSES)

    written, lines = study.report(), study.report().splitlines()
    for name in (
        "<code>&#96;&#60;script&#62;alert(1)&#60;</code>",
        "<code>a b&#124;c</code>",
        "`-dash`",
        "`o'b \"é -`",
    ):
        (row,) = [line for line in lines if line.startswith(f"| {name} |")]
        assert row.count("|") == 4, "three columns, whatever the name"
    for page in (written, (study.folder / "reports/scratch/report.html").read_text()):
        assert "<script>alert" not in page
    assert study.runs == ["FINISHED"]
