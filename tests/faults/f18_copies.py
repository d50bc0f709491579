"""F18: one image twice, resized, re-encoded, cropped or under two labels: a grouped split keeps it on one side.

An official split stays what it is: a study refuses it unless somebody declared it, and what leaks is counted.
"""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness import finish, give_store, shared_folder
from PIL import Image

from bloodstudy.data.synthetic.draw import draw_photograph

KINDS = {"A": "EOSINOPHIL", "B": "LYMPHOCYTE"}
LEAKING = ["test/A/copy.png", "test/A/flat.png", "test/A/half.png", "test/B/crop.png", "test/B/again.jpg"]
QUESTION = "sentence: Does dropout matter?\nfactor: dropout\nlevels: [0.1]\nseeds: 1\n"
QUESTION += "common: {epochs: 1, image_size: [24, 32], depth: 1}\n"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Twenty-one pictures, and six files that show again what one of them shows."""

    def draw(root: Path) -> None:
        rng = np.random.default_rng(0)
        for label, kind in KINDS.items():
            for side, count in (("train", 6), ("test", 4)):
                (root / side / label).mkdir(parents=True)
                for k in range(count):
                    Image.fromarray(draw_photograph(kind, rng)).save(root / side / label / f"{k}.png")
        shutil.copy(root / "train/A/0.png", root / "test/A/copy.png")
        Image.open(root / "train/A/1.png").resize((320, 240)).save(root / "test/A/half.png")
        Image.open(root / "train/B/0.png").save(root / "test/B/again.jpg", quality=60)
        Image.open(root / "train/B/1.png").crop((80, 60, 600, 440)).save(root / "test/B/crop.png")
        shutil.copy(root / "train/A/2.png", root / "train/B/other label.png")
        for side in ("train", "test"):  # nothing in it that features could be taken from
            Image.new("RGB", (640, 480), (200, 190, 210)).save(root / side / "A/flat.png")

    return shared_folder(tmp_path_factory, "copies", draw)


@pytest.fixture
def images(drawn, tmp_path):
    return shutil.copytree(drawn, tmp_path / "images")


def audit(study, root, split):
    words = ["data=folder", f"data.root={root}", f"cache_dir={study.cache}", f"data.split={split}"]
    finish(study.folder, "audit", *words, own_process=True)
    return study.folder / "reports/audit/folder"


def test_a_grouped_split_has_none_across_and_an_official_one_counts_them(screening, images):
    folder = audit(screening, images, "official")
    assert sorted(pd.read_csv(folder / "leaks.csv")["image"]) == sorted(LEAKING)
    assert pd.read_csv(folder / "conflicts.csv")["class"].tolist() == ["A", "B"]
    used = pd.read_csv(folder / "images.csv").set_index("image")
    assert (used.index.str.split("/").str[0] == used["split"]).all(), "it is not regrouped"
    assert used["scene"].nunique() == len(used) - 6

    folder = audit(screening, images, "grouped")
    assert pd.read_csv(folder / "leaks.csv").empty
    used = pd.read_csv(folder / "images.csv")
    assert set(used["split"]) == {"train", "test"}
    for known in ("scene", "sha256"):
        assert (used.groupby(known)["split"].nunique() == 1).all()


def test_several_crops_of_a_slide_that_no_picture_tells(screening, class_folders):
    sides = {"train/A": 6, "train/B": 6, "test/A": 4, "test/B": 4}
    root = class_folders(sides)
    names = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*.jpg"))]
    slides = [f"{name},slide {name[-8]}{k // 2 % 3}\n" for k, name in enumerate(names)]
    (root / "photographs.csv").write_text("image,photograph\n" + "".join(slides))
    folder = audit(screening, root, "grouped")
    assert pd.read_csv(folder / "leaks.csv").empty
    used = pd.read_csv(folder / "images.csv")
    assert (used.groupby("photograph")["split"].nunique() == 1).all()
    assert (used["image"].str.split("/").str[0] != used["split"]).any(), "in the folders they stand on both sides"


def test_a_study_refuses_what_leaks_unless_it_is_declared_and_then_reports_it(screening, images):
    screening.write("question/drop.yaml", QUESTION)
    own = ["-m", "question=drop", "data=folder", f"data.root={images}"]
    said = screening.refuse(*own)
    assert "of the official split's 13 test images 2 repeat the bytes of a training image" in said
    assert "data.split=official_clean" in said
    names = [path.relative_to(images).as_posix() for path in sorted(images.rglob("*.*"))]
    shown = {"test/A/half.png": "train/A/1.png", "test/B/again.jpg": "train/B/0.png"}
    shown |= {"test/B/crop.png": "train/B/1.png"}
    rows = [f"{name},{shown.get(name, name)}\n" for name in names]
    (images / "photographs.csv").write_text("image,photograph\n" + "".join(rows))
    said = screening.refuse(*own)
    assert "of the official split's 13 test images 5 show a scene that is in training" in said

    give_store(screening.folder)
    screening.typed = [*own, "data.split=official"]
    said = screening.finish()
    assert "5 of 13 test images show a scene that training shows too" in said
    assert "1 image stands under two classes, byte for byte" in said
    assert {result["audit"]["test_images_leaking"] for result in screening.results} == {5}
    written = screening.report()
    assert "5 of 13 test images show a scene that is in training" in written
    assert "1 scene stands under two classes" in written
