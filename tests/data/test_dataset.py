"""The whole stage: what `load` gives, on small folders and on the real images."""

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bloodstudy.config.rules import RULES
from bloodstudy.config.schema import DataChoice
from bloodstudy.data import Dataset, dataset, load
from bloodstudy.data.provenance.provenance import COLUMNS, Provenance
from bloodstudy.data.screening import decode
from bloodstudy.data.screening.scan import TWINS
from bloodstudy.errors import UserError


def fetch(root: Path, colour: str = "rgb", size: tuple[int, int] = (8, 12), name: str = "folder", **choice) -> Dataset:
    cache = choice.pop("cache", None) or root.parent / "cache"
    return load(DataChoice(name=name, root=str(root), **choice), colour=colour, image_size=size, cache_dir=cache)


def test_every_name_that_may_be_typed_has_its_source():
    assert tuple(dataset.SOURCES) == RULES["data.name"].levels


def test_dataset_of_a_folder(small):
    data = fetch(small)
    assert (data.name, data.classes, data.split) == ("folder", ("A", "B"), "official")
    assert data.images.shape == (16, 8, 12, 3)
    assert list(data.manifest.columns) == ["image", "photograph", "scene", "label", "split", "sha256", "measured"]
    assert data.manifest["image"].is_monotonic_increasing
    assert (data.manifest["label"] == [0, 0, 0, 1, 1, 1] + [0] * 5 + [1] * 5).all()
    assert data.counts().to_dict() == {"train": {"A": 5, "B": 5}, "test": {"A": 3, "B": 3}}
    assert list(data.rows("test")) == list(range(6))
    assert list(data.rows("train")) == list(range(6, 16))
    assert list(data.quarantine.columns) == ["image", "reason"]
    assert len(data.quarantine) == 0
    assert data.notes == ()


def test_everything_is_the_same_the_second_time(small, monkeypatch):
    first = fetch(small)
    monkeypatch.setattr(decode, "decode", lambda *_: pytest.fail("an image was decoded again"))
    for choice in ({}, {"split": "random"}, {"split": "random", "split_seed": 3}):
        second = fetch(small, **choice)
        assert second.fingerprint == first.fingerprint
        assert str(second.images.filename) == str(first.images.filename)
    pd.testing.assert_frame_equal(fetch(small).manifest, first.manifest)


def test_random_split_pools_both_sides(small):
    data = fetch(small, split="random", test_share=0.25)
    assert data.split == "random"
    assert data.counts().to_dict() == {"train": {"A": 6, "B": 6}, "test": {"A": 2, "B": 2}}
    assert list(fetch(small, split="random", test_share=0.25).rows("test")) == list(data.rows("test"))
    others = {tuple(fetch(small, split="random", test_share=0.25, split_seed=k).rows("test")) for k in range(5)}
    assert len(others) > 1


def test_quarantine_names_files_and_training_goes_on(small):
    (small / "train/A/zero.jpg").write_bytes(b"")
    (small / "train/A/text.jpg").write_text("not an image")
    (small / "train/B/out.jpg").symlink_to("/dev/null")
    data = fetch(small)
    assert len(data.images) == 16
    assert dict(data.quarantine.itertuples(index=False)) == {
        "train/A/text.jpg": "not an image (expected JPEG, PNG, GIF, TIFF, WebP or BMP)",
        "train/A/zero.jpg": "zero bytes",
        "train/B/out.jpg": "a link that leaves the root folder",
    }


def test_too_many_refusals_stop_and_name_the_list(small):
    for k in range(11):
        (small / f"train/A/broken{k}.jpg").write_bytes(b"")
    for _ in range(2):
        with pytest.raises(UserError, match=r"11 of 27 files cannot be used, 40\.7%") as caught:
            fetch(small)
        table = Path(str(caught.value).split("All of them: ")[1].split(". Mend")[0])
        assert len(pd.read_csv(table)) == 11
    assert len(fetch(small, max_refused=0.5).images) == 16


def test_a_folder_of_links_that_leave_it_is_refused_with_what_to_do(class_folders, tmp_path):
    root = tmp_path / "links"
    for path in sorted(class_folders({"A": 3, "B": 2}).glob("*/*.jpg")):
        (root / path.parent.name).mkdir(parents=True, exist_ok=True)
        (root / path.parent.name / path.name).symlink_to(path)
    with pytest.raises(UserError) as caught:
        fetch(root)
    assert "Not taken: 5 x a link that leaves the root folder. The first: 'A/000.jpg'." in str(caught.value)
    assert "name as data.root a folder that holds links and images" in str(caught.value)


def test_images_that_show_nothing_are_said(small):
    for k in range(3):
        Image.new("RGB", (24, 16), (k, k, k)).save(small / f"train/A/{k:03d}.jpg")
    assert fetch(small).notes == ("3 images show one colour; the first is train/A/000.jpg",)


