"""What registration sees of one image."""

import io

import numpy as np
import pytest
from PIL import Image

from bloodstudy.data.provenance.features import describe, find_valid, read_grey
from bloodstudy.data.screening import decode
from bloodstudy.data.synthetic.draw import augment_copy, draw_photograph


@pytest.fixture(scope="module")
def grey():
    drawn = Image.fromarray(draw_photograph("MONOCYTE", np.random.default_rng(0))).convert("L")
    return np.asarray(drawn.reduce(2))


def test_features_have_unit_length_and_lie_inside(grey):
    picture = describe(grey)
    assert 20 < len(picture.points) <= 160
    assert np.allclose(np.linalg.norm(picture.descriptors, axis=1), 1, atol=1e-3)
    assert (picture.points >= 0).all()
    assert (picture.points < [320, 240]).all()


def test_the_mirrored_features_are_those_of_the_mirror_image(grey):
    told, found = describe(grey).mirrored(), describe(np.ascontiguousarray(grey[:, ::-1]))
    assert (told.grey == found.grey).all()
    apart = np.linalg.norm(told.points[:, None] - found.points[None], axis=2)
    near = apart.min(axis=1) < 0.5
    assert near.mean() > 0.3  # SIFT doubles the image first, so some of its points move by half a pixel
    likeness = (told.descriptors * found.descriptors[apart.argmin(axis=1)]).sum(axis=1)[near]
    assert np.median(likeness) > 0.99


def test_no_feature_stands_on_the_edge_of_a_black_border():
    photograph = draw_photograph("NEUTROPHIL", np.random.default_rng(1))
    copy, _ = augment_copy(photograph, np.random.default_rng(5))
    grey = np.asarray(Image.fromarray(copy).convert("L"))
    picture = describe(grey)
    assert 0.6 < picture.valid.mean() < 0.99
    outside = np.argwhere(picture.valid == 0)[:, ::-1]
    reach = np.linalg.norm(picture.points[:, None] - outside[None, ::7], axis=2).min(axis=1)
    assert reach.min() >= 4


def test_dark_specks_inside_are_no_border():
    grey = np.full((40, 60), 200, np.uint8)
    grey[20:23, 30:33] = 0
    grey[:, :10] = 0
    valid = find_valid(grey)
    assert valid[21, 31] == 1
    assert (valid[:, :10] == 0).all()


def test_a_plain_image_has_no_feature():
    assert describe(np.full((1, 1), 0, np.uint8)).points.shape == (0, 2)
    assert describe(np.full((240, 320), 128, np.uint8)).descriptors.shape == (0, 128)


@pytest.mark.parametrize(
    ("size", "expected"), [((640, 480), (240, 320)), ((480, 640), (320, 240)), ((50, 40), (40, 50))]
)
def test_large_images_are_reduced_and_small_ones_left(size, expected):
    stream = io.BytesIO()
    Image.new("RGB", size, "white").save(stream, "PNG")
    with decode.pillow_limits(10**7):
        assert read_grey(stream.getvalue(), 10**7).shape == expected
