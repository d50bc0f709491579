"""The embedded data set is drawn once, whole or not at all."""

from dataclasses import replace

import pytest

from bloodstudy.config.schema import DataChoice
from bloodstudy.data.sources import smear
from bloodstudy.data.sources.smear import list_smear
from bloodstudy.data.synthetic import draw as synthetic
from bloodstudy.errors import UserError

CHOICE = DataChoice(name="smear", photographs=2, copies=2)


@pytest.fixture
def drawings(monkeypatch) -> list[DataChoice]:
    """Record each drawing and make it quick."""
    seen = []

    def draw(folder, choice, progress):
        seen.append(choice)
        rows = ["image,photograph"]
        for side in ("train", "test"):
            for kind in ("A", "B"):
                (folder / side / kind).mkdir(parents=True)
                for k in range(choice.copies):
                    (folder / side / kind / f"{k}.jpeg").write_bytes(b"x")
                    rows.append(f"{side}/{kind}/{k}.jpeg,{side}{kind}")
        (folder / "photographs.csv").write_text("\n".join(rows) + "\n")

    monkeypatch.setattr(synthetic, "draw", draw)
    return seen


def test_drawn_once_and_read_as_a_folder(tmp_path, drawings):
    listing = list_smear(CHOICE, tmp_path)
    assert list_smear(CHOICE, tmp_path) == listing
    assert drawings == [CHOICE]
    assert listing.name == "smear"
    assert listing.official
    assert {file.photograph for file in listing.candidates} == {"trainA", "trainB", "testA", "testB"}


def test_other_choices_are_other_folders(tmp_path, drawings, monkeypatch):
    choices = [CHOICE, *(replace(CHOICE, **change) for change in ({"photographs": 3}, {"copies": 3}, {"draw_seed": 1}))]
    roots = {list_smear(choice, tmp_path).root for choice in choices}
    monkeypatch.setattr(smear, "DRAWING", smear.DRAWING + 1)
    roots.add(list_smear(CHOICE, tmp_path).root)
    assert len(roots) == 5 == len(drawings)


def test_drawing_that_was_cut_short_leaves_nothing_and_is_done_again(tmp_path, drawings, monkeypatch):
    def fail(folder, *_):
        (folder / "train/A").mkdir(parents=True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(synthetic, "draw", fail)
        with pytest.raises(KeyboardInterrupt):
            list_smear(CHOICE, tmp_path)
    assert len(list_smear(CHOICE, tmp_path).candidates) == 8


def test_drawing_that_lost_a_file_is_drawn_again(tmp_path, drawings):
    root = list_smear(CHOICE, tmp_path).root
    (root / "train/A/0.jpeg").unlink()
    assert len(list_smear(CHOICE, tmp_path).candidates) == 8
    assert len(drawings) == 2


def test_a_drawing_that_was_changed_is_made_anew_and_that_is_told(tmp_path, drawings):
    listing = list_smear(CHOICE, tmp_path)
    (listing.root / "train/A/0.jpeg").write_bytes(b"y")
    again = list_smear(CHOICE, tmp_path)
    assert f"{listing.root} was damaged" in again.mended
    assert (listing.root / "train/A/0.jpeg").read_bytes() == b"x"
    assert list_smear(CHOICE, tmp_path).mended == ""
    assert len(drawings) == 2


def test_more_images_than_predictions_are_kept_of_are_refused_at_once(tmp_path, drawings):
    with pytest.raises(UserError, match=r"ask for 1,200,000,000 images; expected at most 1,000,000"):
        list_smear(replace(CHOICE, photographs=10_000, copies=10_000), tmp_path)
    assert not drawings