def test_empty_class_is_refused_before_anything_is_decoded(small, monkeypatch):
    monkeypatch.setattr(decode, "decode", lambda *_: pytest.fail("an image was decoded"))
    (small / "train/C").mkdir()
    with pytest.raises(UserError, match="C: train 0, test 0"):
        fetch(small)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"name": "folder", "root": "/nowhere"}, "data.root=/nowhere does not exist"),
        ({"name": "folder"}, "data.root=FOLDER"),
        ({"name": "foldr"}, r"data.name=foldr is unknown; expected one of .* Did you mean 'folder'"),
        ({"name": "kaggle", "root": "/nowhere"}, "data.root=/nowhere does not exist"),
    ],
)
def test_bad_choices(tmp_path, choice, expected):
    with pytest.raises(UserError, match=expected):
        load(DataChoice(**choice), colour="rgb", image_size=(8, 8), cache_dir=tmp_path)


def test_nuclearity_shares_the_array_and_the_split(class_folders, monkeypatch):
    kinds = ("Eosinophil", "Lymphocyte", "Monocyte", "Neutrophil")
    root = class_folders(dict.fromkeys(kinds, 10))
    subtype = fetch(root)
    monkeypatch.setattr(decode, "decode", lambda *_: pytest.fail("an image was decoded again"))
    nuclearity = fetch(root, task="nuclearity")
    assert nuclearity.classes == ("MONONUCLEAR", "POLYNUCLEAR")
    assert list(nuclearity.manifest["label"]) == [1] * 10 + [0] * 20 + [1] * 10
    assert nuclearity.fingerprint == subtype.fingerprint
    assert (nuclearity.manifest["split"] == subtype.manifest["split"]).all()


def test_same_name_in_two_normal_forms_is_refused_and_named(small):
    for form in ("NFC", "NFD"):
        name = unicodedata.normalize(form, "é.jpg")
        (small / "train/A" / name).write_bytes((small / "test/A/000.jpg").read_bytes())
    data = fetch(small)
    assert len(data.manifest) == 16
    assert list(data.quarantine["reason"]) == [TWINS, TWINS]


def test_photographs_reach_the_manifest(small):
    (small / "photographs.csv").write_text("image,photograph\ntrain/A/000.jpg,first\n")
    data = fetch(small)
    assert data.manifest.set_index("image")["photograph"]["train/A/000.jpg"] == "first"
    assert (data.manifest["photograph"] == "").sum() == 15


@pytest.fixture
def scenes(class_folders):
    """Return a function that writes a folder of which each image's scene is known: {"train/A": ["s1", "s1", ...]}."""

    def write(photographs):
        root = class_folders({folder: len(names) for folder, names in photographs.items()})
        with (root / "photographs.csv").open("w") as table:
            table.write("image,photograph\n")
            for folder, names in photographs.items():
                table.writelines(f"{folder}/{k:03d}.jpg,{name}\n" for k, name in enumerate(names))
        return root

    return write


LEAKING = {
    "train/A": ["a1", "a1", "a2", "a2"], "train/B": ["b1", "b2", "b2"],
    "test/A": ["a1", "a3", "a3"], "test/B": ["b3", "b3"],
}  # fmt: skip


@pytest.mark.parametrize("split", ["official", "official_clean", "random"])
def test_all_training_images_are_measured_where_they_may_show_photographs_of_the_test(scenes, split):
    with pytest.raises(UserError, match=rf"data.measured_share=0.5: with data.split={split} training may show"):
        fetch(scenes(LEAKING), split=split, measured_share=0.5)
    data = fetch(scenes(LEAKING), split="grouped", test_share=0.3, measured_share=0.5)
    assert not data.manifest["measured"].all()


@pytest.mark.parametrize("split", ["official", "random"])
def test_a_share_of_the_training_images_is_measured_where_no_photograph_is_known(small, split):
    assert fetch(small, split=split, measured_share=0.4).manifest["measured"].sum() < 16


def test_a_grouped_split_pools_both_sides_and_cuts_no_scene(scenes):
    data = fetch(scenes(LEAKING), split="grouped", test_share=0.3)
    assert data.split == "grouped"
    assert (data.counts() > 0).all(axis=None)
    assert (data.manifest.groupby("scene")["split"].nunique() == 1).all()
    assert data.notes == ()


def test_official_and_official_clean_are_one_division_and_say_what_leaks(scenes):
    root = scenes(LEAKING)
    official, clean = fetch(root), fetch(root, split="official_clean")
    assert (official.split, clean.split) == ("official", "official_clean")
    pd.testing.assert_frame_equal(official.manifest, clean.manifest)
    assert official.notes == clean.notes == ("1 of 5 test images show a scene that training shows too",)


