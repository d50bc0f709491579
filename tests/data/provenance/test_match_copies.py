"""Copies that we make ourselves, so that the truth is known: rotation to 20 degrees, shift, flips, JPEG."""

import io

import numpy as np
import pytest
from PIL import Image

from bloodstudy.data.provenance.features import describe, read_grey
from bloodstudy.data.provenance.match_copies import Album
from bloodstudy.data.provenance.registration import name_scenes
from bloodstudy.data.provenance.threads import in_threads, one_thread_each
from bloodstudy.data.screening import decode
from bloodstudy.data.synthetic.draw import CLASSES, augment_copy, draw_photograph


def encoded(pixels, quality):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def read(content):
    return describe(read_grey(content, 10**7))


def place_copies(photographs, copies, seed, known=None):
    """Return the true photograph and the placement of each copy; the album holds the first `known` photographs."""
    rng = np.random.default_rng(seed)
    album_size = len(photographs) if known is None else known
    truth, made = [], []
    for position, photograph in enumerate(photographs):
        for _ in range(copies):
            copy, _ = augment_copy(photograph, rng)
            made.append(encoded(copy, int(rng.integers(60, 95))))
            truth.append(position)
    with decode.pillow_limits(10**7), one_thread_each():
        pictures = list(in_threads(read, [encoded(p, 95) for p in photographs[:album_size]]))
        album = Album(pictures, [str(position) for position in range(album_size)])
        return np.array(truth), list(in_threads(lambda content: album.place(read(content)), made))


def share_right(truth, placements):
    found = np.array([-1 if placement.photograph is None else placement.photograph for placement in placements])
    assert ((found == truth) | (found == -1)).all(), "a copy was placed wrongly above the threshold"
    return (found == truth).mean()


@pytest.fixture(scope="module")
def drawn():
    return [draw_photograph(CLASSES[k % 4], np.random.default_rng(k)) for k in range(12)]


def test_drawn_copies_find_their_photograph(drawn):
    assert share_right(*place_copies(drawn, copies=4, seed=1)) == 1


def test_the_same_images_are_placed_with_the_same_numbers(drawn):
    first, again = (place_copies(drawn[:6], copies=3, seed=6)[1] for _ in range(2))
    assert first == again


def test_copies_of_other_photographs_are_not_placed(drawn):
    truth, placements = place_copies(drawn, copies=2, seed=2, known=6)
    assert all(placement.photograph is None for placement, true in zip(placements, truth, strict=True) if true >= 6)
    assert max(placement.score for placement, true in zip(placements, truth, strict=True) if true >= 6) < 0.8


def test_a_copy_of_one_of_two_frames_of_a_scene_is_placed_and_of_twin_scenes_is_not(drawn):
    field = Image.fromarray(drawn[0])
    frames = [np.asarray(field.crop((x, 0, x + 560, 420)).resize((640, 480))) for x in (0, 20)]
    copy, _ = augment_copy(frames[0], np.random.default_rng(3))
    pictures = [read(encoded(frame, 95)) for frame in frames]
    made = read(encoded(copy, 90))
    one_scene = Album(pictures, ["a", "a"]).place(made)
    assert one_scene.photograph == 0
    assert one_scene.score > 0.93
    two_scenes = Album(pictures, ["a", "b"]).place(made)
    assert two_scenes.photograph is None
    assert two_scenes.margin < 0.08


def test_a_copy_without_features_is_not_placed(drawn):
    album = Album([read(encoded(drawn[0], 95))], ["a"])
    placement = album.place(describe(np.full((240, 320), 90, np.uint8)))
    assert placement.photograph is None
    assert placement.score == 0


@pytest.mark.slow
def test_a_thousand_drawn_copies():
    photographs = [draw_photograph(CLASSES[k % 4], np.random.default_rng(100 + k)) for k in range(100)]
    assert share_right(*place_copies(photographs, copies=10, seed=4)) >= 0.995


@pytest.mark.slow
def test_a_thousand_copies_of_real_photographs(blood_cells):
    # One photograph a scene: 37 and 38, for one, are so alike that a copy of either may be placed on the other.
    folder = blood_cells / "dataset-master/dataset-master/JPEGImages"
    photographs = [np.asarray(Image.open(file)) for file in sorted(folder.glob("*.jpg"))]
    with decode.pillow_limits(10**7), one_thread_each():
        pictures = list(in_threads(read, [encoded(photograph, 95) for photograph in photographs]))
        scenes = name_scenes(range(len(photographs)), pictures)
    alone = [photograph for scene, photograph in zip(scenes, photographs, strict=True) if scenes.count(scene) == 1]
    assert len(alone) > 290
    assert share_right(*place_copies(alone, copies=4, seed=5)) >= 0.995
