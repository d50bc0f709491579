"""Where the Kaggle archive is found, and what is said where it is not."""

import importlib.machinery
import shutil
import sys
import types
from collections import Counter
from pathlib import Path

import pytest

from bloodstudy.data.sources.bccd import list_bccd
from bloodstudy.data.sources.kaggle import HANDLE, PAGE, list_kaggle, locate
from bloodstudy.errors import MachineError, UserError

LEVEL = "dataset2-master/dataset2-master/images"


@pytest.fixture
def archive(class_folders):
    return class_folders({f"{LEVEL}/{side}/{kind}": 2 for side in ("TRAIN", "TEST", "TEST_SIMPLE") for kind in "AB"})


@pytest.fixture
def hub(monkeypatch):
    """Put a stand-in for kagglehub in place: set its dataset_download."""
    monkeypatch.delenv("BLOODSTUDY_DATA", raising=False)
    module = types.ModuleType("kagglehub")
    module.__spec__ = importlib.machinery.ModuleSpec("kagglehub", None)
    monkeypatch.setitem(sys.modules, "kagglehub", module)
    return module


@pytest.mark.parametrize("level", ["", "dataset2-master", "dataset2-master/dataset2-master", LEVEL])
def test_any_level_of_the_archive_is_the_same_data_and_an_incomplete_one_is_noted(archive, tmp_path, level):
    listing = list_kaggle(str(archive / level), tmp_path)
    assert listing.official
    assert [file.image for file in listing.candidates][:2] == ["TEST/A/000.jpg", "TEST/A/001.jpg"]
    assert len(listing.candidates) == 8
    assert listing.notes == (
        "left out the 4 images of TEST_SIMPLE: they are never used",
        "TRAIN and TEST hold 4 and 4 files; the archive as published holds 9,957 and 2,487",
    )


def test_root_comes_before_the_variable_and_the_variable_before_the_download(archive, tmp_path, monkeypatch, hub):
    monkeypatch.setenv("BLOODSTUDY_DATA", str(archive))
    assert locate(None, tmp_path) == archive.resolve()
    assert locate(str(tmp_path), tmp_path) == tmp_path.resolve()
    monkeypatch.setenv("BLOODSTUDY_DATA", "/nowhere")
    with pytest.raises(UserError, match="BLOODSTUDY_DATA=/nowhere is not a folder"):
        locate(None, tmp_path)


def test_folder_without_the_images_is_refused(tmp_path):
    with pytest.raises(UserError, match="expected the folders TRAIN and TEST"):
        list_kaggle(str(tmp_path), tmp_path)
    with pytest.raises(UserError, match=r"data\.root=/nowhere does not exist"):
        list_kaggle("/nowhere", tmp_path)


def test_without_data_and_kagglehub_one_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.delenv("BLOODSTUDY_DATA", raising=False)
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    for find in (lambda: list_kaggle(None, tmp_path), lambda: list_bccd(None, tmp_path, "field")):
        with pytest.raises(UserError) as caught:
            find()
        assert len(caught.value.problems) == 1
        for hint in (PAGE, "data.root=FOLDER", "BLOODSTUDY_DATA=FOLDER", 'pip install "bloodstudy[kaggle]"'):
            assert hint in str(caught.value)


def test_download_is_asked_for_once(archive, tmp_path, hub):
    asked = []
    hub.dataset_download = lambda handle: (asked.append(handle), str(archive))[1]
    cache = tmp_path / "cache"
    assert len(list_kaggle(None, cache).candidates) == 8
    assert len(list_kaggle(None, cache).candidates) == 8
    assert asked == [HANDLE]
    shutil.rmtree(archive / LEVEL / "TEST")  # the download was cleared away in part: ask again
    with pytest.raises(UserError, match="TRAIN and TEST"):
        list_kaggle(None, cache)
    assert asked == [HANDLE] * 2


def test_failed_download_is_one_message(tmp_path, hub):
    def fail(handle: str) -> str:
        raise ConnectionError("HTTPSConnectionPool: name not resolved\n  after 3 tries")

    hub.dataset_download = fail
    message = r"download of .* failed \(ConnectionError: HTTPSConnectionPool: name not resolved after 3"
    with pytest.raises(MachineError, match=message) as caught:
        locate(None, tmp_path / "cache")
    assert "\n" not in str(caught.value)


def test_real_archive(blood_cells: Path, tmp_path):
    listing = list_kaggle(str(blood_cells), tmp_path)
    assert listing.classes == ("EOSINOPHIL", "LYMPHOCYTE", "MONOCYTE", "NEUTROPHIL")
    assert Counter(file.side for file in listing.candidates) == {"train": 9957, "test": 2487}
    assert listing.notes == ("left out the 71 images of TEST_SIMPLE: they are never used",)
    assert not any("SIMPLE" in file.image for file in listing.candidates)