def test_a_class_without_a_clean_test_image_is_refused_for_official_clean_alone(scenes):
    root = scenes(LEAKING | {"test/A": ["a1", "a2"]})
    assert "no test image of class 'A' shows a scene that training lacks" in fetch(root).notes
    message = r"no test image of class 'A' .* test images left: A: 0; B: 2\. Use data.split="
    with pytest.raises(UserError, match=message):
        fetch(root, split="official_clean")


@pytest.mark.parametrize("split", ["official_clean", "grouped", "grouped_kfold"])
def test_splits_that_need_scenes_find_them_where_nothing_tells_them(small, split):
    assert fetch(small, split="random").provenance.how == "unknown"
    data = fetch(small, split=split, folds=2)
    assert data.provenance.how == "registered"
    scenes = data.manifest.groupby("split")["scene"].agg(set)
    assert not scenes["train"] & scenes["test"]


def test_a_validation_split_is_counted(scenes):
    data = fetch(scenes(LEAKING), validation_share=0.4)
    assert list(data.counts().columns) == ["train", "test", "validation"]
    assert len(data.rows("validation")) == data.counts()["validation"].sum() > 0
    assert len(data.rows("train")) + len(data.rows("validation")) == 7
    assert not any("validation" in note for note in data.notes)


def test_a_validation_split_drawn_at_random_says_so(small):
    (note,) = fetch(small, validation_share=0.2).notes
    assert "validation images are drawn at random" in note


def test_images_without_a_scene_are_left_out_of_a_grouped_split(scenes, monkeypatch):
    def trace(listing, decoded, *_, **__):
        photographs = [file.photograph for file in decoded.files]
        blank = ["" if name == "a3" else name for name in photographs]
        return Provenance(pd.DataFrame({"photograph": photographs, "scene": blank, "score": np.nan}), "registered")

    monkeypatch.setattr(dataset, "trace", trace)
    data = fetch(scenes(LEAKING), split="grouped", test_share=0.3)
    assert data.manifest["split"].tolist().count("") == 2
    assert data.counts().sum(axis=None) == 10
    assert data.notes == ("2 images are placed in no scene and left out",)


def test_smear(tmp_path):
    stages = []
    choice, options = DataChoice(photographs=2, copies=2), {"colour": "gray", "image_size": (24, 32)}
    data = load(choice, **options, cache_dir=tmp_path, progress=lambda stage, *_: stages.append(stage))
    assert data.classes == ("EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL")
    assert data.split == "official"
    assert (data.counts()["train"] == 4).all()
    assert list(dict.fromkeys(stages)) == ["drawing", "decoding"]
    assert (data.manifest.groupby("photograph").size() == 2).all()
    assert (data.manifest["scene"] == data.manifest["photograph"]).all()
    assert (data.provenance.how, data.provenance.unplaced, len(data.provenance.digest)) == ("known", 0, 16)
    assert list(data.provenance.table.columns) == COLUMNS


@pytest.mark.slow
def test_real_kaggle_images(blood_cells, tmp_path, monkeypatch):
    data = fetch(blood_cells, "gray", (120, 160), name="kaggle", cache=tmp_path)
    assert data.counts().to_dict() == {
        "train": {"EOSINOPHIL": 2497, "LYMPHOCYTE": 2483, "MONOCYTE": 2478, "NEUTROPHIL": 2499},
        "test": {"EOSINOPHIL": 623, "LYMPHOCYTE": 620, "MONOCYTE": 620, "NEUTROPHIL": 624},
    }
    assert data.images.shape == (12444, 120, 160, 1)
    assert len(data.quarantine) == 0
    monkeypatch.setattr(decode, "decode", lambda *_: pytest.fail("an image was decoded again"))
    again = fetch(blood_cells, "gray", (120, 160), name="kaggle", cache=tmp_path, task="nuclearity")
    assert again.fingerprint == data.fingerprint
    assert list(again.counts()["train"]) == [4961, 4996]
    random = fetch(blood_cells, "gray", (120, 160), name="kaggle", cache=tmp_path, split="random")
    assert random.counts().sum().to_dict() == {"train": 9954, "test": 2490}
    assert any("ignores photographs" in note for note in random.notes)


@pytest.mark.parametrize(("view", "count"), [("field", 348), ("cell", 340)])
def test_real_photographs(blood_cells, tmp_path, view, count):
    data = fetch(blood_cells, name="bccd", size=(60, 80), cache=tmp_path, view=view)
    assert data.split == "random"
    assert len(data.images) == count
    assert data.manifest["photograph"].nunique() == count
    assert len(data.quarantine) == 0
    if view == "field":
        assert data.counts().sum(axis=1).to_list() == [88, 33, 20, 207]
    else:  # white cells are stained purple: their crops have less green than the whole fields
        field = fetch(blood_cells, name="bccd", size=(60, 80), cache=tmp_path, view="field")
        assert data.fingerprint != field.fingerprint
        assert np.mean(data.images[..., 1]) < np.mean(field.images[..., 1]) - 10
