"""The table of the package: used for the very files it was made from, and for no others."""

import shutil

import numpy as np
import pandas as pd
import pytest

from bloodstudy.config.schema import DataChoice
from bloodstudy.data import load
from bloodstudy.data.provenance import shipped
from bloodstudy.data.provenance.align import align
from bloodstudy.data.provenance.features import describe, read_grey
from bloodstudy.data.provenance.scenes import find_overlaps
from bloodstudy.data.sources.bccd import read_labels
from bloodstudy.files import read_json

SMALL = {"colour": "gray", "image_size": (24, 32)}


@pytest.fixture(scope="module")
def kaggle(blood_cells, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return load(DataChoice(name="kaggle", root=str(blood_cells)), **SMALL, cache_dir=cache)


def test_the_kaggle_release_needs_no_registration(kaggle):
    assert kaggle.provenance.how == "shipped"
    assert len(kaggle.manifest) == 12444
    assert kaggle.provenance.unplaced <= 0.02 * 12444
    assert kaggle.fingerprint == read_json(shipped.TABLES / "about.json")["fingerprint"]


def test_the_test_images_come_from_these_many_photographs(kaggle):
    test = kaggle.manifest[kaggle.manifest["split"] == "test"]
    counts = test[test["photograph"] != ""].groupby("label")["photograph"].nunique()
    assert dict(zip(kaggle.classes, counts, strict=True)) == {
        "EOSINOPHIL": 13, "LYMPHOCYTE": 6, "MONOCYTE": 4, "NEUTROPHIL": 48
    }  # fmt: skip


def test_images_land_on_photographs_of_their_own_class(kaggle, blood_cells):
    labels = read_labels(blood_cells / "dataset-master/dataset-master/labels.csv")
    placed = kaggle.manifest[kaggle.manifest["photograph"] != ""]
    own = [
        kaggle.classes[label] in labels[name] for label, name in zip(placed["label"], placed["photograph"], strict=True)
    ]
    assert sum(own) / len(own) >= 0.99


def test_every_image_is_placed_clearly():
    table = pd.read_csv(shipped.TABLES / "kaggle.csv.gz")
    assert len(table) == 12444
    assert table["score"].min() > 0.88
    assert table["margin"].min() > 0.5


def test_the_copies_are_sheared(blood_cells):
    table = pd.read_csv(shipped.TABLES / "kaggle.csv.gz")
    images = blood_cells / "dataset2-master/dataset2-master/images"
    originals = blood_cells / "dataset-master/dataset-master/JPEGImages"
    ratios = []
    for image, photograph in table.loc[table["image"].str.startswith("TEST/"), ["image", "photograph"]].values[::50]:
        copy = describe(read_grey((images / image).read_bytes(), 10**6))
        original = describe(read_grey((originals / f"{photograph}.jpg").read_bytes(), 10**6))
        views = (align(copy, view) for view in (original, original.mirrored()))
        match = max((match for match in views if match), key=lambda match: match.score)
        largest, smallest = match.stretch
        ratios.append(largest / smallest)
    assert np.median(ratios) > 1.1
    assert max(ratios) < 1.25


def test_a_scene_holds_whole_photographs(kaggle):
    placed = kaggle.manifest[kaggle.manifest["photograph"] != ""]
    assert (placed.groupby("photograph")["scene"].nunique() == 1).all()
    assert 290 < placed["scene"].nunique() < placed["photograph"].nunique()


def test_a_photograph_of_two_labels_joins_two_scenes_of_kaggle_that_bccd_keeps_apart(blood_cells):
    scenes = {
        name: pd.read_csv(shipped.TABLES / f"{name}.csv.gz")
        .drop_duplicates("photograph")
        .set_index("photograph")["scene"]
        for name in ("kaggle", "bccd")
    }
    assert set(scenes["kaggle"].index) == set(scenes["bccd"].index)
    assert (scenes["kaggle"].nunique(), scenes["bccd"].nunique()) == (311, 312)
    first, second, bridge = (f"BloodImage_00{number}" for number in (165, 166, 193))
    assert scenes["kaggle"][first] == scenes["kaggle"][second]
    assert scenes["bccd"][first] != scenes["bccd"][second]
    assert bridge not in scenes["bccd"].index
    folder = blood_cells / "dataset-master" / "dataset-master" / "JPEGImages"
    pictures = [
        describe(read_grey((folder / f"{name}.jpg").read_bytes(), 50_000_000)) for name in (first, second, bridge)
    ]
    assert [(overlap.first, overlap.second) for overlap in find_overlaps(pictures)] == [(0, 2), (1, 2)]


def test_the_table_is_small():
    assert sum(file.stat().st_size for file in shipped.TABLES.iterdir()) < 400_000


def test_the_table_of_the_release_is_not_used_for_part_of_it(blood_cells, tmp_path):
    images = blood_cells / "dataset2-master/dataset2-master/images"
    for side in ("TRAIN", "TEST"):
        for folder in (images / side).iterdir():
            (tmp_path / "images" / side / folder.name).mkdir(parents=True)
            for file in sorted(folder.iterdir())[:3]:
                shutil.copy(file, tmp_path / "images" / side / folder.name)
    part = load(DataChoice(name="kaggle", root=str(tmp_path / "images")), **SMALL, cache_dir=tmp_path / "cache")
    assert part.provenance.how == "unknown"


def test_the_table_of_photographs_is_not_used_for_a_changed_one(blood_cells, tmp_path):
    source, folder = blood_cells / "dataset-master/dataset-master", tmp_path / "dataset-master/dataset-master"
    (folder / "JPEGImages").mkdir(parents=True)
    shutil.copy(source / "labels.csv", folder)
    for file in sorted((source / "JPEGImages").iterdir())[:60]:
        shutil.copy(file, folder / "JPEGImages")
    choice = DataChoice(name="bccd", root=str(tmp_path))
    before = load(choice, **SMALL, cache_dir=tmp_path / "cache")
    assert before.provenance.how == "shipped"
    changed, other = (folder / image for image in before.manifest["image"][:2])
    changed.chmod(0o644)
    shutil.copyfile(other, changed)
    assert load(choice, **SMALL, cache_dir=tmp_path / "cache").provenance.how == "unknown"
