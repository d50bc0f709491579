"""Registration of whole data sets, and what it says where photographs are missing."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bloodstudy.config.schema import DataChoice
from bloodstudy.data import load
from bloodstudy.data.provenance.features import describe, read_grey
from bloodstudy.data.provenance.match_copies import Album
from bloodstudy.data.provenance.provenance import COLUMNS
from bloodstudy.data.provenance.registration import register
from bloodstudy.data.provenance.threads import in_threads, one_thread_each
from bloodstudy.data.screening import decode
from bloodstudy.data.sources.kaggle import list_kaggle
from bloodstudy.data.synthetic.draw import CLASSES, augment_copy, draw_photograph
from bloodstudy.errors import UserError


def save(pixels, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, "JPEG", quality=92)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """An archive laid out as Kaggle's, two drawn photographs a class, three copies of each in TRAIN and two in TEST."""
    root = tmp_path_factory.mktemp("archive")
    images, originals = root / "dataset2-master/dataset2-master/images", root / "dataset-master/dataset-master"
    rng, rows = np.random.default_rng(0), []
    for k in range(8):
        photograph = draw_photograph(CLASSES[k % 4], np.random.default_rng(k))
        save(photograph, originals / f"JPEGImages/BloodImage_{k:05d}.jpg")
        rows.append(f",{k},{CLASSES[k % 4]}\n")
        for copy in range(5):
            side = "TRAIN" if copy < 3 else "TEST"
            save(augment_copy(photograph, rng)[0], images / side / CLASSES[k % 4] / f"_{k}_{copy}.jpeg")
    (originals / "labels.csv").write_text(",Image,Category\n" + "".join(rows))
    return root


def table_of(root, cache):
    listing = list_kaggle(str(root), cache)
    return register(listing, listing.candidates, DataChoice(name="kaggle", root=str(root)))


def test_every_copy_is_placed_on_its_photograph(archive, tmp_path):
    table = table_of(archive, tmp_path)
    assert list(table.columns) == ["image", *COLUMNS]
    expected = [f"BloodImage_{int(image.split('_')[1]):05d}" for image in table["image"]]
    assert list(table["photograph"]) == expected == list(table["scene"])
    assert table["score"].min() > 0.9


def test_the_table_is_kept_and_found_again(archive, tmp_path, monkeypatch):
    choice = DataChoice(name="kaggle", root=str(archive))
    options = {"colour": "gray", "image_size": (24, 32), "cache_dir": tmp_path}
    assert load(choice, **options).provenance.how == "unknown"
    stages = set()
    made = load(choice, **options, register="missing", progress=lambda stage, done, total: stages.add(stage))
    assert made.provenance.how == "registered"
    assert {"comparing", "registering"} <= stages
    monkeypatch.setattr("bloodstudy.data.provenance.registration.register", lambda *_: pytest.fail("registered again"))
    again = load(choice, **options)
    assert again.provenance.how == "registered"
    assert again.manifest.equals(made.manifest)
    assert again.provenance.digest == made.provenance.digest
    kept = next(tmp_path.glob("*/photographs-*.csv"))
    kept.write_text(kept.read_text().replace("BloodImage_0000", "BloodImage_0001", 1))
    assert load(choice, **options).provenance.how == "unknown"
    monkeypatch.undo()
    mended = load(choice, **options, register="missing")
    assert f"{kept} was damaged" in mended.mended[0]
    assert mended.manifest.equals(made.manifest)


def test_without_the_photographs_it_says_where_they_belong(archive, tmp_path):
    images = tmp_path / "images"
    shutil.copytree(archive / "dataset2-master", images)
    with pytest.raises(UserError, match=r"dataset-master/dataset-master.*data\.split=official"):
        table_of(images / "dataset2-master/images", tmp_path)


def reshape(file):
    with Image.open(file) as image:
        save(np.asarray(image.resize((100, 240))), file)


@pytest.mark.parametrize(
    ("files", "damage", "message"),
    [
        ("JPEGImages/*2.jpg", Path.unlink, r"MONOCYTE: 5 of 10 images placed, 2 photographs in labels\.csv"),
        ("JPEGImages/*1.jpg", lambda file: file.write_bytes(b"no image"), "LYMPHOCYTE: 5 of 10 images placed"),
        ("images/*/NEUTROPHIL/*", reshape, "NEUTROPHIL: 0 of 10 images placed.*shaped like the photographs"),
    ],
    ids=["a photograph is missing", "a photograph cannot be read", "images have another shape"],
)
def test_images_that_cannot_be_placed_are_counted_by_class(archive, tmp_path, files, damage, message):
    shutil.copytree(archive, tmp_path / "copy")
    for file in sorted((tmp_path / "copy").glob(f"*/*/{files}")):
        damage(file)
    with pytest.raises(UserError, match=message) as refused:
        table_of(tmp_path / "copy", tmp_path)
    assert "EOSINOPHIL" not in str(refused.value)


def test_the_unaugmented_images_of_kaggle_show_the_photographs_of_its_test_set(blood_cells, tmp_path):
    folder = blood_cells / "dataset-master/dataset-master"
    labels = pd.read_csv(folder / "labels.csv", index_col="Image")["Category"]
    files = sorted((folder / "JPEGImages").glob("*.jpg"))
    simple = sorted((blood_cells / "dataset2-master/dataset2-master/images/TEST_SIMPLE").glob("*/*.jpeg"))
    with decode.pillow_limits(10**7), one_thread_each():
        album = Album(list(in_threads(picture, files)), [file.stem for file in files])
        placed = list(in_threads(lambda file: album.place(picture(file)).photograph, simple))
    assert len(placed) == 71
    assert None not in placed
    for file, position in zip(simple, placed, strict=True):
        assert file.parent.name in labels[int(files[position].stem[-5:])]
    choice = DataChoice(name="kaggle", root=str(blood_cells))
    manifest = load(choice, colour="gray", image_size=(24, 32), cache_dir=tmp_path).manifest
    tested = set(manifest.loc[manifest["split"] == "test", "photograph"])
    # Two of the 71 files are there twice, byte for byte: 69 photographs, and TEST has two more.
    assert len(set(placed)) == len({file.read_bytes() for file in simple}) == 69
    assert {files[position].stem for position in placed} < tested
    assert len(tested) == 71


def picture(file):
    return describe(read_grey(file.read_bytes(), 10**7))
