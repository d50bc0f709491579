"""How it is known which photograph an image shows."""

import numpy as np
import pytest

from bloodstudy.config.schema import DataChoice
from bloodstudy.data import load
from bloodstudy.data.provenance import registration

SMALL = {"colour": "gray", "image_size": (24, 32)}


def fetch(folder, register="never"):
    choice = DataChoice(name="folder", root=str(folder))
    return load(choice, **SMALL, cache_dir=folder.parent / "cache", register=register)


def test_without_being_asked_nothing_is_registered(small, monkeypatch):
    monkeypatch.setattr(registration, "register", lambda *_: pytest.fail("registered"))
    data = fetch(small)
    assert (data.provenance.how, data.provenance.digest) == ("unknown", "")
    assert data.provenance.unplaced == len(data.manifest)
    assert (data.manifest["scene"] == "").all()


def test_images_without_originals_are_grouped_when_asked(small):
    data = fetch(small, "missing")
    assert data.provenance.how == "registered"
    assert data.manifest["scene"].nunique() == len(data.manifest)  # blocks of colour have no feature to share


@pytest.mark.parametrize("how", ["registered", "known"])
def test_files_of_the_same_bytes_show_one_scene_whatever_is_known(small, how):
    names = [path.relative_to(small).as_posix() for path in sorted(small.rglob("*.jpg"))]
    (small / names[-1]).write_bytes((small / names[0]).read_bytes())
    if how == "known":
        (small / "photographs.csv").write_text("image,photograph\n" + "".join(f"{name},{name}\n" for name in names))
    data = fetch(small, "missing")
    assert data.provenance.how == how
    scenes = data.manifest["scene"].tolist()
    assert scenes[0] == scenes[-1]
    assert len(set(scenes)) == len(scenes) - 1


def test_a_changed_folder_is_registered_anew(small):
    before = fetch(small, "missing")
    next(small.glob("train/A/*")).unlink()
    assert fetch(small).provenance.how == "unknown"
    after = fetch(small, "missing")
    assert len(after.manifest) == len(before.manifest) - 1
    assert after.provenance.digest != before.provenance.digest


def test_a_kept_table_of_other_images_is_not_used(small, tmp_path):
    fetch(small, "missing")
    kept = next((tmp_path / "cache").glob("*/photographs-*.csv"))
    lines = kept.read_text().splitlines()
    kept.write_text("\n".join([lines[0], *lines[:0:-1]]))
    assert fetch(small).provenance.how == "unknown"


def test_anew_asks_neither_the_package_nor_the_cache(small, monkeypatch):
    calls, register = [], registration.register
    monkeypatch.setattr(registration, "register", lambda *given: calls.append(1) or register(*given))
    for how in ("missing", "missing", "anew", "anew"):
        fetch(small, how)
    assert len(calls) == 3


def test_the_original_photographs_have_scenes_of_their_own(blood_cells, tmp_path):
    data = load(DataChoice(name="bccd", root=str(blood_cells)), **SMALL, cache_dir=tmp_path)
    assert data.provenance.how == "shipped"
    sizes = data.manifest["scene"].value_counts()
    assert data.manifest["photograph"].nunique() == 348
    assert 300 < len(sizes) < 340
    scene = data.manifest.set_index("photograph")["scene"]
    assert scene["BloodImage_00037"] == scene["BloodImage_00038"]
    assert np.isfinite(data.provenance.table["score"]).all()
