"""Images that show nothing, and images that show what another one shows."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from bloodstudy.data.screening import uninformative as module
from bloodstudy.data.screening.uninformative import describe_uninformative, find_uninformative

RNG = np.random.default_rng(0)


def cell(seed: int, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    """Return a smooth picture, another one for each seed."""
    blocks = np.random.default_rng(seed).integers(90, 200, (6, 8, 1), dtype=np.uint8) + np.zeros(3, np.uint8)
    return np.asarray(Image.fromarray(blocks).resize(size[::-1], Image.Resampling.BICUBIC))


def kinds(images: list[np.ndarray]) -> list[tuple[int, str, str]]:
    found = find_uninformative(np.stack(images), [f"{k}.png" for k in range(len(images))])
    return list(found[["row", "kind", "like"]].itertuples(index=False, name=None))


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def test_ordinary_images_are_none_of_it():
    assert kinds([cell(seed) for seed in range(20)]) == []
    assert kinds([cell(0)]) == []
    assert len(find_uninformative(np.zeros((0, 4, 4, 3), np.uint8), [])) == 0


def test_the_images_of_a_file_are_looked_at_once_until_it_changes(tmp_path, monkeypatch):
    looks, find = [], module._find
    monkeypatch.setattr(module, "_find", lambda images, names: looks.append(names) or find(images, names))
    for value in (7, 9):
        np.save(tmp_path / "images.npy", np.full((2, 8, 8, 1), value, np.uint8))
        os.utime(tmp_path / "images.npy", (value, value))
        for _ in range(3):
            found = find_uninformative(np.load(tmp_path / "images.npy", mmap_mode="r"), ["a", "b"])
            assert found["kind"].tolist() == ["one colour"] * 2
    assert len(looks) == 2


def test_one_colour_and_almost_one_colour():
    plain = np.full((48, 64, 3), (200, 100, 50), np.uint8)
    noisy = (plain + RNG.normal(0, 2, plain.shape)).clip(0, 255).astype(np.uint8)
    faint = plain.copy()
    faint[10:20, 10:20] += 3
    seen = plain.copy()
    seen[10:20, 10:20] += 20
    assert kinds([plain, cell(1), noisy, faint, seen]) == [
        (0, "one colour", ""), (2, "almost one colour", ""), (3, "almost one colour", "")
    ]  # fmt: skip


@pytest.mark.parametrize("channels", [1, 3])
def test_copies_are_almost_equal_whatever_their_compression_or_size(channels):
    whole = cell(0, (96, 128))
    smaller = np.asarray(Image.fromarray(whole).resize((64, 48), Image.Resampling.BILINEAR))
    half = np.asarray(Image.fromarray(cell(0, (96, 128))).resize((64, 48), Image.Resampling.LANCZOS))
    images = [smaller, cell(1), compressed(half, 60), cell(2), smaller]
    found = kinds([image[..., :channels] for image in images])
    assert [(row, kind) for row, kind, _ in found] == [(row, "what another one shows") for row in (0, 2, 4)]
    assert all(like != f"{row}.png" and like in ("0.png", "2.png", "4.png") for row, _, like in found)


def test_another_cell_on_the_same_ground_is_another_image():
    ground = np.full((48, 64, 3), 220, np.uint8)
    images = []
    for left in (10, 30):
        image = ground.copy()
        image[15:30, left : left + 15] = (120, 60, 140)
        images.append(image)
    assert kinds(images) == []


def test_each_kind_is_said_with_its_number_and_its_first():
    plain = np.full((8, 8, 1), 7, np.uint8)
    found = find_uninformative(np.stack([plain, cell(0, (8, 8))[..., :1], plain]), ["a", "b", "c"])
    assert describe_uninformative(found) == ("2 images show one colour; the first is a",)
    assert describe_uninformative(found.iloc[:0]) == ()
